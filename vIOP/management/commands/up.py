"""One command for a clinic on one machine."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command

from sessions.management.clinic_command import ClinicCommand


class Command(ClinicCommand):
    help = "Migrate, then serve pages, sockets, media worker and periodic work together; Ctrl-C stops it all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--host",
            default="127.0.0.1",
            help="address to listen on; anything but loopback needs TLS in front",
        )
        parser.add_argument(
            "--media-port", type=int, default=7882, help="one number for UDP and TCP, 0 for any"
        )
        parser.add_argument(
            "--media-host", default="127.0.0.1", help="address the media port binds and advertises"
        )
        parser.add_argument(
            "--demo", action="store_true", help="fill in the demo clinic and print its logins"
        )

    def handle(self, *, port: int, host: str, media_port: int, media_host: str, demo: bool, **_: Any) -> None:
        settings.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        call_command("migrate", verbosity=0)
        if demo:
            call_command("demo")
        # The page is opened as localhost, not 127.0.0.1: passkeys and secure contexts want a name.
        shown = "localhost" if host in ("127.0.0.1", "::1") else host

        if "VIOP_URL" not in os.environ:
            settings.PUBLIC_URL = f"http://{shown}:{port}"  # links in messages lead to this very process

        def listening() -> None:
            self.stdout.write(f"\nvIOP is ready: http://{shown}:{port}/   (Ctrl-C stops it)\n")
            self.stdout.flush()

        serve(host, port, media_host, media_port, listening)


def serve(host: str, port: int, media_host: str, media_port: int, listening: Callable[[], None]) -> None:
    """Daphne, the media worker and the ticker on one event loop, until SIGINT or SIGTERM."""
    import signaling.server as wire  # first: importing it installs Twisted's reactor on asyncio

    # isort: split
    from daphne.endpoints import build_endpoint_description_strings
    from twisted.internet import reactor as any_reactor
    from twisted.internet.defer import Deferred

    from signaling.shutdown import close_all
    from vIOP.asgi import application
    from vIOP.celery import app
    from vIOP.ticker import tick_forever
    from vIOP.worker import supervise

    reactor: Any = any_reactor  # its type is that of no reactor in particular
    background: list[asyncio.Task[None]] = []

    def started() -> None:
        background.append(asyncio.ensure_future(supervise(media_port, media_host)))
        if not settings.REDIS_URL:
            background.append(asyncio.ensure_future(tick_forever(app)))
        listening()

    async def stop() -> None:
        await close_all()  # sockets hear RESTART and come back to the next process
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)

    def ready() -> None:
        reactor.callWhenRunning(started)
        reactor.addSystemEventTrigger(
            "before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(stop()))
        )

    # Started in the background by a shell, SIGINT comes ignored, and Twisted leaves it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wire.Server(
        application,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        ready_callable=ready,
        action_logger=None,  # no access log: query strings carry tickets
        verbosity=0,
    ).run()
