"""What a client may say to its worker, what it is answered, and what it may not do."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import limits, rpc, sdp
from signaling.media.rpc import EventKind, Grants
from tests.media.engines import fresh_room
from tests.media.signalling import Client, WebProcess, description, until, web_process, worker
from tests.media.test_sdp import mutated

pytestmark = pytest.mark.asyncio(loop_scope="module")

Reason = rtc.RequestResponse.Reason


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def web() -> AsyncIterator[WebProcess]:
    async with worker() as process, web_process(process.path) as stream:
        yield stream


@pytest.fixture
def room() -> str:
    return fresh_room()


async def verdicts(web: WebProcess) -> dict[str, int]:
    found: dict[str, int] = (await web.statistics())["verdicts"]
    return found


# Joining.


@pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
async def test_a_join_says_who_is_there_and_the_others_hear_of_it(
    web: WebProcess, room: str, single: bool
) -> None:
    anna = await web.join("anna", room, single=single)
    ben = await web.join("ben", room, single=single)
    joined = ben.all("join")[0]
    assert ben.responses[0].WhichOneof("message") == "join"
    assert [p.identity for p in joined.other_participants] == ["anna"]
    assert joined.subscriber_primary is not single
    await until(lambda: set(anna.sees()) == {"ben"}, "anna sees ben")


async def test_a_newer_ticket_is_handed_to_the_client(web: WebProcess, room: str) -> None:
    anna = await web.join("anna", room, token="first")
    assert await anna.got("refresh_token") == "first"
    web.send(rpc.Refresh(anna.session, "second"))
    assert await anna.got("refresh_token", 2) == "second"


def packed(request: rtc.JoinRequest, compress: bool) -> str:
    body, kinds = request.SerializeToString(), rtc.WrappedJoinRequest.Compression
    wrapped = rtc.WrappedJoinRequest(
        compression=kinds.GZIP if compress else kinds.NONE,
        join_request=gzip.compress(body) if compress else body,
    )
    return base64.urlsafe_b64encode(wrapped.SerializeToString()).decode().rstrip("=")


@pytest.mark.parametrize("compress", [True, False])
async def test_a_packed_join_request_publishes_with_the_first_message(
    web: WebProcess, room: str, compress: bool
) -> None:
    request = rtc.JoinRequest(
        connection_settings=rtc.ConnectionSettings(auto_subscribe=True),
        add_track_requests=[
            rtc.AddTrackRequest(cid="mic", type=lk.TrackType.AUDIO, source=lk.TrackSource.MICROPHONE)
        ],
        publisher_offer=rtc.SessionDescription(type="offer", sdp=description("chromium-one-connection")),
    )
    anna = await web.join("anna", room, query={"join_request": packed(request, compress)})
    assert (await anna.got("track_published")).cid == "mic"
    assert "recvonly" in (await anna.got("answer")).sdp


UNREADABLE = {
    "no base64": "%%%",
    "no protobuf": base64.b64encode(b"\xff" * 40).decode(),
    "no gzip": base64.b64encode(
        rtc.WrappedJoinRequest(compression="GZIP", join_request=b"plain").SerializeToString()
    ).decode(),
    "one that would grow too large": base64.b64encode(
        rtc.WrappedJoinRequest(
            compression="GZIP", join_request=gzip.compress(bytes(limits.MAX_INFLATED_BYTES + 1))
        ).SerializeToString()
    ).decode(),
}


@pytest.mark.parametrize("request_text", UNREADABLE.values(), ids=UNREADABLE)
async def test_an_unreadable_join_request_is_refused(web: WebProcess, room: str, request_text: str) -> None:
    anna = await web.open("anna", room, query={"join_request": request_text})
    assert (await anna.got("leave")).reason == lk.DisconnectReason.JOIN_FAILURE
    await until(lambda: anna.hung_up == 4400, "the line is hung up")
    await web.join("ben", room)


async def test_the_newest_connection_of_an_identity_wins(web: WebProcess, room: str) -> None:
    first, other = await web.join("anna", room), await web.join("ben", room)
    second = await web.join("anna", room)
    assert (await first.got("leave")).reason == lk.DisconnectReason.DUPLICATE_IDENTITY
    await until(lambda: first.hung_up is not None, "the older line is hung up")
    assert web.heard_of(EventKind.REPLACED, "anna")
    await until(lambda: other.sees()["anna"].sid == second.sid, "ben sees the newer one")
    assert second.hung_up is None


async def test_who_leaves_is_gone_for_the_others(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    ben.say(leave=rtc.LeaveRequest())
    await until(lambda: anna.sees() == {}, "ben is gone")
    assert web.heard_of(EventKind.LEFT, "ben")
    assert ben.all("leave") == []


# Publishing, and what grants allow.


async def test_a_track_is_published_once_its_section_is_there(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    info = await anna.publish("microphone")
    await until(lambda: len(ben.sees()["anna"].tracks) == 1, "ben sees the track")
    assert ben.sees()["anna"].tracks[0].sid == info.sid
    answer = sdp.parse(anna.all("answer")[-1].sdp)
    assert str(answer.sections[7].direction) == "recvonly"


MAY_NOT = {
    "a track, where none may be published": (Grants(can_publish=False), "microphone", {}),
    "a screen, where camera and microphone may": (
        Grants(sources=("camera", "microphone")),
        "screen_share",
        {},
    ),
    "a track of no known source, where sources are named": (Grants(sources=("camera",)), "unknown", {}),
    "a picture as a microphone": (Grants(), "microphone", {"type": lk.TrackType.VIDEO}),
    "sound as a camera": (Grants(), "camera", {"type": lk.TrackType.AUDIO}),
}


@pytest.mark.parametrize(("grants", "source", "fields"), MAY_NOT.values(), ids=MAY_NOT)
async def test_what_is_not_granted_is_refused_and_its_section_stays_inactive(
    web: WebProcess, room: str, grants: Grants, source: str, fields: dict[str, Any]
) -> None:
    anna = await web.join("anna", room, grants=grants)
    anna.add_track(source, **fields)
    refusal = await anna.got("request_response")
    assert (refusal.reason, refusal.WhichOneof("request")) == (Reason.NOT_ALLOWED, "add_track")
    anna.offer()
    answer = sdp.parse((await anna.got("answer")).sdp)
    assert {str(s.direction) for s in answer.sections if s.kind in ("audio", "video")} == {"inactive"}
    assert anna.all("track_published") == []


async def test_a_track_takes_only_a_section_of_its_kind(web: WebProcess, room: str) -> None:
    anna = await web.join("anna", room, grants=Grants(sources=("microphone",)))
    video = sdp.parse(description("chromium-one-connection")).sections[8]
    await anna.publish("microphone")
    anna.add_track("microphone", cid=video.track_id)
    await anna.got("track_published", 2)
    anna.offer()
    answer = sdp.parse((await anna.got("answer", 2)).sdp)
    assert str(answer.sections[8].direction) == "inactive"


async def test_no_more_tracks_than_anybody_needs(web: WebProcess, room: str) -> None:
    anna = await web.join("anna", room)
    for _ in range(limits.MAX_TRACKS + 1):
        anna.add_track()
    refusal = await anna.got("request_response")
    assert refusal.reason == Reason.LIMIT_EXCEEDED
    assert len(anna.all("track_published")) == limits.MAX_TRACKS


async def test_what_a_client_names_its_track_adds_no_line_to_anothers_description(
    web: WebProcess, room: str
) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room, single=False)
    anna.add_track(name="x\r\na=evil:1", stream="s\r\na=evil:2")
    await anna.got("track_published")
    anna.offer()
    await until(
        lambda: any(o.mid_to_track_id for o in ben.all("offer")) or answered(ben), "ben is offered it"
    )
    assert "m=audio" in ben.all("offer")[-1].sdp
    assert "evil" not in ben.all("offer")[-1].sdp


async def test_a_newer_ticket_that_grants_less_ends_what_it_no_longer_allows(
    web: WebProcess, room: str
) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    info = await anna.publish("microphone")
    await until(lambda: len(ben.sees()["anna"].tracks) == 1, "ben sees the track")
    query = {"reconnect": 1, "sid": anna.sid}
    again = await web.open("anna", room, query=query, grants=Grants(can_publish=False))
    assert (await again.got("track_unpublished")).track_sid == info.sid
    await until(lambda: len(ben.sees()["anna"].tracks) == 0, "ben sees no track")


# Muting.


async def test_the_server_mutes_and_only_the_owner_unmutes(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    info = await anna.publish("microphone")
    await web.ask(lambda call: rpc.Mute(call, room, "anna"))
    muted = await anna.got("mute")
    assert (muted.sid, muted.muted) == (info.sid, True)
    await until(lambda: ben.sees()["anna"].tracks[0].muted, "ben sees it muted")
    assert rpc.Event(EventKind.MUTED, room, "anna", "microphone") in web.events
    await web.ask(lambda call: rpc.Mute(call, room, "anna"))
    await anna.settled()
    assert len(anna.all("mute")) == 1
    anna.say(mute=rtc.MuteTrackRequest(sid=info.sid, muted=False))
    await until(lambda: not ben.sees()["anna"].tracks[0].muted, "ben sees it un-muted")
    assert rpc.Event(EventKind.UNMUTED, room, "anna", "microphone") in web.events


async def test_other_sources_than_the_one_named_stay_as_they_are(web: WebProcess, room: str) -> None:
    anna = await web.join("anna", room)
    await anna.publish("microphone")
    await web.ask(lambda call: rpc.Mute(call, room, "anna", "camera"))
    await anna.settled()
    assert anna.all("mute") == []


async def test_nobody_mutes_a_track_of_somebody_else(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    info = await anna.publish("microphone")
    ben.say(mute=rtc.MuteTrackRequest(sid=info.sid, muted=True))
    assert (await ben.got("request_response")).reason == Reason.NOT_FOUND
    assert not anna.all("mute")


# Subscribing.


async def test_one_connection_is_asked_for_the_sections_it_needs(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    ben.offer()
    await ben.got("answer")
    await anna.publish("microphone")
    await ben.got("media_sections_requirement")
    ben.offer()
    answer = await ben.got("answer", 2)
    track = ben.sees()["anna"].tracks[0].sid
    assert list(answer.mid_to_track_id.values()) == [track]
    assert "a=sendonly" in answer.sdp
    assert (await anna.got("track_subscribed")).track_sid == track


def full_room(others: int) -> str:
    """Chromium's offer with a section for the voice and one for the picture of each of the others."""
    head, *sections = description("chromium-one-connection").split("\r\nm=")
    audio, video = sections[0], sections[3]
    more = []
    for number in range(others):
        more.append(audio.replace("a=mid:0\r", f"a=mid:a{number}\r"))
        more.append(video.replace("a=mid:3\r", f"a=mid:v{number}\r"))
    return "\r\nm=".join([head, *sections[6:], *more]).rstrip() + "\r\n"


