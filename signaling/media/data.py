"""Data packets of participants, between their data channels. Pure.

The sender is who the transport says it is: whatever a client wrote about itself is overwritten. Packets that
only a server may originate, or that speak about somebody else, are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError
from livekit.protocol import models as lk

RELIABLE: Final = "_reliable"
LOSSY: Final = "_lossy"
LABELS: Final = frozenset({RELIABLE, LOSSY})
MAX_PACKET_BYTES: Final = 64 << 10

_FROM_CLIENTS: Final = frozenset(
    {
        "user",
        "chat_message",
        "rpc_request",
        "rpc_ack",
        "rpc_response",
        "stream_header",
        "stream_chunk",
        "stream_trailer",
        "encrypted_packet",
    }
)


@dataclass(frozen=True, slots=True)
class Parcel:
    data: bytes
    sequence: int  # of reliable packets, from 1; 0 when the client numbers none
    destinations: frozenset[str]  # identities; empty means everybody
    destination_sids: frozenset[str]

    def reaches(self, identity: str, sid: str) -> bool:
        if not self.destinations and not self.destination_sids:
            return True
        return identity in self.destinations or sid in self.destination_sids


def stamped(raw: bytes, *, identity: str, sid: str) -> Parcel | None:
    """The packet as others may get it, None when it may not be passed on."""
    if len(raw) > MAX_PACKET_BYTES:
        return None
    try:
        packet = lk.DataPacket.FromString(raw)
    except DecodeError:
        return None
    if packet.WhichOneof("value") not in _FROM_CLIENTS:
        return None
    packet.participant_identity, packet.participant_sid = identity, sid
    destinations = set(packet.destination_identities)
    sids: set[str] = set()
    if packet.HasField("user"):
        packet.user.participant_identity, packet.user.participant_sid = identity, sid
        destinations |= set(packet.user.destination_identities)
        sids = set(packet.user.destination_sids)
    return Parcel(packet.SerializeToString(), packet.sequence, frozenset(destinations), frozenset(sids))
