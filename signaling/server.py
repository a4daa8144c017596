"""Daphne, made to wait for clients that do not read.

As it comes, Daphne hands whatever an application sends to Twisted, which keeps it in memory for as long as
the client does not read. Here `send` waits while a socket's buffer is full; the socket's own outbox fills up,
and signaling.sockets closes it. Importing this module installs Twisted's reactor on asyncio.

`python -m signaling.server [options] vIOP.asgi:application` takes the options of the `daphne` command;
settings.DRAIN_S says how long it still serves when it was told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from asgiref.sync import sync_to_async
from daphne.cli import CommandLineInterface
from daphne.server import Server as Daphne
from daphne.server import twisted_loop
from django.conf import settings
from twisted.internet import reactor
from twisted.internet.task import deferLater

from sessions.web import leaving
from signaling.media.limits import MAX_SIGNAL_BYTES

# Sockets refuse frames above their own limit in words; beyond twice the largest Daphne cuts the connection.
CUT_FRAME_BYTES: Final = 2 * MAX_SIGNAL_BYTES
CLOSE_WITHIN_S: Final = 2  # Daphne otherwise waits 10 s for applications of sockets that are gone
PING_EVERY_S: Final = 10
PONG_WITHIN_S: Final = 15  # a connection that broke without a word is found out within 25 s

LIMITS: Final[dict[str, Any]] = {
    "websocket_max_message_size": CUT_FRAME_BYTES,
    "websocket_max_frame_size": CUT_FRAME_BYTES,
    "websocket_timeout": -1,  # a group lasts as long as it lasts
    "application_close_timeout": CLOSE_WITHIN_S,
    "ping_interval": PING_EVERY_S,
    "ping_timeout": PONG_WITHIN_S,
}


class Gate:
    """Open while the connection takes more. A Twisted push producer (IPushProducer)."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    async def passed(self) -> None:
        await self._open.wait()

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's names
        self._open.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._open.set()

    def stopProducing(self) -> None:  # noqa: N802
        self._open.set()


async def threads_done() -> None:
    """Wait until the database's thread has done what it was given, at most CLOSE_WITHIN_S."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await sync_to_async(list)()


class Server(Daphne):  # type: ignore[misc]
    """daphne.server.Server with limits that suit our sockets; every one of them may still be given.

    Told to stop, it first says that it is not ready (`/readyz`), and for `drain_s` seconds serves everybody
    as before, so that a load balancer sends people elsewhere; then each socket hears that it may come back.
    """

    def __init__(self, application: Any, *, drain_s: float = 0, **words: Any) -> None:
        super().__init__(application, **(LIMITS | words))
        self._drain_s = drain_s

    def run(self) -> None:
        """Serve until the reactor is stopped; then end every task and all work of threads that is left.

        The reactor leaves them pending on a loop that never runs again. An interpreter that ends with such
        tasks can crash while it collects them (seen on CPython 3.11); a thread that has committed and rings
        the bell (sessions.room.bell) on a loop that has stopped waits for ever, and the process for it.
        """
        super().run()
        # First: what is cancelled before it began never answers the thread that asked for it.
        twisted_loop.run_until_complete(threads_done())
        left = asyncio.all_tasks(twisted_loop)
        for task in left:
            task.cancel()
        if left:
            twisted_loop.run_until_complete(asyncio.wait(left, timeout=CLOSE_WITHIN_S))
        twisted_loop.run_until_complete(twisted_loop.shutdown_asyncgens())

    def kill_all_applications(self) -> Any:
        """The beginning of the end, called once: not ready, then the drain, then the goodbyes."""
        leaving.told.set()
        return deferLater(reactor, self._drain_s, self._say_goodbye)

    def _say_goodbye(self) -> Any:
        """Cancel what runs and wait for it: each socket says goodbye while it is being cancelled.

        Daphne's own stumbles over connections without an application (a request that has just become a socket
        is one for a second), and then waits for nobody.
        """
        for protocol, details in list(self.connections.items()):
            if "application_instance" not in details:
                del self.connections[protocol]
        return super().kill_all_applications()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        match message["type"]:
            case "websocket.accept" if protocol.transport is not None:
                # Twisted's HTTP channel is still the transport's producer; no request follows.
                protocol.gate = Gate()
                protocol.unregisterProducer()
                protocol.registerProducer(protocol.gate, True)
            case "websocket.send" if (gate := getattr(protocol, "gate", None)) is not None:
                await gate.passed()


class CommandLine(CommandLineInterface):  # type: ignore[misc]
    """The `daphne` command with this server, its limits, and no access log: query strings carry tickets."""

    def __init__(self) -> None:
        super().__init__()
        self.parser.set_defaults(**LIMITS, verbosity=0)

    def server_class(self, **words: Any) -> Server:
        return Server(drain_s=settings.DRAIN_S, **words)


if __name__ == "__main__":
    CommandLine.entrypoint()
