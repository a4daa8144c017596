"""A case as an auditor writes it: what is read, and what is said about what cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions.attendance import case

MEETING: dict[str, Any] = {
    "starts_at": "2026-03-02T18:00:00Z",
    "ends_at": "2026-03-02T21:00:00Z",
    "ended_at": None,
    "time_zone": "America/New_York",
    "breaks": [["2026-03-02T19:25:00Z", "2026-03-02T19:35:00Z"]],
}


def fact(**other: Any) -> dict[str, Any]:
    usual = {
        "at": "2026-03-02T18:00:00Z",
        "kind": "connected",
        "person": "p1",
        "role": "client",
        "connection": "c1",
        "room": "main",
    }
    return {name: value for name, value in {**usual, **other}.items() if value != "nothing"}


def text(*facts: dict[str, Any], meeting: dict[str, Any] | None = None, **other: Any) -> str:
    return json.dumps({"meeting": {**MEETING, **(meeting or {})}, "policy": {}, "facts": facts, **other})


WRONG = [
    ("facts[0].at", text(fact(at="noon"))),
    ("facts[0].at", text(fact(at="2026-03-02T18:00:00"))),
    ("facts[0].at", text(fact(at="2026-03-02T18:00:00+01:00"))),
    ("facts[0].at", text(fact(at=1_772_000_000))),
    ("facts[1].kind", text(fact(), fact(kind="vanished"))),
    ("facts[0].role", text(fact(role="alumnus"))),
    ("facts[1].role", text(fact(), fact(role="facilitator"))),
    ("facts[0].person", text(fact(person=""))),
    ("facts[0].person", text(fact(person="nothing"))),
    ("facts[0].connection", text(fact(connection="nothing"))),
    ("facts[0].room", text(fact(room="kitchen"))),
    ("facts[0].room", text(fact(room="breakout:"))),
    ("facts[0].room", text(fact(room="nothing"))),
    ("facts[0].mood", text(fact(mood="good"))),
    ("meeting.starts_at", text(meeting={"starts_at": "2026-03-02T18:00:00"})),
    ("meeting.ends_at", text(meeting={"ends_at": "2026-03-02T18:00:00Z"})),
    (
        "meeting.ends_at",
        text(meeting={"starts_at": "2026-03-02T21:00:00.1Z", "ends_at": "2026-03-02T21:00:00.9Z"}),
    ),
    ("meeting.starts_at", text(meeting={"starts_at": "0001-01-01T00:00:00Z"})),
    ("meeting.ends_at", text(meeting={"ends_at": "9999-12-31T23:59:59Z"})),
    ("facts[0].at", text(fact(at="0001-01-01T00:00:00Z"))),
    ("meeting.time_zone", text(meeting={"time_zone": "Mars/Olympus"})),
    ("meeting.breaks[0]", text(meeting={"breaks": [["2026-03-02T19:35:00Z", "2026-03-02T19:25:00Z"]]})),
    ("meeting.breaks[0][1]", text(meeting={"breaks": [["2026-03-02T19:25:00Z", "later"]]})),
    ("policy.reconnect_grace", text(policy={"reconnect_grace": -1})),
    ("policy.present_percent", text(policy={"present_percent": 101})),
    ("policy.hour_minutes", text(policy={"hour_minutes": 45})),
    ("policy.reconect_grace", text(policy={"reconect_grace": 60})),
    ("facts", json.dumps({"meeting": MEETING})),
    ("meeting", json.dumps({"facts": []})),
    ("input", "{"),
    ("input", ""),
]


@pytest.mark.parametrize(("field", "wrong"), WRONG, ids=[f"{i} {f}" for i, (f, _) in enumerate(WRONG)])
def test_what_cannot_be_read_is_named(field: str, wrong: str) -> None:
    with pytest.raises(case.BadCase) as refused:
        case.decode(wrong)
    message = str(refused.value)
    assert message.startswith(f"{field}: ")
    assert "\n" not in message


def test_bytes_that_are_no_text_are_not_json() -> None:
    with pytest.raises(case.BadCase, match=r"^input: "):
        case.decode(b"\xff\xfe")


def test_who_is_expected_and_never_came_is_absent() -> None:
    found = case.run(case.decode(text(clients=["p9"])))
    assert (found["p9"]["status"], found["p9"]["credited_minutes"]) == ("absent", 0)


def test_a_device_that_ends_and_opens_within_a_second_was_there_all_the_time() -> None:
    dana = fact(person="t1", role="facilitator", connection="t")
    facts = [
        fact(),
        fact(at="2026-03-02T19:00:00Z", kind="disconnected", room="nothing"),
        fact(at="2026-03-02T19:00:00Z"),
        fact(at="2026-03-02T21:00:00Z", kind="disconnected", room="nothing"),
        {**dana, "at": "2026-03-02T21:00:00Z", "kind": "left"},
        dana,
    ]
    for order in (facts, facts[::-1]):
        assert case.run(case.decode(text(*order)))["p1"]["raw_seconds"] == 170 * 60


def test_a_result_has_every_key_of_the_contract_and_words_for_every_stretch() -> None:
    dana = fact(person="t1", role="facilitator", connection="t")
    done = fact(kind="disconnected", at="2026-03-02T20:40:00Z", room="nothing")
    gone = fact(
        person="t1",
        role="facilitator",
        connection="t",
        kind="left",
        at="2026-03-02T21:00:00Z",
        room="nothing",
    )
    found = case.run(case.decode(text(dana, fact(at="2026-03-02T18:12:00Z"), done, gone)))["p1"]
    assert set(found) == {
        *("credited_minutes", "credited_seconds", "raw_seconds", "bridged_seconds", "eligible_seconds"),
        *("status", "late", "spans", "policy_version", "explanation"),
    }
    assert (found["credited_minutes"], found["status"], found["late"]) == (138, "partial", True)
    assert found["explanation"] == [
        "13:00–13:12 not there yet",
        "13:12–14:25 present",
        "14:25–14:35 break, not counted",
        "14:35–15:40 present",
        "15:40–16:00 no connection, did not come back",
    ]
