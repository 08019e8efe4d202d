"""The top floor: wires the rooms from settings and runs the processes."""
