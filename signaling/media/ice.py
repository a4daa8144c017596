"""STUN binding requests and their answers: all the ICE that an ICE-lite server speaks. Pure.

Sources: RFC 8489 (STUN), RFC 8445, 2.5 (lite). We are always the controlled side and never send checks; what
candidates the peer has does not matter to us, its checks come from wherever it is.
"""

from __future__ import annotations

import hmac
import ipaddress
import zlib
from dataclasses import dataclass
from struct import Struct
from typing import Final

from signaling.media.rtp import Octets

COOKIE: Final = 0x2112A442
_HEAD: Final = Struct("!HHL12s")
_ATTRIBUTE: Final = Struct("!HH")
_REQUEST, _SUCCESS = 0x0001, 0x0101
_USERNAME, _INTEGRITY, _XOR_MAPPED, _USE_CANDIDATE, _FINGERPRINT = 0x0006, 0x0008, 0x0020, 0x0025, 0x8028
_FINGERPRINT_XOR: Final = 0x5354554E
_INTEGRITY_BYTES: Final = 24  # the whole attribute
_FINGERPRINT_BYTES: Final = 8
MAX_BYTES: Final = 1280


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """A well-formed connectivity check. Nothing in it is to be believed before `authentic`."""

    transaction: bytes
    ufrag: str  # the receiver's, before the colon of USERNAME
    nominates: bool
    covered: bytes  # what the integrity attribute covers
    digest: bytes

    def authentic(self, password: str) -> bool:
        return hmac.compare_digest(self.digest, _digest(self.covered, password))


def _digest(covered: bytes, password: str) -> bytes:
    return hmac.digest(password.encode(), covered, "sha1")


def read_request(data: Octets) -> BindingRequest:
    """Read a binding request with USERNAME and MESSAGE-INTEGRITY.

    Raises:
        ValueError: it is anything else.
    """
    size = len(data)
    if not 20 <= size <= MAX_BYTES:
        raise ValueError("not the size of a STUN message")
    data = bytes(data)
    kind, length, cookie, transaction = _HEAD.unpack_from(data)
    if kind != _REQUEST or cookie != COOKIE or length + 20 != size or length % 4:
        raise ValueError("no STUN binding request")
    username: bytes | None = None
    covered = digest = b""
    nominates = False
    at = 20
    while at < size:
        attribute, n = _ATTRIBUTE.unpack_from(data, at)
        value = data[at + 4 : at + 4 + n]
        if len(value) != n:
            raise ValueError("a STUN attribute is cut off")
        if attribute == _FINGERPRINT:
            expected = zlib.crc32(data[:at]) ^ _FINGERPRINT_XOR
            if n != 4 or int.from_bytes(value, "big") != expected or at + _FINGERPRINT_BYTES != size:
                raise ValueError("the STUN fingerprint is wrong")
        elif digest:
            pass  # after MESSAGE-INTEGRITY only FINGERPRINT counts (RFC 8489, 14.5)
        elif attribute == _INTEGRITY:
            if n != 20:
                raise ValueError("the STUN integrity attribute has another size")
            digest = value
            covered = data[:2] + (at - 20 + _INTEGRITY_BYTES).to_bytes(2, "big") + data[4:at]
        elif attribute == _USERNAME:
            username = value
        elif attribute == _USE_CANDIDATE:
            nominates = True
        at += 4 + n + -n % 4
    if username is None or not digest:
        raise ValueError("a STUN request without credentials")
    ufrag = username.partition(b":")[0]
    if not ufrag.isascii():
        raise ValueError("a user fragment is ASCII")
    return BindingRequest(transaction, ufrag.decode("ascii"), nominates, covered, digest)


def success(request: BindingRequest, password: str, host: str, port: int) -> bytes:
    """The answer to a request that came from host:port."""
    packed = ipaddress.ip_address(host).packed
    mask = COOKIE.to_bytes(4, "big") + request.transaction
    mapped = (
        bytes((0, 1 if len(packed) == 4 else 2))
        + (port ^ COOKIE >> 16).to_bytes(2, "big")
        + bytes(a ^ b for a, b in zip(packed, mask, strict=False))
    )
    body = _ATTRIBUTE.pack(_XOR_MAPPED, len(mapped)) + mapped
    signed = _HEAD.pack(_SUCCESS, len(body) + _INTEGRITY_BYTES, COOKIE, request.transaction) + body
    body += _ATTRIBUTE.pack(_INTEGRITY, 20) + _digest(signed, password)
    head = _HEAD.pack(_SUCCESS, len(body) + _FINGERPRINT_BYTES, COOKIE, request.transaction)
    check = zlib.crc32(head + body) ^ _FINGERPRINT_XOR
    return head + body + _ATTRIBUTE.pack(_FINGERPRINT, 4) + check.to_bytes(4, "big")
