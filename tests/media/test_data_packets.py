"""Data packets leave with the name of who sent them, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol import models as lk

from signaling.media import data


def stamped(packet: lk.DataPacket) -> data.Parcel | None:
    return data.stamped(packet.SerializeToString(), identity="anna", sid="PA_anna")


def test_whoever_a_packet_claims_to_be_from_it_is_from_its_sender() -> None:
    user = lk.UserPacket(payload=b"hello", participant_identity="ben", participant_sid="PA_ben")
    parcel = stamped(
        lk.DataPacket(user=user, participant_identity="ben", participant_sid="PA_ben", sequence=4)
    )
    assert parcel is not None
    found = lk.DataPacket.FromString(parcel.data)
    assert (found.participant_identity, found.participant_sid) == ("anna", "PA_anna")
    assert (found.user.participant_identity, found.user.participant_sid) == ("anna", "PA_anna")
    assert (found.user.payload, parcel.sequence) == (b"hello", 4)


DROPPED = {
    "who speaks is for the server to say": lk.DataPacket(speaker=lk.ActiveSpeakerUpdate()),
    "words put into another's mouth": lk.DataPacket(
        transcription=lk.Transcription(transcribed_participant_identity="ben")
    ),
    "metrics": lk.DataPacket(metrics={}),
    "nothing inside": lk.DataPacket(),
    "too large": lk.DataPacket(user=lk.UserPacket(payload=bytes(data.MAX_PACKET_BYTES))),
}


@pytest.mark.parametrize("packet", DROPPED.values(), ids=DROPPED)
def test_what_clients_may_not_send_is_dropped(packet: lk.DataPacket) -> None:
    assert stamped(packet) is None


REACHED = {
    "everybody": (lk.DataPacket(user=lk.UserPacket()), {"ben", "carla"}),
    "one by identity": (lk.DataPacket(user=lk.UserPacket(), destination_identities=["ben"]), {"ben"}),
    "one by identity, the older way": (
        lk.DataPacket(user=lk.UserPacket(destination_identities=["ben"])),
        {"ben"},
    ),
    "one by sid": (lk.DataPacket(user=lk.UserPacket(destination_sids=["PA_carla"])), {"carla"}),
    "somebody who is not there": (
        lk.DataPacket(user=lk.UserPacket(), destination_identities=["dora"]),
        set(),
    ),
}


@pytest.mark.parametrize(("packet", "reached"), REACHED.values(), ids=REACHED)
def test_a_packet_reaches_whom_it_names(packet: lk.DataPacket, reached: set[str]) -> None:
    parcel = stamped(packet)
    assert parcel is not None
    assert {who for who in ("ben", "carla") if parcel.reaches(who, f"PA_{who}")} == reached


@given(st.binary(max_size=300))
def test_any_bytes_are_passed_on_stamped_or_dropped(raw: bytes) -> None:
    parcel = data.stamped(raw, identity="anna", sid="PA_anna")
    assert parcel is None or lk.DataPacket.FromString(parcel.data).participant_identity == "anna"
