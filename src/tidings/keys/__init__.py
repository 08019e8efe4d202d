"""Where the master key comes from, how bytes are sealed with it, and the local certificates."""
