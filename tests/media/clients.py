"""A member of a room who can prove what it hears and sees: the unmodified PyPI `livekit` client around marked media.

Every member speaks a tone of its own and shows bars of its own, so that what arrives names who sent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.media.engines import Engine

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from livekit import rtc
    from livekit.rtc._ffi_client import FfiClient

__all__ = [
    "HEIGHT",
    "WIDTH",
    "Member",
    "Party",
    "Received",
    "end",
    "linked",
    "party",
    "rtc",
    "tone_hz",
    "until",
]

WITHIN_S = 20.0
RATE_HZ = 48_000
HEARD_HZ = 16_000  # enough for our tones, and cheap
WINDOW = HEARD_HZ // 20  # samples of 50 ms: the FFT then has a bin every 20 Hz
LOUD = 500  # of 32,767: mean amplitude at which a window counts as heard
WIDTH, HEIGHT = 160, 96
BITS = 4
FRAMES_PER_S = 10


def end() -> None:
    """End the native client while Python still runs.

    It does so itself as Python ends; but then a thread of it that is just calling back cannot, and aborts the process
    after all tests have passed (seen on a busy machine).
    """
    FfiClient.instance._dispose()


async def until(true: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Wait for a condition. Raises AssertionError naming `what` when it does not come true in time."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(0.02)  # the poll itself


def tone_hz(number: int) -> int:
    """The tone of member `number`; multiples of 100, so that each falls on its own bin."""
    return 400 + 100 * number


def bars(number: int, tick: int) -> bytes:
    """An RGBA picture whose four columns spell `number`; a small mark moves with `tick` so that frames differ."""
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    picture[..., 3] = 255
    column = WIDTH // BITS
    for bit in range(BITS):
        picture[:, bit * column : (bit + 1) * column, :3] = 230 * (number >> bit & 1)
    at = tick * 8 % (WIDTH - 8)
    picture[HEIGHT - 8 :, at : at + 8, :3] = 128
    return picture.tobytes()


def read_bars(frame: Any) -> int:
    """The number a decoded I420 frame spells, at whatever size it came."""
    width, height = frame.width, frame.height
    row = np.frombuffer(frame.data, np.uint8, width, width * (height // 2))
    return sum(int(row[int((bit + 0.5) * width / BITS)] > 120) << bit for bit in range(BITS))


@dataclass
class Received:
    """What arrived from one other member so far. Counters only grow."""

    frames: int = 0
    numbers: Counter[int] = field(default_factory=Counter)  # spelled by the bars of each frame
    size: tuple[int, int] = (0, 0)
    windows: int = 0  # of audio, heard or silent
    tones: Counter[int] = field(default_factory=Counter)  # loudest tone of each window that was heard, in Hz


class Member:
    """One client in one room. `number` (1 to 15) marks its tone and picture."""

    def __init__(self, engine: Engine, identity: str, number: int = 1) -> None:
        self.engine, self.identity, self.number = engine, identity, number
        self.events: list[str] = []
        self.packets: list[Any] = []  # rtc.DataPacket
        self.received: dict[str, Received] = {}
        self.gone_because: int | None = None
        self.room: Any = None
        self._readers: dict[str, tuple[Any, asyncio.Task[None]]] = {}
        self._pumps: dict[str, asyncio.Task[None]] = {}
        self._sources: list[Any] = []
        self.published: dict[str, Any] = {}  # source -> LocalTrackPublication

    # Joining and leaving.

    async def join(
        self, room: str, *, single: bool = True, auto_subscribe: bool = True, key: bytes = b"", **grants: Any
    ) -> Member:
        """Connect; `key` switches end-to-end encryption on. Raises rtc.ConnectError when refused."""
        token = self.engine.token(self.identity, room, **grants)
        self.room = rtc.Room()
        self._listen()
        options = rtc.RoomOptions(auto_subscribe=auto_subscribe, single_peer_connection=single)
        if key:
            options.encryption = rtc.E2EEOptions(key_provider_options=rtc.KeyProviderOptions(shared_key=key))
        await self.room.connect(self.engine.url, token, options)
        return self

    async def leave(self) -> None:
        """Stop everything; safe at any time, also twice."""
        for pump in self._pumps.values():
            pump.cancel()
        await asyncio.gather(*self._pumps.values(), return_exceptions=True)
        self._pumps.clear()
        for sid in list(self._readers):
            await self._stop_reading(sid)
        if self.room is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.room.disconnect(), 10)
        for source in self._sources:
            await source.aclose()
        self._sources.clear()

    @property
    def connected(self) -> bool:
        return bool(self.room.isconnected())

    @property
    def others(self) -> set[str]:
        return set(self.room.remote_participants)

    def of(self, identity: str) -> Received:
        return self.received.setdefault(identity, Received())

    # Publishing.

    async def speak(self, source: Any = rtc.TrackSource.SOURCE_MICROPHONE) -> Any:
        """Publish a microphone with this member's tone."""
        audio = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=200)
        self._sources.append(audio)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", audio)
        options = rtc.TrackPublishOptions(source=source, dtx=False)
        publication = await self.room.local_participant.publish_track(track, options)
        self.published["microphone"] = publication
        self._pumps["microphone"] = asyncio.ensure_future(self._hum(audio))
        return publication

    async def show(self, source: Any = rtc.TrackSource.SOURCE_CAMERA) -> Any:
        """Publish a camera with this member's bars, in one layer."""
        video = rtc.VideoSource(WIDTH, HEIGHT)
        self._sources.append(video)
        track = rtc.LocalVideoTrack.create_video_track("camera", video)
        options = rtc.TrackPublishOptions(source=source, simulcast=False, video_codec=rtc.VideoCodec.VP8)
        publication = await self.room.local_participant.publish_track(track, options)
        self.published["camera"] = publication
        self._pumps["camera"] = asyncio.ensure_future(self._draw(video))
        return publication

    async def publish(self) -> Member:
        await self.show()
        await self.speak()
        return self

    async def _hum(self, audio: Any) -> None:
        samples = RATE_HZ // 20
        phase = np.arange(samples) * 2 * np.pi * tone_hz(self.number) / RATE_HZ  # whole periods: no clicks
        sound = (np.sin(phase) * 10_000).astype(np.int16).tobytes()
        while True:  # paced by the source's own queue
            await audio.capture_frame(rtc.AudioFrame(sound, RATE_HZ, 1, samples))

    async def _draw(self, video: Any) -> None:
        tick = 0
        while True:
            picture = bars(self.number, tick)
            video.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, picture))
            tick += 1
            await asyncio.sleep(1 / FRAMES_PER_S)  # a camera's clock

    # Receiving.

    def _listen(self) -> None:
        self.room.on("track_subscribed", self._start_reading)
        self.room.on("track_unsubscribed", self._unsubscribed)
        self.room.on("data_received", self.packets.append)
        self.room.on("disconnected", self._disconnected)
        for name in ("reconnecting", "reconnected", "moved", "connected", "token_refreshed"):
            self.room.on(name, lambda *_, name=name: self.events.append(name))
        for name in ("participant_connected", "participant_disconnected"):
            self.room.on(name, lambda who, name=name: self.events.append(f"{name} {who.identity}"))
        for name in ("track_muted", "track_unmuted"):
            self.room.on(
                name,
                lambda who, what, name=name: self.events.append(
                    f"{name} {who.identity} {_source_name(what.source)}"
                ),
            )
        self.room.on(
            "active_speakers_changed",
            lambda who: self.events.append("speaking " + ",".join(sorted(one.identity for one in who))),
        )

    def _disconnected(self, reason: int) -> None:
        self.gone_because = reason
        self.events.append("disconnected")

    def _start_reading(self, track: Any, publication: Any, who: Any) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            stream: Any = rtc.VideoStream(track, format=rtc.VideoBufferType.I420, capacity=4)
            reading = self._watch(stream, self.of(who.identity))
        else:
            # Every frame of every stream passes every stream's filter in this process: few, large frames.
            stream = rtc.AudioStream(track, sample_rate=HEARD_HZ, num_channels=1, frame_size_ms=100)
            reading = self._hear(stream, self.of(who.identity))
        self._readers[publication.sid] = (stream, asyncio.ensure_future(reading))

    def _unsubscribed(self, _track: Any, publication: Any, _who: Any) -> None:
        # A reused section keeps its receiver: an old reader would attribute the next member's media to this one.
        # Out of the table at once: after a move the same publication is subscribed again in the next event.
        found = self._readers.pop(publication.sid, None)
        if found is not None:
            asyncio.ensure_future(_ended(*found))  # noqa: RUF006 nobody depends on its end

    async def _stop_reading(self, sid: str) -> None:
        found = self._readers.pop(sid, None)
        if found is not None:
            await _ended(*found)

    async def _watch(self, stream: Any, into: Received) -> None:
        async for event in stream:
            into.frames += 1
            into.size = (event.frame.width, event.frame.height)
            into.numbers[read_bars(event.frame)] += 1

    async def _hear(self, stream: Any, into: Received) -> None:
        held = np.zeros(0, np.float32)
        hann = np.hanning(WINDOW)
        async for event in stream:
            held = np.concatenate([held, np.frombuffer(event.frame.data, np.int16).astype(np.float32)])
            while len(held) >= WINDOW:
                window, held = held[:WINDOW], held[WINDOW:]
                into.windows += 1
                if np.abs(window).mean() > LOUD:
                    peak = int(np.abs(np.fft.rfft(window * hann)).argmax()) * HEARD_HZ / WINDOW
                    into.tones[round(peak / 100) * 100] += 1

    # What is asked of it.

    async def hears(self, other: Member, windows: int = 10, within_s: float = WITHIN_S) -> None:
        """From now on, at least `windows` more of the other's own tone (50 ms each)."""
        tone, start = tone_hz(other.number), self.of(other.identity).tones[tone_hz(other.number)]
        await until(
            lambda: self.of(other.identity).tones[tone] >= start + windows,
            f"{self.identity} hears {other.identity} at {tone} Hz ({self.of(other.identity)})",
            within_s,
        )

    async def sees(self, other: Member, frames: int = 5, within_s: float = WITHIN_S) -> None:
        """From now on, at least `frames` more decoded frames with the other's own bars."""
        start = self.of(other.identity).numbers[other.number]
        await until(
            lambda: self.of(other.identity).numbers[other.number] >= start + frames,
            f"{self.identity} sees {other.identity} ({self.of(other.identity)})",
            within_s,
        )

    async def perceives(self, other: Member, within_s: float = WITHIN_S) -> None:
        await asyncio.gather(self.hears(other, within_s=within_s), self.sees(other, within_s=within_s))

    async def hears_nothing_of(self, other: Member, for_s: float = 0.5) -> None:
        """Wait until none of the other's tone has come for so long."""
        loop = asyncio.get_running_loop()
        seen, since = -1, loop.time()

        def quiet() -> bool:
            nonlocal seen, since
            if (now := self.of(other.identity).tones.total()) != seen:
                seen, since = now, loop.time()
            return loop.time() - since > for_s

        await until(quiet, f"{self.identity} hears nothing of {other.identity}")

    async def gets(self, packets: int = 1) -> None:
        """Until so many data packets have come."""
        await until(lambda: len(self.packets) >= packets, f"{self.identity} gets {packets} packets")

    async def meets(self, *others: Member) -> None:
        """Until exactly these are in the room with it."""
        wanted = {one.identity for one in others if one is not self}
        await until(lambda: self.others == wanted, f"{self.identity} sees {wanted}, not {self.others}", 60)

    async def is_sent_away(self, within_s: float = WITHIN_S) -> int:
        """Until it is told to go; returns the reason."""
        await until(lambda: self.gone_because is not None, f"{self.identity} is told to go", within_s)
        assert self.gone_because is not None
        return self.gone_because

    async def told(self, event: str, within_s: float = WITHIN_S) -> None:
        await until(
            lambda: event in self.events, f"{self.identity} is told '{event}' ({self.events})", within_s
        )

    def publication(self, identity: str, source: Any) -> Any:
        """The other's publication from `source`, None when it publishes none."""
        who = self.room.remote_participants.get(identity)
        found = [one for one in who.track_publications.values() if one.source == source] if who else []
        return found[0] if found else None


