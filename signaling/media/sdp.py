"""Just enough SDP for an ICE-lite server that forwards and never decodes.

`parse` reads what a browser offers or answers and checks all of it at once: after that every part is plain,
bounded data. `write` makes an offer or answer of ours. Nothing in between keeps text of a client unless its
shape was checked, so nothing a client writes can add a line to another client's description.

Sources: RFC 8866 (SDP), RFC 8829 (JSEP), RFC 8843 (BUNDLE), RFC 8853 (simulcast), RFC 8839 (ICE).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Chromium spends 6 KB and 170 lines on the audio and video section of each other member, of a room of 16 that
# is 95 KB; sections that rest after a move come on top.
MAX_BYTES: Final = 256 << 10
MAX_SECTIONS: Final = 128
MAX_LINES: Final = 16384
MAX_LAYERS: Final = 3
MAX_SSRCS: Final = 8

_MID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}")
_RID: Final = re.compile(r"[A-Za-z0-9_-]{1,16}")
_ICE_UFRAG: Final = re.compile(r"[A-Za-z0-9+/_-]{4,256}")  # RFC 8839 has no "_" and "-": browsers do
_ICE_PWD: Final = re.compile(r"[A-Za-z0-9+/_-]{22,256}")
_ENCODING: Final = re.compile(r"[A-Za-z0-9.+_-]{1,32}(/[0-9]{1,9}){1,2}")
_FINGERPRINT: Final = re.compile(r"(sha-256|sha-384|sha-512) ([0-9a-f]{2}(?::[0-9a-f]{2}){31,63})", re.I)
_FINGERPRINT_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_PROTOCOL: Final = re.compile(r"[A-Za-z0-9/]{1,32}")
_FORMAT: Final = re.compile(r"[A-Za-z0-9-]{1,32}")
_KIND: Final = re.compile(r"[a-z]{1,16}")
_URI: Final = re.compile(r"[!-~]{1,128}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_MSID: Final = re.compile(r"[!-~]{1,256}")


class SdpError(ValueError):
    """The other side's description is not one we can work with. The text is for logs and names no content."""


class Direction(StrEnum):
    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)


_DIRECTIONS: Final = {direction.value: direction for direction in Direction}


@dataclass(frozen=True, slots=True)
class Codec:
    payload_type: int  # 0..127
    name: str  # lower case: "opus", "vp8", "rtx"
    encoding: str  # as written: "opus/48000/2"
    parameters: str  # the fmtp line's value, "" when there is none

    @property
    def repairs(self) -> int | None:
        """The payload type an RTX codec retransmits (RFC 4588), None for others."""
        found = re.search(r"(?:^|[; ])apt=([0-9]{1,3})(?:$|[; ])", self.parameters)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class IceParameters:
    ufrag: str
    pwd: str
    fingerprint: str  # "sha-256 AB:CD:…"
    setup: str = ""  # actpass, active, passive


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line with its attributes, checked."""

    kind: str  # audio, video, application, or what else a client may invent
    protocol: str
    formats: tuple[str, ...]
    mid: str
    direction: Direction
    rejected: bool  # port 0 without bundle-only: the section is not used (any more)
    codecs: Mapping[int, Codec]
    extensions: Mapping[str, int]  # URI -> id
    stream_id: str  # of a=msid, "" when absent or "-"
    track_id: str
    ssrcs: tuple[int, ...]  # primary ones in order, at most MAX_SSRCS
    rtx_ssrcs: Mapping[int, int]  # primary -> its retransmissions
    send_rids: tuple[str, ...]  # simulcast layers it sends, at most MAX_LAYERS, in order

    def codec(self, name: str) -> Codec | None:
        """The first codec of that name in the section's own order of preference."""
        return next((c for c in self.codecs.values() if c.name == name), None)

    def rtx_for(self, payload_type: int) -> Codec | None:
        return next((c for c in self.codecs.values() if c.name == "rtx" and c.repairs == payload_type), None)


@dataclass(frozen=True, slots=True)
class Description:
    sections: tuple[Section, ...]
    ice: IceParameters | None  # None when no section is in use

    def section(self, mid: str) -> Section | None:
        return next((s for s in self.sections if s.mid == mid), None)


