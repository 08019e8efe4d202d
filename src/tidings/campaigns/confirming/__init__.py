"""Double opt-in: people whose consent is pending are asked to confirm it, by mails of fixed words."""
