"""What is held about one person, as one file for them (GDPR articles 15 and 20)."""
