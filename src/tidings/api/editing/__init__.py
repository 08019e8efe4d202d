"""Editing drafts over the API: revisions, comments, suggestions, templates, pictures, tests, origin."""
