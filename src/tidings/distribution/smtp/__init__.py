"""SMTP as a client: the protocol without I/O, and the asyncio driver around it."""
