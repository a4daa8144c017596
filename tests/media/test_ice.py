"""STUN binding requests and answers, with aioice as the independent witness."""

from __future__ import annotations

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from signaling.media import ice

PASSWORD = "a password of ours"


def request(username: str = "ours:theirs", password: str = PASSWORD, *, nominates: bool = False) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = username
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 7
    if nominates:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


class TestRequests:
    @pytest.mark.parametrize("nominates", [True, False])
    def test_a_check_is_read(self, nominates: bool) -> None:
        read = ice.read_request(request(nominates=nominates))
        assert (read.ufrag, read.nominates) == ("ours", nominates)
        assert read.authentic(PASSWORD)

    def test_another_password_does_not_prove(self) -> None:
        assert not ice.read_request(request(password="a guess")).authentic(PASSWORD)

    @given(st.data())
    def test_no_changed_byte_proves(self, data: st.DataObject) -> None:
        raw = bytearray(request())
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] ^= data.draw(st.integers(1, 255))
        try:
            read = ice.read_request(raw)
        except ValueError:
            return
        assert not read.authentic(PASSWORD) or read.ufrag == "ours"

    @given(st.binary(max_size=100))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        try:
            ice.read_request(data)
        except ValueError:
            return

    @given(st.binary(max_size=80))
    def test_any_attributes_are_read_or_refused(self, body: bytes) -> None:
        head = b"\x00\x01" + len(body).to_bytes(2, "big") + ice.COOKIE.to_bytes(4, "big") + bytes(12)
        try:
            ice.read_request(head + body)
        except ValueError:
            return

    def test_what_follows_the_integrity_does_not_count(self) -> None:
        """A nomination appended to somebody's check is not his."""
        whole = request()
        body = whole[20:-8] + b"\x00\x25\x00\x00"  # the fingerprint off, USE-CANDIDATE on
        raw = whole[:2] + len(body).to_bytes(2, "big") + whole[4:20] + body
        read = ice.read_request(raw)
        assert not read.nominates

    @pytest.mark.parametrize(
        ("what", "message"),
        [
            ("a response", stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)),
            ("an indication", stun.Message(stun.Method.BINDING, stun.Class.INDICATION)),
            ("a request without credentials", stun.Message(stun.Method.BINDING, stun.Class.REQUEST)),
            ("another method", stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)),
        ],
    )
    def test_refused_is(self, what: str, message: stun.Message) -> None:
        with pytest.raises(ValueError, match=r"."):
            ice.read_request(bytes(message))


class TestAnswers:
    @pytest.mark.parametrize("host", ["127.0.0.1", "198.51.100.7", "2001:db8::1"])
    @pytest.mark.parametrize("port", [1, 40000, 65535])
    def test_an_answer_tells_where_the_check_came_from(self, host: str, port: int) -> None:
        asked = ice.read_request(request())
        answer = stun.parse_message(ice.success(asked, PASSWORD, host, port))
        assert answer.message_class == stun.Class.RESPONSE
        assert answer.transaction_id == asked.transaction
        assert answer.attributes["XOR-MAPPED-ADDRESS"] == (host, port)
        assert answer.check_message_integrity(PASSWORD.encode())
