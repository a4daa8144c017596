"""One browser's socket into one meeting's room. Decodes, asks the room service, encodes; decides nothing."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext, override

from sessions.core import clock
from sessions.core.errors import NotFound, Refusal
from sessions.room import commands, service
from signaling import protocol, rounds, tickets
from signaling.engines import get_engine
from signaling.local import process
from signaling.logins import ended, login_of
from signaling.origin import is_ours
from signaling.protocol import Close, asked, told
from signaling.sockets import Socket, report
from signaling.translation import chat_of, command_of, moment, room_of, same
from signaling.watch import watch

SUBPROTOCOL: Final = f"viop.{protocol.VERSION}"
READ_AGAIN_S: Final = 1.0  # while the database is away
CLEAN_GOODBYES: Final = frozenset({1000, 1001, 1005})  # 1005: closed without giving a code
AWAY: Final = (
    "try-again",
    "This cannot be saved right now. The call goes on; please try again in a moment.",
)


class RoomConsumer(Socket):
    """See signaling.protocol for what is said, and Close for how it ends."""

    _on_record = False  # also of one that ends during its handshake

    async def opened(self) -> None:
        self.process = process()
        self._awake = asyncio.Event()
        self._told: told.Room | None = None
        self._lines = 0  # of chat, told so far
        self._lines_from: object = None  # where the reader was then
        if not is_ours(self.scope):
            await self.close()  # before the handshake: refused with 403
            return
        await self.welcome(SUBPROTOCOL if SUBPROTOCOL in self.scope["subprotocols"] else None)
        if SUBPROTOCOL not in self.scope["subprotocols"]:
            self.end(Close.WRONG_VERSION)
            return
        login = login_of(self.scope)
        if login is None:
            self.end(Close.SIGNED_OUT)
            return
        self.login = login
        self.actor = service.Actor(login.person_id, self.scope["url_route"]["kwargs"]["meeting_id"])
        try:
            self.connection_id = await database_sync_to_async(service.connect)(
                self.actor, login.device, self.process.name
            )
            self._language = await database_sync_to_async(service.language_of)(self.actor)
        except Refusal:  # no such meeting and no right to it are told by the same code
            self.end(Close.NOT_FOUND)
            return
        except (OperationalError, InterfaceError):
            self.end(Close.BUSY)
            return
        self._on_record = True
        self.process.rooms.add(self)
        self._watch = watch(self.process, self.actor.meeting_id)
        self._watch.ring()
        rounds.keep_going(self.process)
        self.spawn(self._views())
        self.wake()

    async def heard(self, frame: str | bytes) -> None:
        if not self._on_record:
            return
        try:
            if isinstance(frame, bytes):
                raise msgspec.DecodeError("a frame is text")
            message = protocol.decode(frame)
        except msgspec.DecodeError:
            self.end(Close.BAD_FRAME)
            return
        command_id = getattr(message, "command_id", "")
        try:
            match message:
                case asked.Ping():
                    self._pong()
                case asked.AskSeat(probe=True):
                    await self._probe()
                case asked.AskSeat():
                    await self._seat()
                case _:
                    await self._command(command_of(message), command_id)
        except Refusal as refusal:
            self._refuse(refusal.code, refusal.text, command_id)
        except (OperationalError, InterfaceError):
            self._refuse(*AWAY, command_id)

    async def closed(self, code: int) -> None:
        if not self._on_record:
            return
        self.process.rooms.discard(self)
        clean = code in CLEAN_GOODBYES and self.closing is None
        try:
            await database_sync_to_async(service.disconnect)(
                self.connection_id, clean, clock.now() if clean else self.last_heard
            )
        except (OperationalError, InterfaceError) as error:  # the sweep closes it, at its last evidence
            report(error)

    def wake(self) -> None:
        self._awake.set()

    def _refuse(self, code: str, text: str, command_id: str) -> None:
        """In the person's own language: the plain English of the rules is the key."""
        with override(self._language):
            self._say(told.Refused(code=code, text=gettext(text), command_id=command_id))

    def _say(self, message: protocol.ToBrowser) -> None:
        self.tell(protocol.encode(message))

    def _pong(self) -> None:
        head = self._watch.head
        if self._told is not None and head > self._told.seq:
            self._told = None  # the next view is sent even if only its seq is new
            self.wake()
        self._say(told.Pong(seq=head, server_time=moment(clock.now())))

    async def _command(self, command: commands.Command, command_id: str) -> None:
        outcome = await database_sync_to_async(service.handle)(self.actor, command, command_id or None)
        if command_id:
            self._say(told.Done(command_id=command_id, seq=outcome.seq))
        self._watch.ring()  # the media engine follows, whether or not the bell is heard
        self.wake()

    async def _seat(self) -> None:
        seat = await database_sync_to_async(service.seat)(self.actor)
        claims = tickets.Claims(
            meeting_id=self.actor.meeting_id,
            person_id=self.actor.person_id,
            room=seat.media_room,
            identity=seat.identity,
            version=seat.version,
            grants=tickets.grants_of(seat.may_share_screen),
        )
        self._ticket(claims)

    async def _probe(self) -> None:
        """To try the line, from wherever one is: a room of one's own."""
        if not await database_sync_to_async(service.may_come)(self.actor):
            raise NotFound
        self._ticket(tickets.probe(self.actor.meeting_id, self.actor.person_id))

    def _ticket(self, claims: tickets.Claims) -> None:
        self._say(
            told.Seat(
                url=get_engine().url,
                token=tickets.mint(claims, clock.now()),
                identity=claims.identity,
                expires_in=int(tickets.LIFETIME.total_seconds()),
            )
        )

    async def _views(self) -> None:
        """Tell the browser what it may see, whenever that changes. Many rings in a row make one view."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            try:
                seen = await database_sync_to_async(service.view)(self.actor)
            except Refusal:  # the right to the meeting has ended, perhaps with the login
                over = await database_sync_to_async(ended)([self.login])
                self.end(Close.SIGNED_OUT if over else Close.NOT_FOUND)
                return
            except (OperationalError, InterfaceError):
                await asyncio.sleep(READ_AGAIN_S)
                self.wake()
                continue
            view = room_of(seen)
            if self._told is None or not same(view, self._told):
                self._told = view
                self._say(view)
            await self._chat(seen)

    async def _chat(self, seen: service.RoomView) -> None:
        """Lines that are new to this reader; all of theirs after a connect and after every move."""
        where = (seen.you.place, seen.floor.here)
        moved = where != self._lines_from
        if not moved and seen.lines == self._lines:
            return
        try:
            lines = await database_sync_to_async(service.lines_since)(self.actor, 0 if moved else self._lines)
        except (OperationalError, InterfaceError):
            await asyncio.sleep(READ_AGAIN_S)
            self.wake()
            return
        except Refusal:  # no part in the meeting (yet); the next view says so
            return
        self._lines_from, self._lines = where, max(seen.lines, *(line.number for line in lines), 0)
        if moved or lines:
            self._say(chat_of(lines, reset=moved))
