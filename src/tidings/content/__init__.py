"""The Content agent's room: from a brief to checked, rendered drafts; brands and their claims."""
