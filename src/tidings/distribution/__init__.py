"""The Distribution agent: ledger, compiled messages, sender, tracking, the built-in mailbox."""
