"""Who may hear from us: contacts, consent with its proof, suppression, segments, import and erasure."""
