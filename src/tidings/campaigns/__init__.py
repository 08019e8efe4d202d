"""A campaign's life: states, revisions, approvals, overrides, and the durable run from brief to report."""
