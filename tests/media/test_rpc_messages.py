"""Messages between web process and worker: what is sent is what arrives, and nothing else is a message."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media import rpc


def test_a_message_too_large_is_not_sent() -> None:
    with pytest.raises(ValueError, match="exceeds"):
        rpc.encode(rpc.Frame(1, bytes(rpc.MAX_FRAME_BYTES)))


texts = st.text(max_size=20)
messages = st.one_of(
    st.builds(rpc.Frame, st.integers(0, 1 << 32), st.binary(max_size=64)),
    st.builds(rpc.Refresh, st.integers(0, 1 << 32), texts),
    st.builds(rpc.Eject, st.integers(0, 1 << 32), texts, texts),
    st.builds(rpc.Mute, st.integers(0, 1 << 32), texts, texts, texts),
    st.builds(
        rpc.Move,
        st.integers(0, 1 << 32),
        st.lists(st.builds(rpc.Relocation, texts, texts, texts, texts), max_size=4).map(tuple),
    ),
    st.builds(
        rpc.Open,
        st.integers(0, 1 << 32),
        texts,
        texts,
        st.builds(rpc.Grants, sources=st.lists(texts, max_size=3).map(tuple)),
        st.booleans(),
        st.dictionaries(texts, texts, max_size=4),
    ),
)


@given(messages)
def test_what_is_encoded_is_decoded(message: rpc.FromWeb) -> None:
    assert rpc.decode_from_web(rpc.encode(message)[rpc.LENGTH_BYTES :]) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_decode_error(body: bytes) -> None:
    for decode in (rpc.decode_from_web, rpc.decode_from_worker):
        try:
            decode(body)
        except msgspec.DecodeError:
            continue
