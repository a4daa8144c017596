"""Bad networks between client and worker: audio lives, video recovers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.media.clients import Member, Received, party, tone_hz, until
from tests.media.engines import Embedded, embedded, fresh_room
from tests.media.relay import Cable, Weather, line

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded_only]

# Linux answers on all of 127/8: the worker binds 127.0.0.1, tells clients 127.0.0.2, and the line lies between.
RELAYED = "127.0.0.2"
WINDOWS = 200  # of 50 ms: 10 s of audio


@pytest.fixture(scope="module")
def far_engine() -> Iterator[Embedded]:
    with embedded(advertise=RELAYED) as engine:
        yield engine


@pytest.mark.parametrize(
    ("weather", "heard"),
    [
        (Weather(lost=0.05), 0.98),
        (Weather(lost=0.05, burst=3), 0.95),
        (Weather(lost=0.20), 0.85),
        (Weather(delay_s=0.05, jitter_s=0.03), 0.98),
    ],
    ids=["5 % lost", "5 % lost in bursts", "20 % lost", "80 ms, overtaking"],
)
async def test_audio_stays_intelligible(far_engine: Embedded, weather: Weather, heard: float) -> None:
    """`heard` is the least share of windows in which the other's tone is the loudest."""
    room = fresh_room()
    async with line(RELAYED, far_engine.media_port) as wire, party(far_engine) as people:
        anna = await (await people.join("anna", room)).publish()
        ben = await (await people.join("ben", room)).publish()
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
        wire.weather = weather
        for one, other in ((anna, ben), (ben, anna)):
            share = await share_heard(one, other)
            assert share >= heard, f"{one.identity} heard {share:.1%} ({wire.dropped} of {wire.carried} lost)"


async def share_heard(one: Member, other: Member) -> float:
    received: Received = one.of(other.identity)
    windows, tone = received.windows, received.tones[tone_hz(other.number)]
    await until(lambda: received.windows - windows >= WINDOWS, "ten seconds of audio", 40)
    return (received.tones[tone_hz(other.number)] - tone) / (received.windows - windows)


async def test_video_recovers_from_a_dead_second(far_engine: Embedded) -> None:
    room = fresh_room()
    async with line(RELAYED, far_engine.media_port) as wire, party(far_engine) as people:
        anna = await (await people.join("anna", room)).publish()
        ben = await (await people.join("ben", room)).publish()
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
        wire.weather = Weather(lost=1.0)
        lost = wire.dropped
        await until(lambda: wire.dropped > lost + 100, "a good deal is lost")
        wire.weather = Weather()
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))


async def test_without_udp_media_goes_over_tcp(far_engine: Embedded) -> None:
    """Nobody answers datagrams at the address told; the same number over TCP does."""
    room = fresh_room()
    server = await asyncio.start_server(
        Cable("127.0.0.1", far_engine.media_port).accept, RELAYED, far_engine.media_port
    )
    async with server, party(far_engine) as people:
        anna = await (await people.join("anna", room)).publish()
        ben = await (await people.join("ben", room)).publish()
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
