"""One UDP port, and TCP on the same number, for every peer of a worker."""

from __future__ import annotations

from collections import Counter


class UdpMux:
    """Demultiplexes STUN by user fragment and everything else by validated address.

    `address` is (host, port) to bind; port 0 takes any number free for UDP and TCP. `advertise` is the host
    written into candidates when it differs from the one bound (behind a one-to-one NAT).
    """

    def __init__(self, address: tuple[str, int], advertise: str | None = None) -> None:
        self.dropped: Counter[str] = Counter()  # cause -> datagrams not served
        self.received = 0  # datagrams
        self.sent = 0
        self.address = address  # the one bound, after serve()
        self.candidates: tuple[str, ...] = ()  # values of a=candidate, UDP first, valid after serve()

    async def serve(self) -> None:
        """Bind and start reading. Raises OSError when the address cannot be had."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop reading, close every TCP connection and the sockets. Transports are their owners' to close first."""
        raise NotImplementedError

    def statistics(self) -> dict[str, object]:
        """Counters for Stats: datagrams, transports, drops by cause."""
        raise NotImplementedError
