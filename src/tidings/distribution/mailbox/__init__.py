"""The built-in mailbox: a real SMTP server whose messages are shown in the web page."""
