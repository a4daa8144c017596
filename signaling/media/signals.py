"""Each signal message a client may send, and what it does. One row of HANDLERS per message.

A message that cannot be read or is not in the table is counted and left; the protocol has an answer only for
requests that name one (RequestResponse).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, Protocol

from google.protobuf.message import DecodeError
from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import limits
from signaling.media.participant import Participant
from signaling.media.sdp import SdpError

Reason = rtc.RequestResponse.Reason


class Verdict(StrEnum):
    """What became of a message; the values are names of counters."""

    HANDLED = "handled"
    UNKNOWN = "unknown"
    UNDECODABLE = "undecodable"
    BAD_SDP = "bad-sdp"
    OVERSIZE = "oversize"
    FLOOD = "flood"


class Hall(Protocol):
    """What some messages ask of all rooms together."""

    def leave(self, participant: Participant) -> None: ...

    def permitted(self, participant: Participant) -> None: ...


def handle(participant: Participant, raw: bytes, hall: Hall, handled: Counter[str], now_s: float) -> Verdict:
    """Do what one frame of the client says. Raises nothing for what the frame holds."""
    participant.heard_at_s = now_s
    if len(raw) > limits.MAX_SIGNAL_BYTES:
        return Verdict.OVERSIZE
    request = _read(raw)
    name = (request.WhichOneof("message") if request is not None else None) or ""
    if not participant.allowance.take(name, len(raw), now_s):
        return Verdict.FLOOD  # ends the line: what was read for nothing was the last
    if request is None:
        return Verdict.UNDECODABLE
    handler = HANDLERS.get(name)
    if handler is None:
        return Verdict.UNKNOWN
    handled[name] += 1
    try:
        handler(participant, getattr(request, name), hall)
    except SdpError:
        return Verdict.BAD_SDP
    return Verdict.HANDLED


def _read(raw: bytes) -> rtc.SignalRequest | None:
    try:
        return rtc.SignalRequest.FromString(raw)
    except DecodeError:
        return None


def _offer(participant: Participant, offer: rtc.SessionDescription, _hall: Hall) -> None:
    participant.take_offer(offer)


def _answer(participant: Participant, answer: rtc.SessionDescription, _hall: Hall) -> None:
    if participant.offering is not None:
        participant.offering.answered(answer.sdp, answer.id)


def _trickle(_participant: Participant, _trickled: rtc.TrickleRequest, _hall: Hall) -> None:
    """Nothing: we are ICE-lite. A client's checks come to us, and we send nowhere it only claims to be."""


def _add_track(participant: Participant, request: rtc.AddTrackRequest, _hall: Hall) -> None:
    participant.add_track(request)


def _mute(participant: Participant, request: rtc.MuteTrackRequest, _hall: Hall) -> None:
    if not participant.set_muted(request.sid, request.muted):
        participant.refuse(Reason.NOT_FOUND, mute=request)


def _subscription(participant: Participant, update: rtc.UpdateSubscription, _hall: Hall) -> None:
    sids = {*update.track_sids, *(sid for entry in update.participant_tracks for sid in entry.track_sids)}
    begun = False
    for sid in sorted(sids)[: limits.MAX_SIDS]:
        publication = participant.room.publication(sid)
        if publication is None:
            participant.send(
                subscription_response=rtc.SubscriptionResponse(
                    track_sid=sid, err=lk.SubscriptionError.SE_TRACK_NOTFOUND
                )
            )
            continue
        participant.downlink.want(sid, update.subscribe)
        if not update.subscribe:
            participant.downlink.unsubscribe(publication, asked=True)
        elif participant.downlink.subscribe(publication):
            begun = True
    if begun:
        participant.downlink.negotiate(asked=True)


def _track_setting(participant: Participant, settings: rtc.UpdateTrackSettings, _hall: Hall) -> None:
    for sid in settings.track_sids[: limits.MAX_SIDS]:
        participant.downlink.settle(
            sid, disabled=settings.disabled, quality=settings.quality, width=settings.width
        )


