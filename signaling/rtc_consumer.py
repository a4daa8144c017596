"""One browser's signal connection to the media engine: checks the ticket, then pipes protobuf frames.

/rtc/v1 (one peer connection) and /rtc (two), as LiveKit's clients speak them.
"""

from __future__ import annotations

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

from sessions.core import clock, ids
from signaling import enforcement, rounds, tickets, turn
from signaling.admission import admit, current, query_of, token_of
from signaling.embedded import Session
from signaling.engine import EngineUnavailable
from signaling.engines import get_engine
from signaling.local import Held, process
from signaling.logins import Login, ended, login_of
from signaling.media import rpc
from signaling.media.limits import FRAME_BURST, FRAME_RATE, MAX_SIGNAL_BYTES
from signaling.origin import header, is_ours
from signaling.protocol import Close
from signaling.sockets import Socket
from signaling.tickets import BadTicket, Claims
from signaling.watch import watch


class RtcConsumer(Socket):
    """A seat is checked when it is taken, on every bell, and every few seconds (signaling.enforcement)."""

    rate, burst = FRAME_RATE, FRAME_BURST  # the engine counts again, by kind of message
    largest_frame_bytes = MAX_SIGNAL_BYTES  # a browser's offer into a room of 16 is 95 KB

    _session: Session | None = None
    _held: Held | None = None

    async def opened(self) -> None:
        self._process = process()
        try:
            claims = await admit(token_of(self.scope))
            if claims.probe:
                self._spare(claims)
            login = await self._login(claims)
        except BadTicket:
            await self.close()  # before the handshake: 403; the validate URL then says 401
            return
        except (OperationalError, InterfaceError):
            await self.welcome()
            self.end(Close.BUSY)
            return
        await self.welcome()
        await self._take_seat(claims, login)

    def _spare(self, claims: Claims) -> None:
        """A few tries of the line at once are enough for anybody. Raises BadTicket."""
        theirs = [one for one in self._process.held if one.claims.probe and one.pair[1] == claims.person_id]
        if len(theirs) >= enforcement.PROBES_EACH:
            raise BadTicket

    async def _login(self, claims: Claims) -> Login:
        """Whose login must hold while this connection lives.

        A browser sends its cookie: then it must be the bearer's own, from a page of ours. A native client has
        none: then the account alone counts.
        """
        if header(self.scope, b"origin") and not is_ours(self.scope):
            raise BadTicket
        signed_in = login_of(self.scope)
        if signed_in is not None:
            if signed_in.person_id != claims.person_id:
                raise BadTicket
            return signed_in
        login = Login(claims.person_id, None)
        if await database_sync_to_async(ended)([login]):
            raise BadTicket
        return login

    async def _take_seat(self, claims: Claims, login: Login) -> None:
        now = clock.now()
        held = self._held = Held(claims=claims, login=login, socket=self, ticket_at=now)
        self._process.held.add(held)
        watch(self._process, claims.meeting_id)
        rounds.keep_going(self._process)
        # Asked again now that bells reach this seat: what happened in between would otherwise go unheard.
        now_theirs = await current(claims)
        if now_theirs is None:
            await enforcement.revoke(self._process, held)
            return
        claims = held.claims = now_theirs

        def request(number: int) -> rpc.Open:
            return rpc.Open(
                session=number,
                room=claims.room,
                identity=claims.identity,
                grants=claims.grants,
                single=self.scope["path"].endswith("/v1"),
                query={key: value for key, value in query_of(self.scope).items() if key != "access_token"},
                token=tickets.mint(claims, now),
                ice_servers=turn.ice_servers(ids.token(), now),
            )

        try:
            self._session = await get_engine().open(request)
        except (EngineUnavailable, ValueError):  # ValueError: a query no frame can hold
            self._process.held.discard(held)
            self.end(Close.RESTART)
            return
        if held not in self._process.held:  # revoked while the engine was being reached
            await enforcement.revoke(self._process, held)
            return
        self.spawn(self._pipe(self._session))

    async def heard(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self.end(Close.BAD_FRAME)
        elif self._session is not None:
            self._session.send(frame)

    async def closed(self, code: int) -> None:
        over = self._session is None or self._session.close_code is not None
        if self._session is not None:
            self._session.hang_up()
        if self._held is None:
            return
        self._held.socket = None
        if over:  # the engine itself has ended this: nobody can resume
            self._process.held.discard(self._held)
        else:
            self._held.gone_at = clock.now()

    def refresh(self, ticket: str) -> None:
        if self._session is not None:
            self._session.refresh(ticket)

    def dismiss(self) -> None:
        if self._session is None or self._session.close_code is None:
            self.end(Close.SIGNED_OUT)  # otherwise _pipe ends it, after the engine's last words

    async def _pipe(self, session: Session) -> None:
        async for data in session.frames():
            await self.send(bytes_data=data)
        self.end(session.close_code or 1000)
