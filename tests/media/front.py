"""The smallest real front: what stands between LiveKit clients and a media worker in the product, with admission reduced to
a LiveKit token.

`python -m tests.media.front PORT MEDIA_PORT` serves on loopback with Daphne, keeps a worker alive with the product's
own supervisor and pipes frames with the product's own RPC client. It also answers /control/<call> to tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import jwt

from signaling.embedded import EmbeddedEngine, Session
from signaling.engine import EngineUnavailable, Relocated
from signaling.media import rpc

KEY = os.environ.get("VIOP_MEDIA_KEY", "")
SECRET = os.environ.get("VIOP_MEDIA_SECRET", "")
PATHS = {"/rtc": False, "/rtc/v1": True}  # path -> one peer connection
MAX_FRAME_BYTES = 64 * 1024

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Front:
    """An ASGI application over one worker."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        query = dict(parse_qsl(scope["query_string"].decode()))
        if scope["type"] == "websocket":
            await self._signal(scope, query, receive, send)
        elif scope["path"].startswith("/control/"):
            await self._control(scope["path"].removeprefix("/control/"), query, send)
        elif scope["path"].removesuffix("/validate") in PATHS:
            known = claims_of(scope, query) is not None
            await _answer(send, 200 if known else 401, b"success" if known else b"refused")
        else:
            await _answer(send, 404, b"not found")

    async def _signal(self, scope: dict[str, Any], query: dict[str, str], receive: Receive, send: Send) -> None:
        await receive()
        claims = claims_of(scope, query)
        if claims is None or scope["path"] not in PATHS:
            await send({"type": "websocket.close"})
            return
        try:
            session = await self._engine.open(lambda number: opening(number, scope["path"], claims, query))
        except EngineUnavailable:
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        down = asyncio.create_task(_downward(session, send))
        try:
            while (event := await receive())["type"] == "websocket.receive":
                data = event.get("bytes")
                if data is None or len(data) > MAX_FRAME_BYTES:
                    session.hang_up(1009 if data else 1003)
                else:
                    session.send(data)
        finally:
            session.hang_up()
            down.cancel()

    async def _control(self, call: str, query: dict[str, str], send: Send) -> None:
        try:
            found: dict[str, Any] = {}
            match call:
                case "stats":
                    found = await self._engine.statistics()
                case "move":
                    words = [part.split(":") for part in query["moves"].split(",")]
                    await self._engine.move([Relocated(*part, token=query["token"]) for part in words])
                case "mute":
                    await self._engine.mute(query["room"], query["identity"], query["source"])
                case "eject":
                    await self._engine.eject(query["room"], query["identity"])
                case "close_room":
                    await self._engine.close_room(query["room"])
                case _:
                    await _answer(send, 404, b"no such call")
                    return
            await _answer(send, 200, json.dumps(found, default=str).encode())
        except EngineUnavailable as refusal:
            await _answer(send, 503, str(refusal).encode())


def claims_of(scope: dict[str, Any], query: dict[str, str]) -> dict[str, Any] | None:
    """What the token in the URL or the Authorization header says; None when it is none of ours."""
    headers = dict(scope["headers"])
    bearer = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
    try:
        claims: dict[str, Any] = jwt.decode(
            query.get("access_token") or bearer, SECRET, algorithms=["HS256"], issuer=KEY, options={"require": ["exp"]}
        )
    except jwt.PyJWTError:
        return None
    return claims if claims.get("video", {}).get("roomJoin") else None


def opening(number: int, path: str, claims: dict[str, Any], query: dict[str, str]) -> rpc.Open:
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
        single=PATHS[path],
        query={name: value for name, value in query.items() if name != "access_token"},
        name=claims.get("name", ""),
        metadata=claims.get("metadata", ""),
        attributes=claims.get("attributes") or {},
    )


async def _downward(session: Session, send: Send) -> None:
    async for data in session.frames():
        await send({"type": "websocket.send", "bytes": data})
    with contextlib.suppress(Exception):  # the browser may be gone already
        await send({"type": "websocket.close", "code": session.close_code or 1000})


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve(port: int, media_port: int) -> None:
    """Until SIGTERM."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vIOP.settings")
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server
    from django.conf import settings
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    from vIOP.worker import supervise

    tasks: list[asyncio.Task[None]] = []

    async def ended() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def started() -> None:
        tasks.append(asyncio.ensure_future(supervise(media_port, "127.0.0.1")))

    def ready() -> None:
        reactor.callWhenRunning(started)  # type: ignore[attr-defined]
        reactor.addSystemEventTrigger(  # type: ignore[attr-defined]
            "before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(ended()))
        )

    Server(
        Front(EmbeddedEngine(settings.MEDIA_RPC)),
        endpoints=build_endpoint_description_strings(host="127.0.0.1", port=port),
        ready_callable=ready,
        application_close_timeout=2,
        websocket_timeout=-1,
        websocket_max_message_size=2 * MAX_FRAME_BYTES,
        websocket_max_frame_size=2 * MAX_FRAME_BYTES,
        action_logger=None,
        verbosity=0,
    ).run()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