@dataclass(slots=True)
class _Lines:
    """Attributes of the session or of one section while parsing, in order."""

    head: str
    attributes: list[tuple[str, str]]

    def get(self, name: str) -> str | None:
        return next((v for k, v in self.attributes if k == name), None)

    def all(self, name: str) -> list[str]:
        return [v for k, v in self.attributes if k == name]


def parse(text: str) -> Description:
    """Read a client's offer or answer.

    Raises:
        SdpError: too large, or any line we use is malformed. Lines we do not use are skipped.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise SdpError("description too large")
    if _CONTROL.search(text):
        raise SdpError("control characters")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > MAX_LINES:
        raise SdpError("too many lines")
    session = _Lines("", [])
    blocks: list[_Lines] = []
    current = session
    for line in lines:
        if line.startswith("m="):
            current = _Lines(line[2:], [])
            blocks.append(current)
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            current.attributes.append((name, value))
    if not lines[0].startswith("v=0"):
        raise SdpError("not a session description")
    if len(blocks) > MAX_SECTIONS:
        raise SdpError("too many sections")
    sections = tuple(_section(block, session) for block in blocks)
    if len({s.mid for s in sections}) != len(sections):
        raise SdpError("two sections of one mid")
    used = [block for block, section in zip(blocks, sections, strict=True) if not section.rejected]
    return Description(sections, _ice(session, used))


def _section(block: _Lines, session: _Lines) -> Section:
    head = block.head.split(" ")
    if len(head) < 4:
        raise SdpError("short m-line")
    kind, port_text, protocol, *formats = head
    if not (_KIND.fullmatch(kind) and _PROTOCOL.fullmatch(protocol)) or len(formats) > 128:
        raise SdpError("bad m-line")
    if not all(_FORMAT.fullmatch(f) for f in formats):
        raise SdpError("bad format")
    port = _number(port_text.partition("/")[0], 65535)
    mid = block.get("mid")
    if mid is None or not _MID.fullmatch(mid):
        raise SdpError("section without a usable mid")
    stream_id, track_id = _msid(block)
    ssrcs, rtx = _ssrcs(block)
    return Section(
        kind=kind,
        protocol=protocol,
        formats=tuple(formats),
        mid=mid,
        direction=_direction(block) or _direction(session) or Direction.SENDRECV,
        rejected=port == 0 and block.get("bundle-only") is None,
        codecs=_codecs(block, formats) if kind in ("audio", "video") else {},
        extensions=_extensions(block),
        stream_id=stream_id,
        track_id=track_id,
        ssrcs=ssrcs,
        rtx_ssrcs=rtx,
        send_rids=_send_rids(block),
    )


def _number(text: str, limit: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) > limit:
        raise SdpError("not a number in range")
    return int(text)


def _direction(lines: _Lines) -> Direction | None:
    return next((_DIRECTIONS[name] for name, _ in lines.attributes if name in _DIRECTIONS), None)


def _codecs(block: _Lines, formats: Sequence[str]) -> dict[int, Codec]:
    """In the order of the m-line, which is that of preference; without payload types that have no rtpmap."""
    encodings: dict[int, str] = {}
    parameters: dict[int, str] = {}
    for value in block.all("rtpmap"):
        number, _, encoding = value.partition(" ")
        if not _ENCODING.fullmatch(encoding):
            raise SdpError("bad rtpmap")
        encodings[_number(number, 127)] = encoding
    for value in block.all("fmtp"):
        number, _, text = value.partition(" ")
        if number.isascii() and number.isdigit():
            if len(text) > 512 or not text.isascii():
                raise SdpError("bad fmtp")
            parameters[_number(number, 127)] = text
    found: dict[int, Codec] = {}
    for text in formats:
        payload_type = _number(text, 127)
        encoding = encodings.get(payload_type, "")
        if encoding:
            name = encoding.partition("/")[0].lower()
            found[payload_type] = Codec(payload_type, name, encoding, parameters.get(payload_type, ""))
    return found


def _extensions(block: _Lines) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in block.all("extmap"):
        number, _, rest = value.partition(" ")
        uri = rest.partition(" ")[0]
        if not _URI.fullmatch(uri):
            raise SdpError("bad extmap")
        ident = _number(number.partition("/")[0], 4095)
        if 1 <= ident <= 255 and ident != 15:  # RFC 8285: 15 is reserved; above 255 only to be remapped
            found[uri] = ident
    return found


def _msid(block: _Lines) -> tuple[str, str]:
    value = block.get("msid")
    if not value:
        return "", ""
    stream, _, track = value.partition(" ")
    track = track.partition(" ")[0]
    if not _MSID.fullmatch(stream) or (track and not _MSID.fullmatch(track)):
        raise SdpError("bad msid")
    return ("" if stream == "-" else stream), track


def _ssrcs(block: _Lines) -> tuple[tuple[int, ...], dict[int, int]]:
    rtx: dict[int, int] = {}
    for value in block.all("ssrc-group"):
        kind, *numbers = value.split()[:3] or [""]
        if kind == "FID" and len(numbers) == 2:
            rtx[_number(numbers[0], 0xFFFFFFFF)] = _number(numbers[1], 0xFFFFFFFF)
    primary: dict[int, None] = {}
    repairs = set(rtx.values())
    for value in block.all("ssrc"):
        ssrc = _number(value.partition(" ")[0], 0xFFFFFFFF)
        if ssrc not in repairs:
            primary[ssrc] = None
    kept = tuple(primary)[:MAX_SSRCS]
    return kept, {k: v for k, v in rtx.items() if k in kept}


def _send_rids(block: _Lines) -> tuple[str, ...]:
    found: list[str] = []
    for value in block.all("rid"):
        rid, _, rest = value.partition(" ")
        if not _RID.fullmatch(rid):
            raise SdpError("bad rid")
        if rest.partition(" ")[0] == "send" and rid not in found:
            found.append(rid)
    return tuple(found[:MAX_LAYERS])


def _ice(session: _Lines, used: Iterable[_Lines]) -> IceParameters | None:
    """Credentials and fingerprint of the session, or of the first section in use (all are bundled)."""
    any_used = False
    for block in used:
        any_used = True
        ufrag = block.get("ice-ufrag") or session.get("ice-ufrag")
        if ufrag is None:
            continue
        pwd = block.get("ice-pwd") or session.get("ice-pwd") or ""
        found = _FINGERPRINT.fullmatch(block.get("fingerprint") or session.get("fingerprint") or "")
        if not _ICE_UFRAG.fullmatch(ufrag) or not _ICE_PWD.fullmatch(pwd):
            raise SdpError("bad ICE credentials")
        if found is None or (found[2].count(":") + 1) != _FINGERPRINT_BYTES[found[1].lower()]:
            raise SdpError("bad fingerprint")
        setup = block.get("setup") or session.get("setup") or ""
        return IceParameters(ufrag, pwd, f"{found[1].lower()} {found[2].upper()}", setup)
    if any_used:
        raise SdpError("no ICE credentials")
    return None


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One section of a description of ours. `accepted=False` writes port 0."""

    kind: str
    protocol: str
    formats: tuple[str, ...]
    mid: str
    accepted: bool
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalIce:
    ufrag: str
    pwd: str
    fingerprint: str  # "AB:CD:…", sha-256
    setup: str
    candidates: tuple[str, ...]  # candidate-attribute values


