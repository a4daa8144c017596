"""Bad bytes on the signal socket: that socket may end, the next client is served and nobody else notices."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from livekit.protocol import rtc as signal

from tests.media.clients import Party
from tests.media.engines import Engine

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATHS = pytest.mark.parametrize("path", ["/rtc/v1", "/rtc"])


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def garbage(seed: int) -> bytes:
    source = random.Random(seed)
    return source.randbytes(source.randrange(1, 400))


def mutated(seed: int) -> bytes:
    """A true message with a few bytes changed."""
    source = random.Random(seed)
    data = bytearray(
        signal.SignalRequest(offer=signal.SessionDescription(type="offer", sdp=SDP)).SerializeToString()
    )
    for _ in range(source.randrange(1, 6)):
        data[source.randrange(len(data))] = source.randrange(256)
    return bytes(data)


SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=ice-ufrag:abcd\r\n"
    "a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 " + ":".join(["AA"] * 32) + "\r\n"
    "a=setup:actpass\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
)
FRAMES: dict[str, list[bytes | str]] = {
    "random bytes": [garbage(seed) for seed in range(30)],
    "messages with changed bytes": [mutated(seed) for seed in range(30)],
    "an empty frame": [b""],
    "a text frame": ["not protobuf"],
    "a frame of 5 MiB": [b"\x0a" * (5 << 20)],
    "a field nobody knows": [b"\xfa\xff\x01\x02ab"],
    "an offer that is no SDP": [
        signal.SignalRequest(
            offer=signal.SessionDescription(type="offer", sdp="m=\r\n" * 50)
        ).SerializeToString()
    ],
    "an answer nobody asked for": [
        signal.SignalRequest(answer=signal.SessionDescription(type="answer", sdp=SDP)).SerializeToString()
    ],
    "muting a track that is not there": [
        signal.SignalRequest(mute=signal.MuteTrackRequest(sid="TR_nobody", muted=True)).SerializeToString()
    ],
    "a flood of pings": [signal.SignalRequest(ping=1).SerializeToString()] * 1000,
}


@PATHS
@pytest.mark.parametrize("frames", FRAMES.values(), ids=FRAMES.keys())
async def test_the_next_client_is_served(
    people: Party,
    engine: Engine,
    http: aiohttp.ClientSession,
    room: str,
    path: str,
    frames: list[bytes | str],
) -> None:
    anna = await (await people.join("anna", room)).publish()
    await throw(http, f"{engine.url}{path}?access_token={engine.token('mallory', room)}", frames)
    ben = await (await people.join("ben", room)).publish()
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
    assert anna.connected
    assert "reconnecting" not in anna.events


@pytest.mark.parametrize(
    "query",
    [
        "join_request=%00%ff",
        "join_request=" + "A" * 20_000,
        "auto_subscribe=maybe&sdk=%00",
        "reconnect=1&sid=PA_x",
    ],
    ids=["undecodable", "huge", "nonsense", "resuming what never was"],
)
@PATHS
async def test_a_bad_query_harms_nobody(
    people: Party, engine: Engine, http: aiohttp.ClientSession, room: str, path: str, query: str
) -> None:
    anna = await (await people.join("anna", room)).publish()
    await throw(http, f"{engine.url}{path}?access_token={engine.token('mallory', room)}&{query}", [])
    ben = await (await people.join("ben", room)).publish()
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))


async def throw(http: aiohttp.ClientSession, url: str, frames: list[bytes | str]) -> None:
    """Send every frame as fast as the socket takes them; that it is closed on us, or refused, is fine."""
    try:
        async with http.ws_connect(url, max_msg_size=0) as socket:
            for frame in frames:
                if isinstance(frame, str):
                    await socket.send_str(frame)
                else:
                    await socket.send_bytes(frame)
            await asyncio.wait_for(_read_some(socket), 5)
    except (aiohttp.ClientError, ConnectionError, TimeoutError):
        pass


async def _read_some(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Until the other side closes, or is still there after an answer to a last ping."""
    await socket.send_bytes(signal.SignalRequest(ping=7).SerializeToString())
    async for message in socket:
        if message.type == aiohttp.WSMsgType.BINARY and signal.SignalResponse.FromString(message.data).pong:
            return
