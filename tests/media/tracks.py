"""Microphones and cameras as tests of tracks use them, and what those who watch have got."""

from __future__ import annotations

import itertools

from signaling.media import rtcp, rtp
from signaling.media.track import Copy
from tests.media.wire import Member, until

LOW, MIDDLE, HIGH = 6000, 6100, 6200  # ssrc by layer
RIDS = {LOW: "q", MIDDLE: "h", HIGH: "f"}


def words(member: Member, copy: Copy) -> list[bytes]:
    return [packet.payload for packet in member.client.of(copy)]


def steps(packets: list[rtp.Packet]) -> list[int]:
    return [(b.seq - a.seq) & 0xFFFF for a, b in itertools.pairwise(packets)]


async def asked(member: Member, ssrc: int) -> None:
    await until(lambda: rtcp.KeyframeRequest(ssrc) in member.client.reports, "a keyframe was asked for")


class Camera:
    """Three simulcast layers of one camera, each on clocks and numbers of its own."""

    def __init__(self, anna: Member) -> None:
        self.anna = anna
        self.source = anna.publish("video", mid="0", simulcast=True)
        self.frame = 0

    def shoot(self, *layers: int, key: bool = False) -> None:
        """One frame of each layer."""
        self.frame += 1
        for ssrc in layers or RIDS:
            self.anna.film(
                ssrc + self.frame,
                ssrc=ssrc,
                frame=self.frame + ssrc,
                key=key,
                rid=RIDS[ssrc],
                mid="0",
                tl0=self.frame + ssrc,
                payload=self.word(ssrc),
                base_ts=ssrc * 1_000_003,
            )

    def word(self, ssrc: int) -> bytes:
        return f"{self.frame:015}{RIDS[ssrc]}".encode()

    def last_word(self, rid: str) -> bytes:
        return f"{self.frame:015}{rid}".encode()


async def shows(member: Member, copy: Copy, rid: str, camera: Camera, *layers: int) -> None:
    """Shoot keyframes until `rid` comes through."""

    def there() -> bool:
        camera.shoot(*layers, key=True)
        copy.choose()
        return bool(words(member, copy)) and words(member, copy)[-1].endswith(rid.encode())

    await until(there, f"layer {rid} is shown")
    await until(lambda: camera.last_word(rid) == words(member, copy)[-1][-16:], "all that was shot has come")
