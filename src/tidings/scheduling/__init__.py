"""The Scheduling agent: who hears a campaign when, and why then."""
