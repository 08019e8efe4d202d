"""Accounts at providers: what somebody has set up so that messages can leave, with secrets kept apart."""
