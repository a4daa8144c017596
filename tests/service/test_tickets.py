"""A media ticket opens one seat, for a minute, for the placement it was made for; and nothing else does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from signaling import tickets
from signaling.media.rpc import Grants
from signaling.tickets import BadTicket, Claims

NOW = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
ALICES = Claims(
    meeting_id=UUID("11111111-1111-4111-8111-111111111111"),
    person_id=UUID("22222222-2222-4222-8222-222222222222"),
    room="an-opaque-room",
    identity="an-opaque-identity",
    version=3,
    grants=tickets.grants_of(may_share_screen=False),
)
KEY, SECRET = "test-key", "a-test-secret-of-forty-eight-bytes-or-more-so-be-it"


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.MEDIA_KEY, settings.MEDIA_SECRET = KEY, SECRET


def payload(**changes: object) -> dict[str, Any]:
    """A good ticket's content, with changes; None takes a claim away."""
    token = tickets.mint(ALICES, NOW)
    good = jwt.decode(token, options={"verify_signature": False}) | changes
    return {name: value for name, value in good.items() if value is not None}


def signed(content: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(content, secret, algorithm=algorithm)


def unsigned(content: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(content)}."


def test_a_ticket_says_what_it_was_made_for() -> None:
    assert tickets.verify(tickets.mint(ALICES, NOW), NOW) == ALICES


def test_it_carries_opaque_ids_and_nothing_else() -> None:
    assert set(payload()) == {"iss", "aud", "sub", "iat", "nbf", "exp", "video", "viop"}
    assert set(payload()["viop"]) == {"m", "p", "v"}


@pytest.mark.parametrize(
    ("after", "good"),
    [
        (timedelta(seconds=0), True),
        (timedelta(seconds=59), True),
        (timedelta(seconds=64), True),  # clocks of two processes
        (timedelta(seconds=65), False),
        (timedelta(hours=1), False),
        (timedelta(seconds=-5), True),
        (timedelta(seconds=-6), False),
        (timedelta(days=-400), False),
    ],
)
def test_it_lives_a_minute(after: timedelta, good: bool) -> None:
    token = tickets.mint(ALICES, NOW)
    if good:
        tickets.verify(token, NOW + after)
    else:
        with pytest.raises(BadTicket):
            tickets.verify(token, NOW + after)


FORGED: list[tuple[str, Callable[[], str]]] = [
    ("empty", lambda: ""),
    ("no token at all", lambda: "let me in"),
    ("signed with another key", lambda: signed(payload(), "another-secret-of-thirty-two-bytes!!!!!")),
    ("not signed", lambda: unsigned(payload())),
    ("another HMAC", lambda: signed(payload(), algorithm="HS384")),
    ("cut off", lambda: tickets.mint(ALICES, NOW)[:-4]),
    ("another issuer", lambda: signed(payload(iss="somebody"))),
    ("another audience", lambda: signed(payload(aud="another-service"))),
    ("several audiences, none ours", lambda: signed(payload(aud=["a", "b"]))),
    ("no audience", lambda: signed(payload(aud=None))),
    ("no expiry", lambda: signed(payload(exp=None))),
    ("no time of issue", lambda: signed(payload(iat=None))),
    ("good for a day", lambda: signed(payload(exp=int(NOW.timestamp()) + 86_400))),
    ("issued tomorrow", lambda: signed(payload(iat=int(NOW.timestamp()) + 86_400))),
    ("an expiry in words", lambda: signed(payload(exp="2030"))),
    ("an expiry past every calendar", lambda: signed(payload(iat=10**17, nbf=0, exp=10**17))),
    ("nobody", lambda: signed(payload(sub=""))),
    ("no room", lambda: signed(payload(video={"roomJoin": True}))),
    ("no right to join", lambda: signed(payload(video=payload()["video"] | {"roomJoin": "yes"}))),
    ("a plain LiveKit token", lambda: signed(payload(viop=None))),
    (
        "no placement version",
        lambda: signed(payload(viop={"m": str(ALICES.meeting_id), "p": str(ALICES.person_id)})),
    ),
    ("a version in words", lambda: signed(payload(viop=payload()["viop"] | {"v": "3"}))),
    ("a meeting that is no id", lambda: signed(payload(viop=payload()["viop"] | {"m": "../../etc"}))),
    ("very long", lambda: signed(payload(name="x" * 5000))),
]


@pytest.mark.parametrize(("what", "forge"), FORGED, ids=[what for what, _ in FORGED])
def test_everything_else_is_refused_and_never_says_why(what: str, forge: Callable[[], str]) -> None:
    with pytest.raises(BadTicket) as refusal:
        tickets.verify(forge(), NOW)
    assert str(refusal.value) == ""


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_whatever_comes_it_is_that_one_error(token: str) -> None:
    with pytest.raises(BadTicket):
        tickets.verify(token, NOW)


@given(st.integers(0, 2), st.data())
def test_a_changed_character_breaks_it(part: int, data: st.DataObject) -> None:
    parts = tickets.mint(ALICES, NOW).split(".")
    # The last character of the signature holds bits that decode to nothing.
    at = data.draw(st.integers(0, len(parts[part]) - 2))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
    if other == parts[part][at]:
        return
    parts[part] = parts[part][:at] + other + parts[part][at + 1 :]
    with pytest.raises(BadTicket):
        tickets.verify(".".join(parts), NOW)


def test_without_the_right_to_share_a_screen_one_shows_face_and_voice_only() -> None:
    grants = tickets.grants_of(may_share_screen=False)
    assert grants.sources == ("microphone", "camera")
    assert grants.can_publish_data, "reactions"
    assert not grants.can_update_own_metadata


def test_with_the_right_to_share_a_screen_its_sound_goes_along() -> None:
    assert set(tickets.grants_of(may_share_screen=True).sources) == {
        "microphone",
        "camera",
        "screen_share",
        "screen_share_audio",
    }


def test_grants_survive_as_they_are() -> None:
    none = replace(ALICES, grants=replace_grants())
    assert tickets.verify(tickets.mint(none, NOW), NOW).grants == none.grants


def replace_grants() -> Grants:
    return Grants(can_publish=False, can_subscribe=False, can_publish_data=False, sources=("camera",))
