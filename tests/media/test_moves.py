"""Coming back to a seat, and being moved to another room over the connection one has."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import rpc
from signaling.media.rpc import EventKind, Grants
from tests.media.engines import fresh_room
from tests.media.signalling import Client, WebProcess, description, until, web_process, worker

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def web() -> AsyncIterator[WebProcess]:
    async with worker() as process, web_process(process.path) as stream:
        yield stream


@pytest.fixture
def main() -> str:
    return fresh_room()


@pytest.fixture
def breakout() -> str:
    return fresh_room()


async def move(web: WebProcess, source: str, target: str, *clients: Client) -> rpc.Reply:
    moves = tuple(rpc.Relocation(c.identity, source, target, f"ticket-{c.identity}") for c in clients)
    return await web.ask(lambda call: rpc.Move(call, moves))


async def back(web: WebProcess, client: Client, room: str, **fields: object) -> Client:
    return await web.open(
        client.identity, room, query={"reconnect": 1, "sid": client.sid}, **({"token": "newer"} | fields)
    )


# Coming back.


@pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
async def test_a_lost_line_is_resumed_in_the_same_seat(web: WebProcess, main: str, single: bool) -> None:
    anna, ben = await web.join("anna", main, single=single), await web.join("ben", main)
    anna.hang_up()
    again = await back(web, anna, main, single=single)
    await again.got("reconnect")
    assert again.responses[0].WhichOneof("message") == "reconnect"
    assert {p.identity for p in (await again.got("update")).participants} == {"anna", "ben"}
    assert await again.got("refresh_token") == "newer"
    assert again.all("join") == []
    await ben.settled()
    assert ben.sees()["anna"].sid == anna.sid
    assert not web.heard_of(EventKind.LEFT, "anna")


async def test_a_line_that_is_not_lost_yet_gives_way(web: WebProcess, main: str) -> None:
    anna = await web.join("anna", main)
    again = await back(web, anna, main)
    await again.got("reconnect")
    await until(lambda: anna.hung_up is not None, "the older line is hung up")
    await again.settled()


NO_SEAT = {
    "a sid nobody has": {"query": {"reconnect": 1, "sid": "PA_none"}},
    "the seat of somebody else": {"identity": "mallory"},
    "the other kind of connection": {"single": False},
}


@pytest.mark.parametrize("change", NO_SEAT.values(), ids=NO_SEAT)
async def test_who_has_no_such_seat_must_join_anew(
    web: WebProcess, main: str, change: dict[str, object]
) -> None:
    anna = await web.join("anna", main)
    fields: dict[str, object] = {"identity": "anna", "query": {"reconnect": 1, "sid": anna.sid}} | change
    other = await web.open(room=main, **fields)  # type: ignore[arg-type]
    leave = await other.got("leave")
    assert leave.action == rtc.LeaveRequest.Action.RECONNECT
    assert leave.reason == lk.DisconnectReason.STATE_MISMATCH
    await anna.settled()
    assert anna.hung_up is None


async def test_who_was_ejected_may_not_resume(web: WebProcess, main: str) -> None:
    anna, ben = await web.join("anna", main), await web.join("ben", main)
    await anna.publish("microphone")
    await web.ask(lambda call: rpc.Eject(call, main, "anna"))
    leave = await anna.got("leave")
    assert (leave.action, leave.reason) == (
        rtc.LeaveRequest.Action.DISCONNECT,
        lk.DisconnectReason.PARTICIPANT_REMOVED,
    )
    await until(lambda: anna.hung_up is not None, "her line is hung up")
    await until(lambda: ben.sees() == {}, "ben sees her gone")
    assert anna.all("track_unpublished") == []
    again = await back(web, anna, main)
    assert (await again.got("leave")).action == rtc.LeaveRequest.Action.RECONNECT


async def test_closing_a_room_ends_everybody_in_it_and_nobody_else(
    web: WebProcess, main: str, breakout: str
) -> None:
    inside = [await web.join("anna", main), await web.join("ben", main, single=False)]
    outside = await web.join("carla", breakout)
    await web.ask(lambda call: rpc.CloseRoom(call, main))
    for client in inside:
        assert (await client.got("leave")).reason == lk.DisconnectReason.ROOM_DELETED
    await outside.settled()
    assert outside.hung_up is None


# Being moved.


@pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
async def test_a_moved_participant_is_told_and_so_is_everybody(
    web: WebProcess, main: str, breakout: str, single: bool
) -> None:
    anna, ben = await web.join("anna", main, single=single), await web.join("ben", main)
    carla = await web.join("carla", breakout)
    assert (await move(web, main, breakout, anna)).error == ""
    moved = await anna.got("room_moved")
    assert (moved.room.name, moved.token) == (breakout, "ticket-anna")
    assert [p.identity for p in moved.other_participants] == ["carla"]
    assert moved.participant.sid == anna.sid
    assert anna.hung_up is None
    await until(lambda: ben.sees() == {}, "ben sees anna gone")
    await until(lambda: set(carla.sees()) == {"anna"}, "carla sees anna")


async def test_those_who_move_together_see_each_other_there(
    web: WebProcess, main: str, breakout: str
) -> None:
    anna, ben, carla = [await web.join(name, main) for name in ("anna", "ben", "carla")]
    await move(web, main, breakout, anna, ben)
    for client, other in ((anna, "ben"), (ben, "anna")):
        moved = await client.got("room_moved")
        assert [p.identity for p in moved.other_participants] == [other]
    await until(lambda: carla.sees() == {}, "carla sees them gone")


async def test_what_one_publishes_goes_along_and_nothing_of_the_old_room_stays(
    web: WebProcess, main: str, breakout: str
) -> None:
    anna, ben = await web.join("anna", main), await web.join("ben", main)
    carla = await web.join("carla", breakout)
    for client in (ben, carla):
        client.offer()
        await client.got("answer")
    await anna.publish("microphone")
    await ben.got("media_sections_requirement")
    await move(web, main, breakout, anna)
    await carla.got("media_sections_requirement")
    await ben.got("media_sections_requirement", 2)  # to negotiate what ended away
    assert len(carla.sees()["anna"].tracks) == 1
    ben.offer()
    assert dict((await ben.got("answer", 2)).mid_to_track_id) == {}


@pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
async def test_what_a_hundred_moves_make_a_client_say_is_no_flood(
    web: WebProcess, main: str, breakout: str, single: bool
) -> None:
    anna, ben = await web.join("anna", main, single=single), await web.join("ben", main)
    anna.offer()
    await anna.got("answer")
    await ben.publish("microphone")
    rooms, offered = [main, breakout], 0
    for number in range(100):
        there, here = rooms[(number + 1) % 2], rooms[number % 2]
        await move(web, here, there, anna, ben)
        moved = await anna.got("room_moved", number + 1)
        (track,) = moved.other_participants[0].tracks
        if single:
            anna.offer()
            anna.offer()  # a section that carried another track rests for a round
        elif len(offers := anna.all("offer")) > offered:
            offered, text = len(offers), description("chromium-answers")
            anna.say(answer=rtc.SessionDescription(type="answer", sdp=text, id=offers[-1].id))
        anna.say(subscription=rtc.UpdateSubscription(track_sids=[track.sid], subscribe=True))
        for disabled in (True, False):
            anna.say(track_setting=rtc.UpdateTrackSettings(track_sids=[track.sid], disabled=disabled))
        await anna.settled()
    assert anna.hung_up is None


async def test_what_a_client_asks_for_itself_is_a_flood_all_the_same(web: WebProcess, main: str) -> None:
    anna, ben = await web.join("anna", main), await web.join("ben", main)
    track = await ben.publish("microphone")
    anna.offer()
    await anna.got("answer")
    for number in range(200):
        anna.say(subscription=rtc.UpdateSubscription(track_sids=[track.sid], subscribe=bool(number % 2)))
        anna.offer()
    await until(lambda: anna.hung_up == 4429, "anna's line is hung up")


async def test_being_moved_twice_or_to_where_one_is_changes_nothing(
    web: WebProcess, main: str, breakout: str
) -> None:
    anna = await web.join("anna", main)
    await move(web, main, breakout, anna)
    assert (await move(web, main, breakout, anna)).error == ""
    assert (await move(web, breakout, breakout, anna)).error == ""
    await anna.settled()
    assert len(anna.all("room_moved")) == 1
    await move(web, breakout, main, anna)
    assert (await anna.got("room_moved", 2)).room.name == main


async def test_what_is_watched_of_a_camera_is_told_again_on_resuming(web: WebProcess, main: str) -> None:
    """Else a layer switched off for want of viewers stays off, though somebody came meanwhile."""
    anna, ben = await web.join("anna", main), await web.join("ben", main)
    track = await anna.publish("camera")
    ben.offer()
    assert watched(await anna.got("subscribed_quality_update")) == {"LOW", "MEDIUM", "HIGH"}
    ben.say(track_setting=rtc.UpdateTrackSettings(track_sids=[track.sid], disabled=True))
    assert watched(await anna.got("subscribed_quality_update", 2)) == set()
    anna.hang_up()
    ben.say(track_setting=rtc.UpdateTrackSettings(track_sids=[track.sid], quality=lk.VideoQuality.LOW))
    await ben.settled()
    again = await back(web, anna, main)
    assert watched(await again.got("subscribed_quality_update")) == {"LOW"}


async def test_a_mute_while_the_line_was_lost_is_told_on_resuming(web: WebProcess, main: str) -> None:
    """Before the rest: a client that reads of itself as muted, and knows nothing of it, un-mutes."""
    anna = await web.join("anna", main)
    track = await anna.publish("microphone")
    anna.hang_up()
    await web.ask(lambda call: rpc.Mute(call, main, "anna", "microphone"))
    again = await back(web, anna, main)
    mute = await again.got("mute")
    assert (mute.sid, mute.muted) == (track.sid, True)
    await again.got("update")
    assert again.order("mute", "update")[0] == "mute"


def watched(update: rtc.SubscribedQualityUpdate) -> set[str]:
    return {lk.VideoQuality.Name(one.quality) for one in update.subscribed_qualities if one.enabled}


async def test_a_move_that_was_missed_is_told_again_on_resuming(
    web: WebProcess, main: str, breakout: str
) -> None:
    anna, carla = await web.join("anna", main), await web.join("carla", breakout)
    anna.hang_up()
    await move(web, main, breakout, anna)
    again = await back(web, anna, main)
    moved = await again.got("room_moved")
    assert (moved.room.name, moved.token) == (breakout, "ticket-anna")
    assert again.order("reconnect", "room_moved") == ["reconnect", "room_moved"]
    assert "newer" not in again.all("refresh_token")
    assert set(carla.sees()) == {"anna"}


async def test_a_newer_ticket_than_the_worker_knows_moves_its_bearer(
    web: WebProcess, main: str, breakout: str
) -> None:
    anna = await web.join("anna", main)
    again = await back(web, anna, breakout)
    assert (await again.got("room_moved")).room.name == breakout


async def test_a_ticket_checked_before_a_move_and_used_after_it_leads_to_the_new_room(
    web: WebProcess, main: str, breakout: str
) -> None:
    carla = await web.join("carla", breakout)
    absent = rpc.Relocation("anna", main, breakout, "ticket-anna")
    assert (await web.ask(lambda call: rpc.Move(call, (absent,)))).error == "no-such-participant"
    anna = await web.join("anna", main)
    assert anna.all("join")[0].room.name == breakout
    assert await anna.got("refresh_token") == "ticket-anna"
    await until(lambda: set(carla.sees()) == {"anna"}, "carla sees anna")


async def test_muted_stays_muted_across_a_move_and_a_resume(
    web: WebProcess, main: str, breakout: str
) -> None:
    anna, carla = await web.join("anna", main), await web.join("carla", breakout)
    await anna.publish("microphone")
    await web.ask(lambda call: rpc.Mute(call, main, "anna"))
    await move(web, main, breakout, anna)
    again = await back(web, anna, breakout)
    await again.got("reconnect")
    await until(lambda: "anna" in carla.sees(), "carla sees anna")
    assert carla.sees()["anna"].tracks[0].muted
    assert not any(m for m in again.all("mute") if not m.muted)


async def test_restrictions_of_a_publisher_go_along(web: WebProcess, main: str, breakout: str) -> None:
    anna, carla = await web.join("anna", main), await web.join("carla", breakout)
    carla.offer()
    await anna.publish("microphone")
    anna.say(subscription_permission=rtc.SubscriptionPermission(all_participants=False))
    await anna.settled()
    await move(web, main, breakout, anna)
    await until(lambda: "anna" in carla.sees(), "carla sees anna")
    await carla.settled()
    assert carla.all("media_sections_requirement") == []


async def test_who_may_not_subscribe_is_given_nothing_anywhere(
    web: WebProcess, main: str, breakout: str
) -> None:
    anna = await web.join("anna", main, grants=Grants(can_subscribe=False))
    anna.offer()
    await anna.got("answer")
    carla = await web.join("carla", breakout)
    await carla.publish("microphone")
    await move(web, main, breakout, anna)
    await anna.got("room_moved")
    anna.offer()
    assert "a=sendonly" not in (await anna.got("answer", 2)).sdp
