"""The product's own way from LiveKit clients to a media worker, with its admission replaced by plain LiveKit tokens.

`python -m tests.media.front PORT MEDIA_PORT` serves on loopback with Daphne, keeps a worker alive with the product's
supervisor and pipes frames with the product's RtcConsumer. It also answers /control/<call> to tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import django
import jwt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vIOP.settings")
django.setup()

from signaling.server import Server  # noqa: E402, I001 - it installs Twisted's reactor on asyncio

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from daphne.endpoints import build_endpoint_description_strings  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402

from signaling.admission import query_of, token_of  # noqa: E402
from signaling.engine import EngineUnavailable, Relocated  # noqa: E402
from signaling.engines import get_engine  # noqa: E402
from signaling.media import rpc  # noqa: E402
from signaling.protocol import Close  # noqa: E402
from signaling.rtc_consumer import RtcConsumer  # noqa: E402
from vIOP.worker import supervise  # noqa: E402

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


HEARD: list[rpc.Event] = []


async def listen() -> None:
    """What the engine tells, kept for tests."""
    async for event in get_engine().events():
        HEARD.append(event)  # noqa: PERF401 - as they come


class OpenDoor(RtcConsumer):
    """The product's consumer for whoever bears a token of our key: no placement is asked."""

    async def opened(self) -> None:
        claims = claims_of(self.scope)
        if claims is None:
            await self.close()
            return
        await self.welcome()
        try:
            self._session = await get_engine().open(lambda number: opening(number, self.scope, claims))
        except (EngineUnavailable, ValueError):
            self.end(Close.RESTART)
            return
        self.spawn(self._pipe(self._session))


def claims_of(scope: Scope) -> dict[str, Any] | None:
    """What a request's token says; None when it is none of ours."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token_of(scope),
            settings.MEDIA_SECRET,
            algorithms=["HS256"],
            issuer=settings.MEDIA_KEY,
            options={"require": ["exp"]},
        )
    except jwt.PyJWTError:
        return None
    return claims if claims.get("video", {}).get("roomJoin") else None


def opening(number: int, scope: Scope, claims: dict[str, Any]) -> rpc.Open:
    video = claims["video"]
    return rpc.Open(
        session=number,
        room=video["room"],
        identity=claims["sub"],
        grants=rpc.Grants(
            can_publish=video.get("canPublish", True),
            can_subscribe=video.get("canSubscribe", True),
            can_publish_data=video.get("canPublishData", True),
            can_update_own_metadata=video.get("canUpdateOwnMetadata", False),
            sources=tuple(video.get("canPublishSources") or ()),
        ),
        single=scope["path"].endswith("/v1"),
        query={name: value for name, value in query_of(scope).items() if name != "access_token"},
        name=claims.get("name", ""),
        metadata=claims.get("metadata", ""),
        attributes=claims.get("attributes") or {},
    )


async def pages(scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
    """/rtc/validate and /rtc/v1/validate, and the controls."""
    if scope["path"] in ("/rtc/validate", "/rtc/v1/validate"):
        known = claims_of(scope) is not None
        await _answer(send, 200 if known else 401, b"success" if known else b"refused")
    elif scope["path"].startswith("/control/"):
        try:
            found = await control(scope["path"].removeprefix("/control/"), query_of(scope))
            await _answer(send, 200, json.dumps(found, default=str).encode())
        except EngineUnavailable as refusal:
            await _answer(send, 503, str(refusal).encode())
    else:
        await _answer(send, 404, b"not found")


async def control(call: str, words: dict[str, str]) -> dict[str, Any]:
    """One call of MediaEngine. `moves` is identity:source:target, comma-separated.

    Raises EngineUnavailable.
    """
    engine = get_engine()
    match call:
        case "stats":
            return await engine.statistics()
        case "events":
            return {"events": [[one.kind, one.identity, one.source] for one in HEARD]}
        case "move":
            steps = [move.split(":") for move in words["moves"].split(",")]
            moves = [Relocated(who, source, target, words["token"]) for who, source, target in steps]
            await engine.move(moves)
        case "mute":
            await engine.mute(words["room"], words["identity"], words["source"])
        case "eject":
            await engine.eject(words["room"], words["identity"])
        case "close_room":
            await engine.close_room(words["room"])
        case _:
            raise EngineUnavailable(f"no such call: {call}")
    return {}


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve(port: int, media_port: int) -> None:
    """Until SIGTERM."""
    tasks: list[asyncio.Task[None]] = []

    async def ended() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def started() -> None:
        tasks.append(asyncio.ensure_future(supervise(media_port, "127.0.0.1")))
        tasks.append(asyncio.ensure_future(listen()))

    def ready() -> None:
        running: Any = reactor
        running.callWhenRunning(started)
        running.addSystemEventTrigger(
            "before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(ended()))
        )

    door = OpenDoor.as_asgi()
    Server(
        ProtocolTypeRouter(
            {"http": pages, "websocket": URLRouter([path("rtc", door), path("rtc/v1", door)])}
        ),
        endpoints=build_endpoint_description_strings(host="127.0.0.1", port=port),
        ready_callable=ready,
        action_logger=None,
        verbosity=0,
    ).run()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
