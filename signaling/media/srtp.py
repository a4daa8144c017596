"""SRTP in place: libsrtp on buffers that live as long as the worker, without a copy or an object per packet.

pylibsrtp's own Session copies each packet twice and refuses those over 1,356 bytes; its binding does not. The
names used of it are stated in `tests/media/test_seam.py`.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

from pylibsrtp import Error, Policy, Session
from pylibsrtp._binding import ffi, lib

TRAILER_BYTES: Final = 16 + 4  # the largest authentication tag we negotiate, and the index of SRTCP

PROFILE_GCM_128: Final[int] = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
PROFILE_SHA1_80: Final[int] = Policy.SRTP_PROFILE_AES128_CM_SHA1_80
KEY_BYTES: Final = {PROFILE_GCM_128: 28, PROFILE_SHA1_80: 30}

# libsrtp's own functions: (context, pointer, pointer to length) -> 0, or why not. Nothing here may raise.
protect: Final[Any] = lib.srtp_protect
unprotect: Final[Any] = lib.srtp_unprotect
protect_rtcp: Final[Any] = lib.srtp_protect_rtcp
unprotect_rtcp: Final[Any] = lib.srtp_unprotect_rtcp

pointer_type: Final[Any] = ffi.typeof("void *")
length_type: Final[Any] = ffi.typeof("int *")


def pointer(address: int) -> Any:
    return ffi.cast(pointer_type, address)


def length_pointer(address: int) -> Any:
    return ffi.cast(length_type, address)


def context(session: Session) -> Any:
    """The libsrtp context of a session, valid while the session lives."""
    return session._srtp[0]


def forget(session: Session, ssrc: int) -> None:
    """Free what a session keeps about one SSRC, if it keeps anything."""
    with contextlib.suppress(Error):
        session.remove_stream(ssrc)


def session(key: bytes, *, inbound: bool, profile: int = PROFILE_GCM_128) -> Session:
    """A session as DTLS would set it up, for benchmarks and tests with a known key (of KEY_BYTES)."""
    policy = Policy(
        key=key,
        ssrc_type=Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=profile,
    )
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return Session(policy)
