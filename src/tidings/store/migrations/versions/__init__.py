"""One file a revision, in order. There is no way back down: a backup is."""
