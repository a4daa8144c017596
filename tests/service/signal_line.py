"""A browser's way to the media engine as the wire sees it: a seat in the database, a ticket, a signal socket."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest_asyncio
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from livekit.protocol.rtc import SignalResponse

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.models import Meeting
from sessions.room import commands, service
from sessions.room.reading import Actor
from signaling import tickets
from signaling.engines import get_engine
from signaling.tickets import Claims
from tests.cast import Cast
from tests.service.wire import HOST, WITHIN_S, eventually, headers
from vIOP.asgi import application


class Media:
    """A client's signal connection."""

    def __init__(self, socket: WebsocketCommunicator) -> None:
        self._socket = socket
        self.frames: list[bytes] = []
        self.close_code: int | None = None
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            message = await self._socket.output_queue.get()
            if message["type"] == "websocket.close":
                self.close_code = message.get("code", 1000)
                await self._socket.send_input({"type": "websocket.disconnect", "code": self.close_code})
                return
            self.frames.append(message["bytes"])

    def told(self, kind: str) -> list[SignalResponse]:
        found = [SignalResponse.FromString(frame) for frame in self.frames]
        return [response for response in found if response.WhichOneof("message") == kind]

    async def hears(self, kind: str) -> SignalResponse:
        await eventually(lambda: bool(self.told(kind)), f"a {kind}")
        return self.told(kind)[-1]

    async def send(self, frame: bytes | str) -> None:
        key = "text" if isinstance(frame, str) else "bytes"
        await self._socket.send_input({"type": "websocket.receive", key: frame})

    def send_soon(self, frame: bytes) -> None:
        self._socket.input_queue.put_nowait({"type": "websocket.receive", "bytes": frame})

    async def closes(self, within_s: float = WITHIN_S) -> int:
        await eventually(lambda: self.close_code is not None, "the end of the signal connection", within_s)
        await self._socket.wait(WITHIN_S)
        assert self.close_code is not None
        return self.close_code

    async def breaks(self) -> None:
        """The connection is lost without a word."""
        self._reading.cancel()
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1006})
        await self._socket.wait(WITHIN_S)


async def connect(
    token: str | None, path: str = "/rtc/v1", cookie: str = "", origin: str = f"http://{HOST}", **query: str
) -> Media | None:
    """None when the handshake is refused."""
    words = query if token is None else query | {"access_token": token}
    socket = WebsocketCommunicator(application, f"{path}?{urlencode(words)}", headers(cookie, origin=origin))
    accepted, _ = await socket.connect(WITHIN_S)
    if not accepted:
        await socket.send_input({"type": "websocket.disconnect", "code": 1006})
        await socket.wait(WITHIN_S)
        return None
    return Media(socket)


async def carry_out(actor: Person, meeting: Meeting, command: commands.Command) -> None:
    """A command that came in through another web process: nothing but the log and a bell tells of it."""
    await database_sync_to_async(service.handle)(Actor(actor.pk, meeting.pk), command)


async def seat_of(person: Person, meeting: Meeting) -> Claims:
    """What this person's ticket says now."""
    seat = await database_sync_to_async(service.seat)(Actor(person.pk, meeting.pk))
    return Claims(
        meeting.pk,
        person.pk,
        seat.media_room,
        seat.identity,
        seat.version,
        tickets.grants_of(seat.may_share_screen),
    )


def ticket(claims: Claims) -> str:
    return tickets.mint(claims, clock.now())


@pytest_asyncio.fixture
async def group_inside(cast: Cast) -> Cast:
    """Mina and Alice are in the evening group's room, Bruno waits. Test modules give these fixtures the names they use."""
    await carry_out(cast.mina, cast.group, commands.Knock())
    await carry_out(cast.alice, cast.group, commands.Knock())
    await carry_out(cast.mina, cast.group, commands.Admit(cast.alice.pk))
    await carry_out(cast.bruno, cast.group, commands.Knock())
    return cast


@pytest_asyncio.fixture
async def alice_seated(inside: Cast) -> Media:
    """Alice's signal connection, her seat taken."""
    media = await connect(ticket(await seat_of(inside.alice, inside.group)))
    assert media is not None
    await media.hears("join")
    return media


async def bells_are_dead() -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()


async def participants() -> object:
    return (await get_engine().statistics())["participants"]


async def nobody_is_there() -> bool:
    return await participants() == 0
