"""Who writes drafts: one protocol, one file each. The composer needs nothing but the brief."""
