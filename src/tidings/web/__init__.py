"""The web face: pages a person reads and forms a person sends. It translates and calls; it decides nothing."""
