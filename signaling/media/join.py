"""How a client says what it wants when it connects: the query of its URL, or a packed JoinRequest in it.

Source: livekit-protocol, WrappedJoinRequest; the query parameters are those of livekit-client.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError
from livekit.protocol import rtc as lk

from signaling.media.limits import MAX_INFLATED_BYTES

_TRUE: Final = frozenset({"1", "true"})


class JoinError(ValueError):
    """The client's request to join cannot be read."""


@dataclass(frozen=True, slots=True)
class Wish:
    auto_subscribe: bool
    reconnect: bool
    participant_sid: str  # whom to resume; "" finds by identity
    add_tracks: tuple[lk.AddTrackRequest, ...] = ()
    publisher_offer: lk.SessionDescription | None = None
    sync_state: lk.SyncState | None = None
    protocol: int = 0


def parse(query: Mapping[str, str]) -> Wish:
    """Raises JoinError."""
    packed = query.get("join_request")
    if packed is None:
        return Wish(
            auto_subscribe=query.get("auto_subscribe", "1") in _TRUE,
            reconnect=query.get("reconnect", "0") in _TRUE,
            participant_sid=query.get("sid", ""),
            protocol=_protocol(query.get("protocol", "")),
        )
    request = _unpack(packed)
    settings = request.connection_settings
    return Wish(
        auto_subscribe=settings.auto_subscribe,
        reconnect=request.reconnect,
        participant_sid=request.participant_sid,
        add_tracks=tuple(request.add_track_requests),
        publisher_offer=request.publisher_offer if request.publisher_offer.sdp else None,
        sync_state=request.sync_state if request.HasField("sync_state") else None,
        protocol=request.client_info.protocol,
    )


def _protocol(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _unpack(packed: str) -> lk.JoinRequest:
    try:
        text = packed.translate(str.maketrans("-_", "+/")).rstrip("=")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        wrapped = lk.WrappedJoinRequest.FromString(raw)
        body = wrapped.join_request
        if wrapped.compression == lk.WrappedJoinRequest.Compression.GZIP:
            body = _inflate(body)
        return lk.JoinRequest.FromString(body)
    except (binascii.Error, ValueError, DecodeError, zlib.error) as error:
        raise JoinError(f"unreadable join request: {type(error).__name__}") from error


def _inflate(packed: bytes) -> bytes:
    """Raises JoinError when it would grow past MAX_INFLATED_BYTES or ends early."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    body = inflater.decompress(packed, MAX_INFLATED_BYTES)
    if not inflater.eof:
        raise JoinError("join request too large or cut off")
    return body