def _subscription_permission(
    participant: Participant, permission: rtc.SubscriptionPermission, hall: Hall
) -> None:
    participant.viewers = permission
    hall.permitted(participant)


def _sync_state(participant: Participant, state: rtc.SyncState, _hall: Hall) -> None:
    """What the client has after a resume. We know its subscriptions; what it does not want, it says."""
    if not state.subscription.subscribe:
        for sid in state.subscription.track_sids[: limits.MAX_SIDS]:
            publication = participant.room.publication(sid)
            if publication is not None:
                participant.downlink.want(sid, False)
                participant.downlink.unsubscribe(publication, asked=True)
    for sid in state.track_sids_disabled[: limits.MAX_SIDS]:
        participant.downlink.settle(sid, disabled=True, quality=0, width=0)


def _update_metadata(participant: Participant, update: rtc.UpdateParticipantMetadata, _hall: Hall) -> None:
    number = update.request_id
    attributes = {**participant.attributes, **update.attributes}
    texts = [*attributes, *attributes.values()]
    if not participant.grants.can_update_own_metadata:
        participant.refuse(Reason.NOT_ALLOWED, request_id=number)
    elif (
        len(update.metadata) > limits.MAX_METADATA
        or len(update.name) > limits.MAX_TEXT
        or len(attributes) > limits.MAX_ATTRIBUTES
        or any(len(text) > limits.MAX_TEXT for text in texts)
    ):
        participant.refuse(Reason.LIMIT_EXCEEDED, request_id=number)
    else:
        participant.name = update.name or participant.name
        participant.metadata = update.metadata or participant.metadata
        participant.attributes = {key: value for key, value in attributes.items() if value}
        participant.room.changed(participant, tell_self=True)
        participant.refuse(Reason.OK, request_id=number)


def _update_audio_track(participant: Participant, update: rtc.UpdateLocalAudioTrack, _hall: Hall) -> None:
    publication = participant.published.get(update.track_sid)
    if publication is not None:
        del publication.info.audio_features[:]
        publication.info.audio_features.extend(update.features[:8])
        participant.room.changed(participant)


def _update_video_track(participant: Participant, update: rtc.UpdateLocalVideoTrack, _hall: Hall) -> None:
    publication = participant.published.get(update.track_sid)
    if publication is not None:
        publication.info.width, publication.info.height = update.width, update.height
        participant.room.changed(participant)


def _ping(participant: Participant, _sent_at_ms: int, _hall: Hall) -> None:
    participant.send(pong=int(time.time() * 1000))


def _ping_req(participant: Participant, ping: rtc.Ping, _hall: Hall) -> None:
    participant.send(
        pong_resp=rtc.Pong(last_ping_timestamp=ping.timestamp, timestamp=int(time.time() * 1000))
    )


def _leave(participant: Participant, _request: rtc.LeaveRequest, hall: Hall) -> None:
    hall.leave(participant)


def _no_data_tracks(participant: Participant, request: rtc.PublishDataTrackRequest, _hall: Hall) -> None:
    participant.refuse(Reason.UNSUPPORTED_TYPE, publish_data_track=request)


HANDLERS: Final[dict[str, Callable[[Participant, Any, Hall], None]]] = {
    "offer": _offer,
    "answer": _answer,
    "trickle": _trickle,
    "add_track": _add_track,
    "mute": _mute,
    "subscription": _subscription,
    "track_setting": _track_setting,
    "subscription_permission": _subscription_permission,
    "sync_state": _sync_state,
    "update_metadata": _update_metadata,
    "update_audio_track": _update_audio_track,
    "update_video_track": _update_video_track,
    "ping": _ping,
    "ping_req": _ping_req,
    "leave": _leave,
    "publish_data_track_request": _no_data_tracks,
}
