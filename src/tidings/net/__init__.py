"""The one way out: every outgoing HTTP request is checked for where it goes and what it carries."""