async def test_an_offer_into_a_room_of_sixteen_is_answered(web: WebProcess, room: str) -> None:
    anna, offer = await web.join("anna", room), full_room(15)
    assert 64 << 10 < len(offer) < limits.MAX_SIGNAL_BYTES / 2
    anna.offer(offer)
    answer = sdp.parse((await anna.got("answer")).sdp)
    assert len(answer.sections) == 33
    anna.offer(offer)
    await anna.got("answer", 2)


async def test_two_connections_are_offered_what_is_there(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room, single=False)
    await anna.publish("microphone")
    await until(
        lambda: any(o.mid_to_track_id for o in ben.all("offer")) or answered(ben), "ben is offered it"
    )


def answered(client: Client) -> bool:
    """Answers the newest offer, as a browser would; False, for use in a condition."""
    offers = client.all("offer")
    if offers and offers[-1].id not in client.answered:
        client.answered.add(offers[-1].id)
        client.say(
            answer=rtc.SessionDescription(
                type="answer", sdp=description("chromium-answers"), id=offers[-1].id
            )
        )
    return False


async def test_a_track_that_is_not_there_cannot_be_subscribed(web: WebProcess, room: str) -> None:
    anna = await web.join("anna", room)
    other = await web.join("ben", fresh_room())
    info = await other.publish("microphone")
    for sid in ("TR_none", info.sid):
        anna.say(subscription=rtc.UpdateSubscription(track_sids=[sid], subscribe=True))
    await anna.got("subscription_response", 2)
    assert {r.err for r in anna.all("subscription_response")} == {lk.SubscriptionError.SE_TRACK_NOTFOUND}
    assert anna.all("media_sections_requirement") == []


