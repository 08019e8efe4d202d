"""What happened: the append-only event log, the scoring of machines, the rollups everything is counted from."""
