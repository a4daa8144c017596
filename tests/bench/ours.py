"""Our media worker under load, through its real signalling: RPC, signal messages, SDP, ICE, DTLS."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from livekit.protocol import models as lk
from livekit.protocol import rtc

from tests.bench.leg import VIDEO_PT, Leg
from tests.bench.load import AUDIO_PT, Member
from tests.media.signalling import Client, WebProcess, until, web_process, worker

WITHIN_S = 30.0


@dataclass
class Room:
    pid: int
    members: list[Member]
    join_s: list[float]  # from opening the signal connection to both peer connections being up
    # one more person joins a room that is talking; seconds from opening to the first picture (each packet is one)
    newcomer: Callable[[], Awaitable[float]] | None = None


def offer(leg: Leg, audio_ssrc: int, video_ssrc: int) -> str:
    """A publisher's offer: one Opus and one VP8 stream."""

    def section(kind: str, mid: int, payload: int, name: str, ssrc: int, feedback: list[str]) -> list[str]:
        return [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{mid}",
            "a=sendonly",
            *leg.description("actpass"),
            f"a=rtpmap:{payload} {name}",
            *(f"a=rtcp-fb:{payload} {word}" for word in feedback),
            f"a=msid:stream {kind}",
            f"a=ssrc:{ssrc} cname:bench",
            f"a=ssrc:{ssrc} msid:stream {kind}",
        ]

    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=msid-semantic: WMS *",
    ]
    lines += section("audio", 0, AUDIO_PT, "opus/48000/2", audio_ssrc, [])
    lines += section("video", 1, VIDEO_PT, "VP8/90000", video_ssrc, ["nack", "nack pli", "goog-remb"])
    return "\r\n".join(lines) + "\r\n"


def answer(leg: Leg, text: str) -> str:
    """A subscriber's answer: everything offered is taken."""
    head, *sections = re.split(r"(?=^m=)", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    bundle = next(line for line in head.splitlines() if line.startswith("a=group:BUNDLE"))
    lines = ["v=0", "o=- 2 1 IN IP4 127.0.0.1", "s=-", "t=0 0", bundle]
    keep = ("a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:", "a=sctp-port", "a=max-message-size")
    for section in sections:
        offered = section.strip().splitlines()
        lines += [offered[0], "c=IN IP4 0.0.0.0", *leg.description("active")]
        if not offered[0].startswith("m=application"):
            lines.append("a=recvonly" if "a=sendonly" in offered else "a=inactive")
        lines += [line for line in offered if line.startswith(keep)]
    return "\r\n".join(lines) + "\r\n"


def remote(text: str) -> tuple[str, str, tuple[str, int], str]:
    """ufrag, password, address and fingerprint of a description."""

    def find(pattern: str) -> re.Match[str]:
        found = re.search(pattern, text)
        if found is None:
            raise ValueError(f"no {pattern} in the description")
        return found

    place = find(r"a=candidate:\S+ 1 (?:udp|UDP) \d+ (\S+) (\d+)")
    return (
        find(r"a=ice-ufrag:(\S+)")[1],
        find(r"a=ice-pwd:(\S+)")[1],
        (place[1], int(place[2])),
        find(r"a=fingerprint:sha-256 (\S+)")[1],
    )


class Participant:
    """One member's signalling, kept up while the room fills."""

    def __init__(self, client: Client, number: int) -> None:
        self.client = client
        self.up, self.down = Leg(), Leg()
        self.audio_ssrc, self.video_ssrc = 10_000 + 2 * number, 10_001 + 2 * number
        self.answered = 0
        self.sections = 0
        self.connecting: asyncio.Task[None] | None = None
        self.task: asyncio.Task[None] | None = None

    async def publish(self) -> None:
        for kind, source in ((lk.AUDIO, lk.MICROPHONE), (lk.VIDEO, lk.CAMERA)):
            cid = "audio" if kind == lk.AUDIO else "video"
            self.client.say(add_track=rtc.AddTrackRequest(cid=cid, name=cid, type=kind, source=source))
        await self.client.got("track_published", 2)
        text = offer(self.up, self.audio_ssrc, self.video_ssrc)
        self.client.say(offer=rtc.SessionDescription(type="offer", sdp=text, id=1))
        ufrag, password, place, fingerprint = remote((await self.client.got("answer")).sdp)
        await self.up.connect(ufrag, password, place, fingerprint, "client")

    async def subscribe(self) -> None:
        """Answer every offer of the server, for as long as the room changes."""
        while True:
            offers = self.client.all("offer")
            if len(offers) > self.answered:
                self.answered = len(offers)
                newest = offers[-1]
                text = answer(self.down, newest.sdp)
                self.client.say(answer=rtc.SessionDescription(type="answer", sdp=text, id=newest.id))
                self.sections = len(re.findall(r"^a=sendonly", newest.sdp, flags=re.MULTILINE))
                if self.connecting is None:
                    self.connecting = asyncio.create_task(self.down.connect(*remote(newest.sdp), "client"))
            await asyncio.sleep(0.005)  # the poll itself


async def enter(web: WebProcess, room: str, number: int) -> tuple[Participant, float]:
    start = time.monotonic()
    client = await web.join(f"member-{number}", room, single=False)
    one = Participant(client, number)
    one.task = asyncio.create_task(one.subscribe())
    await one.publish()
    await until(lambda: one.connecting is not None, "an offer of the server")
    assert one.connecting is not None
    await one.connecting
    return one, time.monotonic() - start


@contextlib.asynccontextmanager
async def room(count: int) -> AsyncIterator[Room]:
    """A worker with `count` members who all hear and see each other."""
    async with worker() as process, web_process(process.path) as web:
        entered = [await enter(web, "bench", number) for number in range(count)]
        people = [one for one, _ in entered]
        everything = 2 * (count - 1)
        await until(
            lambda: all(one.sections == everything for one in people),
            "everybody offered everything",
            WITHIN_S,
        )
        await people[-1].client.settled()
        for one in people:
            assert one.task is not None
            one.task.cancel()
            one.up.hand_over()
            one.down.hand_over()
        members = [Member(one.up, one.down, one.audio_ssrc, one.video_ssrc) for one in people]

        async def newcomer() -> float:
            start = time.monotonic()
            one, _ = await enter(web, "bench", count)
            await asyncio.wait_for(one.down.filmed.wait(), WITHIN_S)
            assert one.task is not None
            one.task.cancel()
            return time.monotonic() - start

        yield Room(process.process.pid, members, [join_s for _, join_s in entered], newcomer)
