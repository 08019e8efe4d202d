"""Durable work: jobs that survive a kill, timers, heartbeats, the clock."""
