"""Joining a room, being seen there, leaving it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.media.clients import Party, rtc, until
from tests.media.engines import Engine, fresh_room, status

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])


@BOTH_PATHS
async def test_whoever_joins_is_seen_with_name_metadata_and_attributes(
    people: Party, room: str, single: bool
) -> None:
    anna = await people.join("anna", room, single=single)
    await people.join(
        "ben", room, single=single, name="Ben", metadata='{"seat": 2}', attributes={"hand": "down"}
    )
    await until(lambda: anna.others == {"ben"}, "anna sees ben")
    ben = anna.room.remote_participants["ben"]
    assert (ben.name, ben.metadata, ben.attributes.get("hand")) == ("Ben", '{"seat": 2}', "down")
    await anna.told("participant_connected ben")


@BOTH_PATHS
async def test_who_joins_late_sees_who_is_there(people: Party, room: str, single: bool) -> None:
    for identity in ("anna", "ben"):
        await people.join(identity, room, single=single)
    carla = await people.join("carla", room, single=single)
    await until(lambda: carla.others == {"anna", "ben"}, "carla sees both")


async def test_own_metadata_can_be_changed_where_granted(people: Party, room: str) -> None:
    anna, ben = await people.join("anna", room), await people.join("ben", room, own_metadata=True)
    await until(lambda: "ben" in anna.others, "anna sees ben")
    await ben.room.local_participant.set_attributes({"hand": "up"})
    await until(
        lambda: anna.room.remote_participants["ben"].attributes.get("hand") == "up", "anna sees ben's hand"
    )


async def test_who_leaves_is_gone_for_the_others_at_once(people: Party, room: str) -> None:
    anna, ben = await people.join("anna", room), await people.join("ben", room)
    await until(lambda: "ben" in anna.others, "anna sees ben")
    await ben.leave()
    await anna.told("participant_disconnected ben", within_s=5)
    assert anna.others == set()


async def test_the_newest_connection_of_an_identity_takes_the_seat(people: Party, room: str) -> None:
    anna = await people.join("anna", room)
    first = await people.join("ben", room)
    second = await people.join("ben", room)
    assert await first.is_sent_away() == rtc.DisconnectReason.DUPLICATE_IDENTITY
    assert second.connected
    await until(lambda: anna.others == {"ben"}, "anna sees one ben")
    await second.publish()
    await anna.perceives(second)


async def test_rooms_do_not_see_each_other(people: Party) -> None:
    anna, ben = await people.join("anna", fresh_room()), await people.join("ben", fresh_room())
    carla = await people.join("carla", anna.room.name)
    await until(lambda: anna.others == {"carla"}, "anna sees carla")
    assert ben.others == set()
    assert carla.others == {"anna"}


@pytest.mark.parametrize("path", ["/rtc/v1", "/rtc"])
async def test_validation_says_whether_a_token_is_good(engine: Engine, room: str, path: str) -> None:
    good = engine.token("anna", room)
    assert await status(f"{engine.http}{path}/validate?access_token={good}") == 200
    strangers = Engine(engine.url, engine.key, "x" * 64).token("anna", room)
    stale = engine.token("anna", room, lives=timedelta(minutes=-10))
    for bad in (strangers, stale, "", "nonsense", good[:-4]):
        assert await status(f"{engine.http}{path}/validate?access_token={bad}") == 401


@pytest.mark.parametrize("fault", ["other key", "expired", "no token"])
async def test_a_bad_token_opens_nothing(people: Party, engine: Engine, room: str, fault: str) -> None:
    anna = await people.join("anna", room)
    tokens = {
        "other key": Engine(engine.url, engine.key, "x" * 64).token("mallory", room),
        "expired": engine.token("mallory", room, lives=timedelta(minutes=-10)),
        "no token": "",
    }
    stranger = rtc.Room()
    with pytest.raises(rtc.ConnectError):
        await stranger.connect(engine.url, tokens[fault], rtc.RoomOptions(connect_timeout=3))
    assert anna.others == set()
