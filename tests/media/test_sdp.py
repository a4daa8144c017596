"""Descriptions: what real browsers write is understood, what we write is read back, all else is an SdpError."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.media import sdp
from signaling.media.sdp import Direction, LocalIce, MediaLine, SdpError
from tests.media.signalling import description

REAL = (
    "chromium-one-connection",
    "chromium-publishes",
    "chromium-answers",
    "firefox-one-connection",
    "firefox-publishes",
    "native-one-connection",
)


@pytest.mark.parametrize("name", REAL)
def test_real_descriptions_are_understood(name: str) -> None:
    found = sdp.parse(description(name))
    assert found.ice is not None
    assert found.ice.fingerprint.startswith("sha-256 ")
    assert [s.kind for s in found.sections].count("application") == 1
    for section in found.sections:
        if section.kind == "audio":
            assert section.codec("opus") is not None
        if section.kind == "video":
            vp8 = section.codec("vp8")
            assert vp8 is not None
            assert section.rtx_for(vp8.payload_type) is not None


def test_a_simulcast_publisher_names_its_layers_and_its_track() -> None:
    (video,) = [s for s in sdp.parse(description("chromium-one-connection")).sections if s.send_rids]
    assert video.send_rids == ("q", "h", "f")
    assert video.direction is Direction.SENDONLY
    assert video.track_id == "93ddd095-4f5b-4ad2-8d27-0cca5eabda58"


def test_firefox_writes_its_ids_in_braces() -> None:
    video = sdp.parse(description("firefox-publishes")).section("2")
    assert video is not None
    assert video.track_id == "{558e5a68-afb6-4514-a923-fc07101b15b5}"


FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
HEAD = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:" + "p" * 24,
    f"a=fingerprint:{FINGERPRINT}",
]
AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=rtpmap:111 opus/48000/2"]


def text(*lines: str, head: list[str] = HEAD) -> str:
    return "\r\n".join([*head, *lines]) + "\r\n"


REFUSED = {
    "nothing": "",
    "something else": "hello",
    "control characters": text(*AUDIO, "a=x:\x00"),
    "a line separator of Unicode": text(*AUDIO, "a=x:\u2028a=ssrc:1"),
    "too large": text(*AUDIO, "a=x:" + "y" * sdp.MAX_BYTES),
    "too many lines": text(*AUDIO, *["a=x"] * sdp.MAX_LINES),
    "too many sections": text(*["m=audio 9 UDP/TLS/RTP/SAVPF 111"] * (sdp.MAX_SECTIONS + 1)),
    "a short m-line": text("m=audio 9"),
    "a port that is no number": text("m=audio x UDP/TLS/RTP/SAVPF 111", "a=mid:0"),
    "a port out of range": text("m=audio 70000 UDP/TLS/RTP/SAVPF 111", "a=mid:0"),
    "a kind with other characters": text("m=Audio! 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0"),
    "a payload type out of range": text("m=audio 9 UDP/TLS/RTP/SAVPF 200", "a=mid:0"),
    "no mid": text("m=audio 9 UDP/TLS/RTP/SAVPF 111"),
    "a mid with a space": text("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0 1"),
    "two sections of one mid": text(*AUDIO, *AUDIO),
    "a codec without a clock": text(*AUDIO, "a=rtpmap:111 opus"),
    "an extension without a number": text(*AUDIO, "a=extmap:x urn:y"),
    "an extension without a name": text(*AUDIO, "a=extmap:1"),
    "an SSRC above 32 bits": text(*AUDIO, "a=ssrc:4294967296 cname:x"),
    "an SSRC in other digits": text(*AUDIO, "a=ssrc:\u0661 cname:x"),
    "a rid with other characters": text(*AUDIO, "a=rid:a/b send"),
    "no ICE credentials": text(*AUDIO, head=HEAD[:4]),
    "a short ICE password": text(*AUDIO, head=[*HEAD[:4], "a=ice-ufrag:abcd", "a=ice-pwd:p", HEAD[6]]),
    "no fingerprint": text(*AUDIO, head=HEAD[:6]),
    "a fingerprint of SHA-1": text(*AUDIO, head=[*HEAD[:6], "a=fingerprint:sha-1 " + ":".join(["AB"] * 20)]),
    "a fingerprint cut off": text(*AUDIO, head=[*HEAD[:6], HEAD[6][:-3]]),
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_what_we_cannot_work_with_is_refused_without_quoting_it(wrong: str) -> None:
    with pytest.raises(SdpError) as refusal:
        sdp.parse(wrong)
    assert len(str(refusal.value)) < 60


def test_more_than_we_use_is_cut_off() -> None:
    many = text(*AUDIO, *[f"a=ssrc:{n} cname:x" for n in range(50)], *[f"a=rid:r{n} send" for n in range(9)])
    (section,) = sdp.parse(many).sections
    assert len(section.ssrcs) == sdp.MAX_SSRCS
    assert len(section.send_rids) == sdp.MAX_LAYERS


def test_a_section_at_port_zero_is_rejected_unless_bundled() -> None:
    plain = ["m=audio 0 UDP/TLS/RTP/SAVPF 111", "a=mid:0"]
    assert sdp.parse(text(*plain)).sections[0].rejected
    assert not sdp.parse(text(*plain, "a=bundle-only")).sections[0].rejected


tokens = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=16)
hexes = st.lists(st.integers(0, 255), min_size=32, max_size=32).map(lambda b: ":".join(f"{x:02X}" for x in b))
local_ice = st.builds(
    LocalIce,
    ufrag=st.text(string.ascii_letters + string.digits, min_size=4, max_size=16),
    pwd=st.text(string.ascii_letters + string.digits, min_size=22, max_size=32),
    fingerprint=hexes,
    setup=st.sampled_from(["actpass", "passive"]),
    candidates=st.just(("1 1 udp 2130706431 127.0.0.1 7000 typ host",)),
)
media_lines = st.lists(
    st.builds(
        MediaLine,
        kind=st.sampled_from(["audio", "video"]),
        protocol=st.just("UDP/TLS/RTP/SAVPF"),
        formats=st.just(("111",)),
        mid=tokens,
        accepted=st.booleans(),
        attributes=st.sampled_from(list(Direction)).map(lambda d: (str(d), "rtpmap:111 opus/48000/2")),
    ),
    max_size=8,
    unique_by=lambda line: line.mid,
)


@given(st.integers(0, 1 << 62), st.integers(1, 99), local_ice, media_lines)
def test_what_we_write_we_read(session: int, version: int, ice: LocalIce, media: list[MediaLine]) -> None:
    found = sdp.parse(sdp.write(session, version, ice, media))
    assert [(s.mid, s.kind, s.rejected) for s in found.sections] == [
        (line.mid, line.kind, not line.accepted) for line in media
    ]
    assert [str(s.direction) for s in found.sections] == [line.attributes[0] for line in media]
    if any(line.accepted for line in media):
        assert found.ice is not None
        assert (found.ice.ufrag, found.ice.pwd, found.ice.setup) == (ice.ufrag, ice.pwd, ice.setup)
        assert found.ice.fingerprint == f"sha-256 {ice.fingerprint}"


def mutated(original: str, seed: int) -> str:
    """A few lines deleted, doubled, swapped, cut, filled with other lines' values or with noise."""
    chance = random.Random(seed)
    lines = original.split("\r\n")
    for _ in range(chance.randint(1, 6)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        line = lines[at]
        match chance.randrange(7):
            case 0:
                lines[at] = ""
            case 1:
                lines.insert(at, lines[other])
            case 2:
                lines[at], lines[other] = lines[other], line
            case 3:
                lines[at] = line[: chance.randint(0, len(line))]
            case 4:
                lines[at] = line.partition(":")[0] + ":" + lines[other].partition(":")[2]
            case 5:
                cut = chance.randint(0, len(line))
                lines[at] = (
                    line[:cut] + chr(chance.choice([0, 9, 13, 48, 58, 255, 0x661, 0x2028])) + line[cut:]
                )
            case _:
                lines[at] = line.replace(chance.choice(string.digits), str(chance.randrange(1 << 33)), 1)
    return "\r\n".join(lines)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(REAL), st.integers(0, 1 << 32))
def test_any_mutation_of_a_real_description_is_read_or_refused(name: str, seed: int) -> None:
    try:
        found = sdp.parse(mutated(description(name), seed))
    except SdpError:
        return
    for section in found.sections:
        assert len(section.ssrcs) <= sdp.MAX_SSRCS
        assert all(0 <= payload_type <= 127 for payload_type in section.codecs)


@given(st.text(max_size=400))
def test_any_text_is_a_description_or_refused(anything: str) -> None:
    for candidate in (anything, text(anything)):
        try:
            sdp.parse(candidate)
        except SdpError:
            continue
