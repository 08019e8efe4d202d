"""A real name server on loopback, built with dnspython: it answers UDP and TCP packets out of zones."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


@dataclass
class NameServer:
    """Records as a zone file has them, `name TYPE data` a line. `asked` counts questions."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    silent: bool = False
    broken: set[str] = field(default_factory=set)
    """Names for which it says SERVFAIL."""
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def zone(self, text: str) -> None:
        """Adds the records of a text."""
        for line in text.strip().splitlines():
            name, kind, data = line.split(None, 2)
            self.records.setdefault((name.lower(), kind), []).append(data)

    def answer(self, packet: bytes, *, datagram: bool) -> bytes | None:
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if self.silent:
            return None
        response = dns.message.make_response(query)
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in self.records:
            rrset = dns.rrset.from_text_list(question.name, 60, dns.rdataclass.IN, kind, self.records[name, kind])
            response.answer.append(rrset)
        elif all(known != name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        wire = response.to_wire()
        if datagram and len(wire) > 512:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            return short.to_wire()
        return wire


@contextmanager
def name_server(zone: str = "") -> Iterator[NameServer]:
    """A server in threads of its own, on a free port."""
    made = NameServer()
    made.zone("\n".join(f"{top} NS a.nic.{top}." for top in ("co", "net", "arpa", "bakery")))
    made.zone(zone)
    tcp = socket.create_server(("127.0.0.1", 0))
    made.port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", made.port))
    ended = threading.Event()

    def datagrams() -> None:
        while not ended.is_set():
            packet, sender = udp.recvfrom(4096)
            if not packet:
                continue
            answer = made.answer(packet, datagram=True)
            if answer is not None:
                udp.sendto(answer, sender)

    def streams() -> None:
        while not ended.is_set():
            connection, _ = tcp.accept()
            with connection:
                head = connection.recv(2)
                if len(head) == 2:
                    packet = connection.recv(struct.unpack("!H", head)[0])
                    answer = made.answer(packet, datagram=False) or b""
                    connection.sendall(struct.pack("!H", len(answer)) + answer)

    threads = [threading.Thread(target=work, daemon=True) for work in (datagrams, streams)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        ended.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", made.port))
        socket.create_connection(("127.0.0.1", made.port)).close()
        for thread in threads:
            thread.join(5)
        udp.close()
        tcp.close()
