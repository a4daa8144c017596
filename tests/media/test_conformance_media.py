"""What one member publishes, the others perceive: their own tone and picture, from whom it says, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.clients import HEIGHT, WIDTH, Party, rtc, tone_hz, until
from tests.media.engines import fresh_room

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
CAMERA, MICROPHONE = rtc.TrackSource.SOURCE_CAMERA, rtc.TrackSource.SOURCE_MICROPHONE


@BOTH_PATHS
async def test_two_members_hear_and_see_each_other(people: Party, room: str, single: bool) -> None:
    anna = await people.join("anna", room, single=single)
    ben = await people.join("ben", room, single=single)
    await anna.publish()
    await ben.publish()
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
    assert anna.of("ben").size == (WIDTH, HEIGHT)


async def test_the_two_paths_meet_in_one_room(people: Party, room: str) -> None:
    anna = await (await people.join("anna", room, single=True)).publish()
    ben = await (await people.join("ben", room, single=False)).publish()
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))


@BOTH_PATHS
async def test_who_joins_late_perceives_who_already_publishes(people: Party, room: str, single: bool) -> None:
    anna = await (await people.join("anna", room, single=single)).publish()
    ben = await (await people.join("ben", room, single=single)).publish()
    carla = await people.join("carla", room, single=single)
    await asyncio.gather(carla.perceives(anna), carla.perceives(ben))


async def test_a_publication_says_its_kind_source_and_size(people: Party, room: str) -> None:
    anna = await people.join("anna", room)
    ben = await (await people.join("ben", room)).publish()
    await anna.perceives(ben)
    camera, microphone = anna.publication("ben", CAMERA), anna.publication("ben", MICROPHONE)
    assert (camera.kind, camera.width, camera.height) == (rtc.TrackKind.KIND_VIDEO, WIDTH, HEIGHT)
    assert camera.mime_type.lower() == "video/vp8"
    assert microphone.kind == rtc.TrackKind.KIND_AUDIO
    assert not camera.muted
    assert not microphone.muted


@BOTH_PATHS
async def test_mute_is_seen_and_silent_and_unmute_sounds_again(
    people: Party, room: str, single: bool
) -> None:
    anna = await people.join("anna", room, single=single)
    ben = await (await people.join("ben", room, single=single)).publish()
    await anna.perceives(ben)
    for source, publication in ben.published.items():
        publication.track.mute()
        await anna.told(f"track_muted ben {source}")
    assert anna.publication("ben", MICROPHONE).muted
    await anna.hears_nothing_of(ben)
    for source, publication in ben.published.items():
        publication.track.unmute()
        await anna.told(f"track_unmuted ben {source}")
    await anna.perceives(ben)


@BOTH_PATHS
async def test_what_is_unpublished_ends_and_can_be_published_again(
    people: Party, room: str, single: bool
) -> None:
    anna = await people.join("anna", room, single=single)
    ben = await (await people.join("ben", room, single=single)).publish()
    await anna.perceives(ben)
    await ben.room.local_participant.unpublish_track(ben.published["camera"].sid)
    await until(lambda: anna.publication("ben", CAMERA) is None, "anna sees the camera go")
    await anna.hears(ben)
    await ben.show()
    await anna.perceives(ben)


async def test_a_member_chooses_what_to_receive(people: Party, room: str) -> None:
    anna = await people.join("anna", room, auto_subscribe=False)
    ben = await (await people.join("ben", room)).publish()
    await until(lambda: anna.publication("ben", MICROPHONE) is not None, "anna knows of ben's microphone")
    anna.publication("ben", MICROPHONE).set_subscribed(True)
    await anna.hears(ben)
    assert anna.of("ben").frames == 0
    anna.publication("ben", CAMERA).set_subscribed(True)
    await anna.sees(ben)


@BOTH_PATHS
async def test_sections_are_used_again_when_members_come_and_go(
    people: Party, room: str, single: bool
) -> None:
    """Who comes later must not be heard or seen as who left."""
    anna = await people.join("anna", room, single=single)
    for identity in ("ben", "carla", "dora"):
        guest = await (await people.join(identity, room, single=single)).publish()
        await anna.perceives(guest)
        await guest.leave()
        await anna.told(f"participant_disconnected {identity}")
    for number, identity in enumerate(("ben", "carla", "dora"), 2):
        assert set(anna.of(identity).tones) <= {tone_hz(number)}


async def test_who_speaks_is_announced(people: Party, room: str) -> None:
    anna = await people.join("anna", room)
    ben = await people.join("ben", room)
    await people.join("carla", room)
    await ben.speak()
    await anna.told("speaking ben")


async def test_end_to_end_encryption_passes_through(people: Party, room: str) -> None:
    key = b"nobody in between knows this"
    anna = await (await people.join("anna", room, key=key)).publish()
    ben = await (await people.join("ben", room, key=key)).publish()
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
    assert anna.publication("ben", CAMERA).encryption_type == rtc.EncryptionType.GCM


async def test_without_the_key_there_is_nothing_to_see_or_hear(people: Party, room: str) -> None:
    anna = await (await people.join("anna", room, key=b"the right key")).publish()
    ben = await people.join("ben", room, key=b"the right key")
    eve = await people.join("eve", room, key=b"a guess")
    await ben.perceives(anna)  # so it flows
    await until(lambda: eve.publication("anna", CAMERA) is not None, "eve knows of the camera")
    assert eve.of("anna").numbers[anna.number] == 0
    assert eve.of("anna").tones[tone_hz(anna.number)] == 0


async def test_two_rooms_never_hear_each_other(people: Party) -> None:
    first, second = fresh_room(), fresh_room()
    anna = await (await people.join("anna", first)).publish()
    ben = await (await people.join("ben", second)).publish()
    carla = await (await people.join("carla", first)).publish()
    dora = await (await people.join("dora", second)).publish()
    pairs = ((anna, carla), (carla, anna), (ben, dora), (dora, ben))
    await asyncio.gather(*(one.perceives(other) for one, other in pairs))
    for one, other in pairs:
        assert set(one.received) == {other.identity}
        assert set(one.of(other.identity).tones) == {tone_hz(other.number)}