def write(session_id: int, version: int, ice: LocalIce, media: Iterable[MediaLine]) -> str:
    """The text of an offer or answer of ours: ICE-lite, everything bundled on the first accepted section."""
    media = tuple(media)
    out = ["v=0", f"o=- {session_id} {version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    bundled = " ".join(line.mid for line in media if line.accepted)
    if bundled:
        out.append(f"a=group:BUNDLE {bundled}")
    out += ["a=extmap-allow-mixed", "a=msid-semantic: WMS *", "a=ice-lite"]
    for line in media:
        port = 9 if line.accepted else 0
        out += [f"m={line.kind} {port} {line.protocol} {' '.join(line.formats)}", "c=IN IP4 0.0.0.0"]
        if line.accepted:
            out += [
                f"a=ice-ufrag:{ice.ufrag}",
                f"a=ice-pwd:{ice.pwd}",
                f"a=fingerprint:sha-256 {ice.fingerprint}",
                f"a=setup:{ice.setup}",
                *(f"a=candidate:{c}" for c in ice.candidates),
                "a=end-of-candidates",
            ]
        out.append(f"a=mid:{line.mid}")
        out += [f"a={attribute}" for attribute in line.attributes]
    return "\r\n".join(out) + "\r\n"


def refused(section: Section) -> MediaLine:
    """The answer to a section we do not take: port 0, inactive."""
    return MediaLine(section.kind, section.protocol, section.formats[:1], section.mid, False, ("inactive",))
