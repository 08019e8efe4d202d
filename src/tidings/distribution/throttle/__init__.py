"""How much may leave by which relay to which mailbox provider, and what is done when one says "slower"."""
