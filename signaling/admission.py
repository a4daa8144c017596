"""Who may open a media connection: the bearer of a ticket whose placement still stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from channels.db import database_sync_to_async

from sessions.core import clock
from sessions.room import service
from signaling import tickets
from signaling.origin import header
from signaling.tickets import BadTicket, Claims


def query_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a request; of a repeated one the first."""
    pairs = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return dict(reversed(pairs))


def token_of(scope: Mapping[str, Any]) -> str:
    """The ticket of a request: browsers put it into the query, native clients into a header."""
    bearer = header(scope, b"authorization").removeprefix("Bearer ")
    return query_of(scope).get("access_token", "") or bearer


async def admit(token: str) -> Claims:
    """What the ticket says, when it is good and its seat is current.

    Raises:
        BadTicket: not good, or the placement has changed since. The two are never told apart.
    """
    claims = await current(tickets.verify(token, clock.now()))
    if claims is None:
        raise BadTicket
    return claims


async def current(claims: Claims) -> Claims | None:
    """The same with what its bearer may do now; None when the placement it names is no longer theirs.

    To try the line it is enough to have a part in the meeting.
    """
    if claims.probe:
        actor = service.Actor(claims.person_id, claims.meeting_id)
        return claims if await database_sync_to_async(service.may_come)(actor) else None
    pair = (claims.meeting_id, claims.person_id)
    seat = (await database_sync_to_async(service.seats)([pair])).get(pair)
    if seat is None or not is_seat_of(claims, seat):
        return None
    return replace(claims, grants=tickets.grants_of(seat.may_share_screen))


def is_seat_of(claims: Claims, current: service.CurrentSeat | None) -> bool:
    return current is not None and (current.media_room, current.identity, current.version) == (
        claims.room,
        claims.identity,
        claims.version,
    )
