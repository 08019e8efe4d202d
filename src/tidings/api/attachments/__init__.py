"""Attachments and calendar invitations over the API."""