async def _ended(stream: Any, reader: asyncio.Task[None]) -> None:
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await stream.aclose()


def _source_name(source: Any) -> str:
    return str(rtc.TrackSource.Name(source)).removeprefix("SOURCE_").lower()


class Party:
    """Members of one test, all of whom leave at its end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.members: list[Member] = []

    def member(self, identity: str, engine: Engine | None = None) -> Member:
        """Somebody who has not joined yet, with the next free tone and bars."""
        member = Member(engine or self.engine, identity, len(self.members) % 15 + 1)
        self.members.append(member)
        return member

    async def join(self, identity: str, room: str, *, engine: Engine | None = None, **how: Any) -> Member:
        return await self.member(identity, engine).join(room, **how)


async def linked(*members: Member) -> None:
    """Wait until data flows between all of them; what was sent for that is forgotten."""
    others = {member.identity: {one.identity for one in members if one is not member} for member in members}

    def probed(member: Member) -> set[str]:
        return {
            packet.participant.identity
            for packet in member.packets
            if packet.topic == "probe" and packet.participant
        }

    for _ in range(100):
        for member in members:
            await member.room.local_participant.publish_data(b"?", topic="probe")
        await asyncio.sleep(0.1)  # the poll's own pace
        if all(probed(member) >= others[member.identity] for member in members):
            break
    else:
        raise AssertionError(f"no data between {sorted(others)}")
    # Reliable packets keep their order: behind this last one of each sender no probe is on its way.
    for member in members:
        await member.room.local_participant.publish_data(b"!", topic="probe")
    await until(
        lambda: all(
            sum(packet.data == b"!" for packet in one.packets) >= len(members) - 1 for one in members
        ),
        "the last probes arrive",
    )
    for member in members:
        member.packets.clear()


@contextlib.asynccontextmanager
async def party(engine: Engine) -> AsyncIterator[Party]:
    guests = Party(engine)
    try:
        yield guests
    finally:
        await asyncio.gather(*(member.leave() for member in guests.members), return_exceptions=True)
