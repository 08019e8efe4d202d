"""An SMTP server that writes each message's Message-ID, one a line, before it answers 250. Usage: sink.py PORT FILE."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path


async def main(port: int, target: Path) -> None:
    """Serves until it is ended."""
    log = target.open("a")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                mail = await reader.readuntil(b"\r\n.\r\n")
                found = re.search(rb"^message-id:\s*(\S+)", mail, re.IGNORECASE | re.MULTILINE)
                log.write((found[1].decode() if found else "none") + "\n")
                log.flush()
                writer.write(b"250 kept\r\n")
            elif verb == b"EHLO":
                writer.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                await writer.drain()
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1 << 20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
