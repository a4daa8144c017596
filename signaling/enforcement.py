"""Making media follow the room log, whatever pushes were lost.

After every fact that takes a seat away the engine is told at once; and every few seconds all seats taken
through this process are compared with the placements in the database, in one query. Seats without a valid
placement, or of another placement version, end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from channels.db import database_sync_to_async

from sessions.core import clock
from sessions.core.errors import Refusal
from sessions.room import service
from signaling import tickets
from signaling.admission import is_seat_of
from signaling.engine import EngineUnavailable, Grants, MediaEngine, Relocated
from signaling.engines import get_engine
from signaling.local import Held, Process
from signaling.tickets import Claims

log = logging.getLogger(__name__)

RESUME_WITHIN: Final = timedelta(seconds=25)  # the engine forgets a participant without signaling sooner
PROBE_FOR: Final = timedelta(seconds=45)  # long enough to try a line, and no call
PROBES_EACH: Final = 2  # at once: one way beside another
FRESH_TICKET_EVERY: Final = tickets.LIFETIME / 2


async def carry_out(effects: Sequence[service.Effect]) -> None:
    """What facts ask of the media engine. When it is away there is no media to stop."""
    if not effects:
        return
    engine = get_engine()
    moves = [effect for effect in effects if isinstance(effect, service.Relocate)]
    if moves:
        try:
            await engine.move([_relocated(move) for move in moves])  # all in one step
        except EngineUnavailable as error:
            log.warning("media engine not told: %s", error)
    done = await asyncio.gather(
        *(_apply(engine, effect) for effect in effects if effect not in moves), return_exceptions=True
    )
    for outcome in done:
        if isinstance(outcome, EngineUnavailable):
            log.warning("media engine not told: %s", outcome)
        elif isinstance(outcome, BaseException):
            raise outcome


def _relocated(move: service.Relocate) -> Relocated:
    seat = move.seat
    claims = tickets.Claims(
        meeting_id=move.meeting_id,
        person_id=move.person_id,
        room=seat.media_room,
        identity=seat.identity,
        version=seat.version,
        grants=tickets.grants_of(seat.may_share_screen),
    )
    return Relocated(seat.identity, move.source, seat.media_room, tickets.mint(claims, clock.now()))


async def _apply(engine: MediaEngine, effect: service.Effect) -> None:
    match effect:
        case service.Eject(media_room=room, identity=identity):
            await engine.eject(room, identity)
        case service.Mute(media_room=room, identity=identity):
            await engine.mute(room, identity)
        case service.CloseRoom(media_room=room):
            await engine.close_room(room)


async def check(process: Process, held: Iterable[Held]) -> None:
    """End those of `held` whose seat is no longer theirs, take along those whose seat is in another room now,
    hold the others to what they may do, and give them fresh tickets when it is time."""
    everything = list(held)
    now = clock.now()
    for seat in everything:
        if seat.claims.probe and now - seat.ticket_at > PROBE_FOR:
            await revoke(process, seat)
    asked = [seat for seat in everything if not seat.claims.probe]
    if not asked:
        return
    current = await database_sync_to_async(service.seats)({seat.pair for seat in asked})
    await _follow(process, asked, current)
    for seat in asked:
        if seat not in process.held:
            continue
        now_theirs = current.get(seat.pair)
        if now_theirs is None or not is_seat_of(seat.claims, now_theirs):
            await revoke(process, seat)
            continue
        await _regrant(seat, tickets.grants_of(now_theirs.may_share_screen))
        if seat.gone_at is not None and now - seat.gone_at > RESUME_WITHIN:
            process.held.discard(seat)
        elif seat.socket is not None and now - seat.ticket_at >= FRESH_TICKET_EVERY:
            await _renew(process, seat)


async def _regrant(seat: Held, grants: Grants) -> None:
    """What the seat's holder may do now: a screen that may no longer be shared goes dark at once."""
    if seat.claims.grants == grants:
        return
    try:
        await get_engine().regrant(seat.claims.room, seat.claims.identity, grants)
    except EngineUnavailable as error:  # the next round tries again
        log.warning("seat not granted anew yet: %s", error)
        return
    seat.claims = replace(seat.claims, grants=grants)


async def _follow(
    process: Process, held: Sequence[Held], current: Mapping[tuple[UUID, UUID], service.CurrentSeat | None]
) -> None:
    """Take along those who still have a seat, in another room or of another version: usually the engine has
    moved them already. Where it cannot, their claims stay as they were, and so they are revoked."""
    going: list[tuple[Held, Claims]] = []
    for seat in held:
        theirs = current.get(seat.pair)
        if theirs is None or seat not in process.held or is_seat_of(seat.claims, theirs):
            continue
        if theirs.identity == seat.claims.identity and not _superseded(process, seat):
            going.append((seat, replace(seat.claims, room=theirs.media_room, version=theirs.version)))
    now = clock.now()
    moves = [
        Relocated(claims.identity, seat.claims.room, claims.room, tickets.mint(claims, now))
        for seat, claims in going
        if claims.room != seat.claims.room
    ]
    if moves:
        try:
            await get_engine().move(moves)
        except EngineUnavailable as error:
            log.warning("seats not moved: %s", error)
            return
    for seat, claims in going:
        seat.claims = claims


def _superseded(process: Process, seat: Held) -> bool:
    """Whether the person has taken a newer seat through this process: the engine knows that one."""
    return any(
        other.claims.identity == seat.claims.identity and other.claims.version > seat.claims.version
        for other in process.held
    )


async def _renew(process: Process, seat: Held) -> None:
    """A fresh ticket, for who still has a part in the meeting."""
    try:
        now_theirs = await database_sync_to_async(service.seat)(
            service.Actor(seat.claims.person_id, seat.claims.meeting_id)
        )
    except Refusal:
        await revoke(process, seat)
        return
    seat.ticket_at = clock.now()
    await _regrant(seat, tickets.grants_of(now_theirs.may_share_screen))
    if seat.socket is not None:
        seat.socket.refresh(tickets.mint(seat.claims, seat.ticket_at))


async def revoke(process: Process, seat: Held) -> None:
    """Take a seat away: out of the media room, and its socket closed.

    When the engine does not answer the socket is closed all the same, and the seat stays on the list: the
    next round tries again.
    """
    claims = seat.claims
    if not _superseded(process, seat):  # the engine has replaced this participant by the newer one already
        try:
            await get_engine().eject(claims.room, claims.identity)
        except EngineUnavailable as error:
            log.warning("seat not taken back yet: %s", error)
            _dismiss(seat)
            seat.socket, seat.gone_at = None, seat.gone_at or clock.now()
            return
    _dismiss(seat)
    process.held.discard(seat)


def _dismiss(seat: Held) -> None:
    if seat.socket is not None:
        seat.socket.dismiss()