async def test_a_publisher_says_who_may_subscribe(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    ben.offer()
    info = await anna.publish("microphone")
    await ben.got("media_sections_requirement")
    anna.say(subscription_permission=rtc.SubscriptionPermission(all_participants=False))
    update = await ben.got("subscription_permission_update")
    assert (update.track_sid, update.allowed) == (info.sid, False)
    entry = rtc.TrackPermission(participant_identity="ben", all_tracks=True)
    anna.say(subscription_permission=rtc.SubscriptionPermission(track_permissions=[entry]))
    assert (await ben.got("subscription_permission_update", 2)).allowed


# Metadata.


@pytest.mark.parametrize(
    ("grants", "fields", "reason"),
    [
        (Grants(can_update_own_metadata=True), {"attributes": {"hand": "up"}}, Reason.OK),
        (Grants(), {"attributes": {"hand": "up"}}, Reason.NOT_ALLOWED),
        (Grants(can_update_own_metadata=True), {"metadata": "x" * 5000}, Reason.LIMIT_EXCEEDED),
        (Grants(can_update_own_metadata=True), {"attributes": {"k": "x" * 300}}, Reason.LIMIT_EXCEEDED),
    ],
    ids=["granted", "not granted", "too long", "an attribute too long"],
)
async def test_own_metadata_changes_only_where_granted(
    web: WebProcess, room: str, grants: Grants, fields: dict[str, Any], reason: int
) -> None:
    anna = await web.join("anna", room, grants=grants)
    anna.say(update_metadata=rtc.UpdateParticipantMetadata(request_id=7, **fields))
    answer = await anna.got("request_response")
    assert (answer.request_id, answer.reason) == (7, reason)


# What is no message, or too many of them.


async def test_what_cannot_be_read_is_counted_and_the_client_stays(web: WebProcess, room: str) -> None:
    anna, before = await web.join("anna", room), await verdicts(web)
    anna.say_bytes(b"\xff\xff\xff")
    anna.say_bytes(rtc.SignalRequest().SerializeToString())
    anna.say(simulate=rtc.SimulateScenario(server_leave=True))
    anna.say(offer=rtc.SessionDescription(type="offer", sdp="hello"))
    await anna.settled()
    after = await verdicts(web)
    found = {name: after.get(name, 0) - before.get(name, 0) for name in ("undecodable", "unknown", "bad-sdp")}
    assert found == {"undecodable": 1, "unknown": 2, "bad-sdp": 1}
    assert anna.hung_up is None


async def test_a_frame_too_large_ends_its_line_and_no_other(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    anna.say_bytes(bytes(limits.MAX_SIGNAL_BYTES + 1))
    await until(lambda: anna.hung_up == 1009, "anna's line is hung up")
    await ben.settled()


async def test_a_thousand_candidates_are_no_flood(web: WebProcess, room: str) -> None:
    """A phone with two networks, offered a full room, tells of each address in each section."""
    anna = await web.join("anna", room)
    candidate = json.dumps(
        {"candidate": "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host", "sdpMid": "0"}
    )
    for _ in range(1000):
        anna.say(trickle=rtc.TrickleRequest(candidateInit=candidate, target=rtc.SignalTarget.PUBLISHER))
    await anna.settled()
    assert anna.hung_up is None


async def test_a_flood_ends_its_line_and_no_other(web: WebProcess, room: str) -> None:
    anna, ben = await web.join("anna", room), await web.join("ben", room)
    for _ in range(500):
        anna.say(mute=rtc.MuteTrackRequest(sid="TR_none", muted=True))
    await until(lambda: anna.hung_up == 4429, "anna's line is hung up")
    await ben.settled()
    assert set(ben.sees()) == {"anna"}


@pytest.mark.parametrize("name", ["chromium-one-connection", "firefox-publishes", "native-one-connection"])
async def test_any_mutation_of_an_offer_is_answered_validly_or_counted(
    web: WebProcess, room: str, name: str
) -> None:
    before = (await verdicts(web)).get("bad-sdp", 0)
    answered_count = 0
    for seed in range(60):
        anna = await web.join("anna", room)
        for source in ("microphone", "camera"):
            anna.add_track(source)
        text = mutated(description(name), seed)
        anna.offer(text)
        await anna.settled()
        assert anna.hung_up is None, f"seed {seed}"
        for answer in anna.all("answer"):
            answered_count += 1
            offered, found = sdp.parse(text), sdp.parse(answer.sdp)
            assert [(s.mid, s.kind) for s in found.sections] == [(s.mid, s.kind) for s in offered.sections]
    refused = (await verdicts(web)).get("bad-sdp", 0) - before
    assert refused + answered_count == 60
    assert (await web.statistics())["faults"] == 0


async def test_random_messages_do_no_harm(web: WebProcess, room: str) -> None:
    chance = random.Random(36)
    fields = [f.name for f in rtc.SignalRequest.DESCRIPTOR.fields if f.message_type is not None]
    anna = await web.join("anna", room)
    ben = await web.join("ben", room)
    for _ in range(30):
        mallory = await web.join("mallory", room)
        for _ in range(15):
            if chance.random() < 0.5:
                mallory.say_bytes(chance.randbytes(chance.randrange(200)))
            else:
                name = chance.choice([f for f in fields if f != "leave"])
                kind = type(getattr(rtc.SignalRequest(), name))
                mallory.say(**{name: noise(kind, chance)})
    await mallory.settled()
    statistics = await web.statistics()
    assert statistics["faults"] == 0
    assert statistics["verdicts"]["handled"] > 100
    for client in (anna, ben):
        await client.settled()


def noise(kind: Any, chance: random.Random, depth: int = 0) -> Any:
    """A message of this protobuf type with random content."""
    message = kind()
    for descriptor in kind.DESCRIPTOR.fields:
        if chance.random() < 0.4 or depth > 2:
            continue
        if descriptor.is_repeated or (descriptor.message_type is not None and descriptor.has_options):
            continue
        if descriptor.message_type is not None:
            getattr(message, descriptor.name).CopyFrom(
                noise(type(getattr(message, descriptor.name)), chance, depth + 1)
            )
        elif descriptor.type == descriptor.TYPE_STRING:
            setattr(message, descriptor.name, "".join(chr(chance.randrange(1, 600)) for _ in range(9)))
        elif descriptor.type == descriptor.TYPE_BOOL:
            setattr(message, descriptor.name, chance.random() < 0.5)
        elif descriptor.type in (descriptor.TYPE_UINT32, descriptor.TYPE_INT32, descriptor.TYPE_INT64):
            setattr(message, descriptor.name, chance.randrange(1 << 31))
    return message
