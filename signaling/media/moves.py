"""Put participants into other rooms over the connections they have, all in one step.

Nothing here awaits. So the last packet of an old room has been forwarded before the first line runs, and the
first of a new room can only follow the negotiation that the last lines ask for.

Source: LiveKit's RoomMoved. Traps met: the speakers of the old room must be told silent before room_moved,
afterwards the client knows no such participant; it drops everybody at room_moved, so those who move together
need new subscriptions to each other as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import rpc
from signaling.media.participant import Participant
from signaling.media.publication import Publication
from signaling.media.room import Room

DATA_REST_S: Final = (
    2.0  # a data packet of the old room, sent again on a bad line, is older than that or lost
)


@dataclass(frozen=True, slots=True)
class Step:
    participant: Participant
    source: Room
    target: Room
    token: str  # ticket for `target`


def move(steps: Iterable[Step]) -> None:
    """Each participant at most once. Steps of who left meanwhile, or is there already, do nothing."""
    steps = [s for s in steps if _due(s)]
    going = {s.participant for s in steps}
    touched: dict[Publication, None] = {}  # as ordered sets
    renegotiate: dict[Participant, None] = {}
    for step in steps:
        _cut(step.participant, step.source, touched, renegotiate)
    for step in steps:
        _leave(step)
    for step in steps:
        _tell_left(step)
    for step in steps:
        _enter(step)
    for step in steps:
        send_moved(step.participant, step.target)
    for step in steps:
        _tell_entered(step, going)
    for step in steps:
        _subscribe(step, going, touched, renegotiate)
    for participant in renegotiate:
        participant.downlink.negotiate()
    for publication in touched:  # last, so that a track that keeps a subscriber never pauses
        publication.owner.room.demand_changed(publication)


def _due(step: Step) -> bool:
    seated = step.source.members.get(step.participant.identity) is step.participant
    return seated and not step.participant.closed and step.source is not step.target


def _cut(
    participant: Participant,
    room: Room,
    touched: dict[Publication, None],
    renegotiate: dict[Participant, None],
) -> None:
    """End every subscription of and to `participant`."""
    for publication in participant.published.values():
        touched[publication] = None
        for other in room.others(participant):
            if other.downlink.cut(publication):
                renegotiate[other] = None
    for subscription in list(participant.downlink.subscriptions.values()):
        touched[subscription.publication] = None
        renegotiate[participant] = None
        participant.downlink.cut(subscription.publication)


def _leave(step: Step) -> None:
    del step.source.members[step.participant.identity]
    step.source.hush(step.participant)
    step.source.speaking.pop(step.participant.sid, None)


def _tell_left(step: Step) -> None:
    step.source.tell_left(step.participant, lk.DisconnectReason.UNKNOWN_REASON)
    if step.participant.present:
        step.source.happened(rpc.EventKind.LEFT, step.participant)


def _enter(step: Step) -> None:
    participant, target = step.participant, step.target
    target.replace(participant.identity)
    target.members[participant.identity] = participant
    participant.room, participant.token, participant.came_from = target, step.token, step.source.name
    participant.version += 1
    participant.data_from_s = time.monotonic() + DATA_REST_S


def send_moved(participant: Participant, room: Room) -> None:
    """Tell a participant that it is in `room` now, with a ticket for it."""
    participant.send(
        room_moved=rtc.RoomMovedResponse(
            room=room.info(),
            token=participant.token,
            participant=participant.info(),
            other_participants=[p.info() for p in room.others(participant)],
        )
    )
    if participant.token:
        participant.send(refresh_token=participant.token)
    room.tell_speakers(participant)


def _tell_entered(step: Step, going: set[Participant]) -> None:
    update = rtc.ParticipantUpdate(participants=[step.participant.info()])
    for other in step.target.others(step.participant):
        if other not in going:
            other.send(update=update)
    if step.participant.present:
        step.target.happened(rpc.EventKind.JOINED, step.participant)


def _subscribe(
    step: Step,
    going: set[Participant],
    touched: dict[Publication, None],
    renegotiate: dict[Participant, None],
) -> None:
    """Those who go receive everybody there; those who were there receive them."""
    mover = step.participant
    for other in step.target.others(mover):
        pairs = [(mover, other)] if other in going else [(mover, other), (other, mover)]
        for viewer, publisher in pairs:
            for publication in publisher.published.values():
                touched[publication] = None
                viewer.allowance.due.track()
                if viewer.downlink.wants(publication) and viewer.downlink.subscribe(publication):
                    renegotiate[viewer] = None
