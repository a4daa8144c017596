"""What may be said on the room socket, and what may not."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from signaling import protocol
from signaling.protocol import basics
from signaling.sockets import oversize
from signaling.typescript import typescript

INCOMING = typing.get_args(protocol.FromBrowser)
ID = "3f0c8a4e-6f1a-4c58-9d0e-0a4b8f6a7c11"

PART: dict[str, Any] = {"title": "Check-in", "minutes": 10}


def agenda(parts: list[Any], version: int = 0) -> str:
    return json.dumps({"type": "setAgenda", "commandId": "1" * 8, "parts": parts, "version": version})


AGENDAS: dict[str, list[Any]] = {
    "a part of no minutes": [PART | {"minutes": 0}],
    "a part of 500 minutes": [PART | {"minutes": 500}],
    "a part of half a minute": [PART | {"minutes": 0.5}],
    "a part with a long name": [PART | {"title": "x" * 61}],
    "a part with a NUL in its name": [PART | {"title": "a\0"}],
    "a part with a number below none": [PART | {"number": -1}],
    "a part with a number no column holds": [PART | {"number": 2**31}],
    "sixty parts": [PART] * 60,
    "a part that is a word": ["Check-in"],
}
MALFORMED = [
    ("nothing", ""),
    ("no JSON", "knock"),
    ("no object", '["knock"]'),
    ("no type", "{}"),
    ("an unknown type", '{"type":"becomeFacilitator"}'),
    ("a type of the other direction", '{"type":"seat","url":"/","token":"t","identity":"i","expiresIn":60}'),
    ("an unknown field", '{"type":"ping","evil":1}'),
    ("a sender", '{"type":"knock","personId":"' + ID + '"}'),
    ("two types", '{"type":"ping","type":"leave","commandId":"12345678"}'),
    ("a missing field", '{"type":"admit","commandId":"12345678"}'),
    ("a number for an id", '{"type":"admit","commandId":"12345678","personId":7}'),
    ("a reason of one's own", '{"type":"admit","commandId":"12345678","personId":"1","reason":"slept in"}'),
    ("an empty id", '{"type":"admit","commandId":"12345678","personId":""}'),
    ("a command id too short to be unique", '{"type":"admit","commandId":"1","personId":"' + ID + '"}'),
    (
        "a long reason",
        json.dumps({"type": "decline", "commandId": "1" * 8, "personId": ID, "reason": "x" * 201}),
    ),
    (
        "a NUL no database stores",
        r'{"type":"decline","commandId":"12345678","personId":"x","reason":"a\u0000"}',
    ),
    (
        "half of a surrogate pair",
        r'{"type":"decline","commandId":"12345678","personId":"x","reason":"\ud800"}',
    ),
    *((what, agenda(parts)) for what, parts in AGENDAS.items()),
    ("an agenda written from nowhere", agenda([PART], version=-1)),
    ("a part before the first", '{"type":"beginPart","commandId":"12345678","part":0}'),
    ("characters no UTF-8 holds", '"\ud800"'),
    ("deep nesting", "[" * 50_000),
    ("two messages", '{"type":"ping"}{"type":"ping"}'),
]


def test_an_agenda_of_twelve_parts_is_within_the_protocol() -> None:
    asked = protocol.decode(agenda([PART | {"title": "x" * 60, "minutes": 180}] * 12))
    assert isinstance(asked, protocol.asked.SetAgenda)


@pytest.mark.parametrize(("what", "frame"), MALFORMED, ids=[what for what, _ in MALFORMED])
def test_what_is_outside_the_protocol_is_one_typed_error(what: str, frame: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        protocol.decode(frame)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(
    JSON
    | st.dictionaries(st.sampled_from(["type", "commandId", "personId", "reason"]), JSON | st.just("admit"))
)
def test_any_json_is_a_message_or_that_error(value: object) -> None:
    try:
        message = protocol.decode(json.dumps(value))
    except msgspec.DecodeError:
        return
    assert isinstance(message, INCOMING)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_frame_is_a_message_or_that_error(frame: str | bytes) -> None:
    try:
        message = protocol.decode(frame)
    except msgspec.DecodeError:
        return
    assert isinstance(message, INCOMING)


STORABLE = st.characters(codec="utf-8", exclude_characters="\0")


def of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Whatever the protocol allows in a field of this type, within its bounds."""
    match kind:
        case inspect.Metadata(type=inner):
            return of(inner)
        case inspect.StrType(pattern=pattern) if pattern not in (None, basics.NO_NUL):
            return st.from_regex(pattern or "")
        case inspect.StrType():
            return st.text(STORABLE, min_size=kind.min_length or 0, max_size=kind.max_length or 200)
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.UnionType():
            return st.one_of([of(one) for one in kind.types])
        case inspect.VarTupleType():
            return st.lists(of(kind.item_type), max_size=min(kind.max_length or 3, 3)).map(tuple)
        case inspect.StructType():
            return st.builds(kind.cls, **{field.name: of(field.type) for field in kind.fields})
    raise NotImplementedError(kind)


@given(st.sampled_from(INCOMING).flatmap(lambda kind: of(inspect.type_info(kind))))
def test_every_message_survives_the_wire(message: protocol.FromBrowser) -> None:
    assert protocol.decode(msgspec.json.encode(message)) == message


def test_no_message_from_a_browser_says_who_sends_it() -> None:
    """Identity comes from the login of the socket only."""
    for kind in INCOMING:
        assert not {"actor", "sender", "from", "me", "identity", "name", "role"} & set(kind.__struct_fields__)


def test_the_generated_types_are_those_of_the_protocol() -> None:
    generated = Path(__file__).parents[2] / "frontend" / "src" / "protocol" / "messages.gen.ts"
    assert generated.read_text() == typescript(), "run manage.py protocol_types"


def test_generated_types_name_every_message_and_every_way_to_close() -> None:
    text = typescript()
    for kind in (*INCOMING, *typing.get_args(protocol.ToBrowser)):
        assert f"export interface {kind.__name__} {{" in text
    for code in protocol.Close:
        assert f"{code.name}: {code.value}" in text


@pytest.mark.parametrize(
    ("frame", "too_long"),
    [
        ("x" * 65_536, False),
        ("x" * 65_537, True),
        ("ü" * 32_768, False),
        ("ü" * 32_769, True),
        ("𝄞" * 16_384, False),
        ("𝄞" * 16_385, True),
        (b"x" * 65_536, False),
        (b"x" * 65_537, True),
    ],
)
def test_a_frame_is_measured_in_bytes(frame: str | bytes, too_long: bool) -> None:
    assert oversize(frame) is too_long
