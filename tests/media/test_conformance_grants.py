"""What a token does not grant does not happen, whatever the client asks."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.clients import Party, linked, rtc, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAMERA, MICROPHONE = rtc.TrackSource.SOURCE_CAMERA, rtc.TrackSource.SOURCE_MICROPHONE
SCREEN, UNKNOWN = rtc.TrackSource.SOURCE_SCREENSHARE, rtc.TrackSource.SOURCE_UNKNOWN
REFUSED = (rtc.participant.PublishTrackError, TimeoutError)


async def refused(publishing: object) -> None:
    """The client is told, or gives up waiting; either way nothing is published."""
    with pytest.raises(REFUSED):
        await asyncio.wait_for(publishing, 12)  # type: ignore[arg-type]


async def test_without_publish_nothing_is_published(people: Party, room: str) -> None:
    anna = await people.join("anna", room)
    mallory = await people.join("mallory", room, publish=False)
    await refused(mallory.speak())
    ben = await (await people.join("ben", room)).publish()
    await anna.perceives(ben)
    assert not anna.room.remote_participants["mallory"].track_publications


async def test_without_subscribe_nothing_is_received(people: Party, room: str) -> None:
    anna = await (await people.join("anna", room)).publish()
    deaf = await (await people.join("deaf", room, subscribe=False)).publish()
    ben = await people.join("ben", room)
    await asyncio.gather(ben.perceives(anna), ben.perceives(deaf), anna.perceives(deaf))
    received = deaf.of("anna")
    assert (received.frames, received.windows) == (0, 0)


@pytest.mark.parametrize(
    ("granted", "asked"),
    [
        (("microphone",), CAMERA),
        (("microphone", "camera"), SCREEN),
        (("microphone", "camera"), UNKNOWN),
    ],
    ids=["camera", "screen", "a source that says nothing"],
)
async def test_only_granted_sources_are_published(
    people: Party, room: str, granted: tuple[str, ...], asked: int
) -> None:
    anna = await people.join("anna", room)
    ben = await people.join("ben", room, sources=granted)
    await refused(ben.show(asked))
    await ben.speak()
    await anna.hears(ben)
    assert [one.source for one in anna.room.remote_participants["ben"].track_publications.values()] == [
        MICROPHONE
    ]
    assert anna.of("ben").frames == 0


async def test_without_data_no_data_arrives(people: Party, room: str) -> None:
    anna = await people.join("anna", room)
    mallory = await people.join("mallory", room, data=False)
    ben = await people.join("ben", room)
    await linked(anna, ben)
    forbidden = asyncio.gather(
        mallory.room.local_participant.publish_data(b"forbidden"), return_exceptions=True
    )
    await forbidden
    await ben.room.local_participant.publish_data(b"allowed")
    await until(lambda: bool(anna.packets), "anna gets ben's packet")
    assert [packet.data for packet in anna.packets] == [b"allowed"]


async def test_without_the_grant_own_metadata_stays(people: Party, room: str) -> None:
    anna = await people.join("anna", room)
    ben = await people.join("ben", room, own_metadata=False, metadata="as given")
    await asyncio.gather(
        asyncio.wait_for(ben.room.local_participant.set_metadata("changed"), 8), return_exceptions=True
    )
    await linked(anna, ben)
    await ben.room.local_participant.publish_data(b"after")
    await until(lambda: bool(anna.packets), "what ben did later has arrived")
    assert anna.room.remote_participants["ben"].metadata == "as given"
