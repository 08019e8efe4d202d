"""The nouns and their rules. Pure: no I/O and no import from another room."""
