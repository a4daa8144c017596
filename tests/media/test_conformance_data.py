"""Data packets: reliable or not, to all or to some, always with the true sender."""

from __future__ import annotations

from typing import Any

import pytest

from tests.media.clients import Party, linked, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])


@BOTH_PATHS
@pytest.mark.parametrize("reliable", [True, False], ids=["reliable", "lossy"])
async def test_a_packet_reaches_the_others_with_its_sender(
    people: Party, room: str, single: bool, reliable: bool
) -> None:
    anna, ben, carla = [await people.join(who, room, single=single) for who in ("anna", "ben", "carla")]
    await linked(anna, ben, carla)
    await anna.room.local_participant.publish_data(b"hello", reliable=reliable, topic="greeting")
    for other in (ben, carla):
        await other.gets()
        packet = other.packets[0]
        assert (packet.data, packet.topic, packet.participant.identity) == (b"hello", "greeting", "anna")
    assert anna.packets == []


async def test_reliable_packets_keep_their_order_and_number(people: Party, room: str) -> None:
    anna, ben = [await people.join(who, room) for who in ("anna", "ben")]
    await linked(anna, ben)
    sent = [f"{number}".encode() for number in range(100)]
    for data in sent:
        await anna.room.local_participant.publish_data(data)
    await until(lambda: len(ben.packets) >= len(sent), "ben has all of them")
    assert [packet.data for packet in ben.packets] == sent


async def test_a_packet_to_one_reaches_one(people: Party, room: str) -> None:
    anna, ben, carla = [await people.join(who, room) for who in ("anna", "ben", "carla")]
    await linked(anna, ben, carla)
    await anna.room.local_participant.publish_data(b"for ben", destination_identities=["ben"])
    await anna.room.local_participant.publish_data(b"for all")
    await until(lambda: bool(carla.packets), "carla gets what is for all")
    await until(lambda: len(ben.packets) == 2, "ben gets both")
    assert [packet.data for packet in carla.packets] == [b"for all"]


async def test_data_stays_in_its_room(people: Party, room: str) -> None:
    anna, ben = await people.join("anna", room), await people.join("ben", room)
    eve = await people.join("eve", f"{room}-other")
    mate = await people.join("mate", f"{room}-other")
    await linked(anna, ben)
    await linked(eve, mate)
    await anna.room.local_participant.publish_data(b"ours")
    await mate.room.local_participant.publish_data(b"theirs")
    await until(lambda: bool(ben.packets) and bool(eve.packets), "both packets arrived somewhere")
    assert [packet.data for packet in ben.packets] == [b"ours"]
    assert [packet.data for packet in eve.packets] == [b"theirs"]


async def test_a_text_stream_and_a_remote_call_work(people: Party, room: str) -> None:
    anna, ben = await people.join("anna", room), await people.join("ben", room)
    texts: list[tuple[Any, str]] = []
    ben.room.register_text_stream_handler("notes", lambda reader, who: texts.append((reader, who)))
    ben.room.local_participant.register_rpc_method("double", _double)
    await linked(anna, ben)
    await anna.room.local_participant.send_text("a longer text " * 500, topic="notes")
    await until(lambda: bool(texts), "ben gets the stream")
    reader, sender = texts[0]
    assert sender == "anna"
    assert await reader.read_all() == "a longer text " * 500
    answer = await anna.room.local_participant.perform_rpc(
        destination_identity="ben", method="double", payload="21"
    )
    assert answer == "42"


async def _double(call: Any) -> str:
    return str(2 * int(call.payload))
