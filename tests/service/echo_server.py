"""An application whose sockets send as many frames as they are told, for the product's server."""

from __future__ import annotations

import sys

import django
from django.conf import settings

settings.configure(DRAIN_S=0)
django.setup()

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


application = Echo.as_asgi()
