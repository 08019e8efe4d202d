"""The ledger of postings: one row for each account a campaign posts to, written before anything leaves."""
