"""Contacts and segments over HTTP."""
