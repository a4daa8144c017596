"""The product's server with a socket that sends as many frames as it is told: `echo_server.py PORT`."""

from __future__ import annotations

import sys

import django
from django.conf import settings

settings.configure()
django.setup()

from signaling.server import Server  # noqa: E402
from signaling.sockets import Socket  # noqa: E402

FRAME = "x" * 8_000


class Echo(Socket):
    rate, burst = 1e6, 1e6

    async def opened(self) -> None:
        await self.welcome()

    async def heard(self, frame: str | bytes) -> None:
        for _ in range(int(frame)):
            self.tell(FRAME)

    async def closed(self, code: int) -> None:
        sys.stderr.write(f"closed by us with {self.closing}\n")


if __name__ == "__main__":
    Server(Echo.as_asgi(), endpoints=[f"tcp:port={sys.argv[1]}:interface=127.0.0.1"], verbosity=0).run()
