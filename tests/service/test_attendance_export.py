"""Any meeting can be exported and run again from its facts alone: the same minutes come out."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command

from sessions.attendance import case
from sessions.attendance.models import AttendanceRecord
from sessions.attendance.service import Draft, attest
from sessions.room.side_commands import StepAside
from tests.cast import Cast
from tests.service.attendance import Group
from tests.service.room import seconds

pytestmark = pytest.mark.usefixtures("clock")

ROOT = Path(__file__).resolve().parent.parent.parent
MINUTE = timedelta(minutes=1)


@pytest.fixture
def group(cast: Cast, clock: time_machine.Traveller) -> Group:
    group = Group(cast, clock)
    group.begins(cast.alice)
    group.passes(3 * MINUTE, cast.mina, cast.alice)
    group.loses(cast.alice)
    group.passes(seconds(30), cast.mina)
    group.connects(cast.alice, device="phone")
    group.passes(3 * MINUTE, cast.mina, cast.alice)
    return group


def export(group: Group) -> str:
    out = StringIO()
    call_command("credit", meeting=str(group.meeting.pk), stdout=out)
    return out.getvalue()


def numbers(result: dict[str, Any]) -> dict[str, tuple[int, int, int, str]]:
    return {
        person: (one["credited_seconds"], one["raw_seconds"], one["eligible_seconds"], one["status"])
        for person, one in result.items()
    }


def test_a_running_meeting_gives_its_proposals_again(group: Group, cast: Cast) -> None:
    again = numbers(case.run(case.decode(export(group))))
    for client in (cast.alice, cast.bruno):
        row = group.proposal(client)
        assert again[str(client.pk)] == (
            row.credited_seconds,
            row.raw_seconds,
            row.eligible_seconds,
            row.status,
        )
    assert again[str(cast.alice.pk)][0] == 390


def test_rooms_aside_and_breakouts_are_read_again(group: Group, cast: Cast) -> None:
    group.does(cast.mina, StepAside(cast.alice.pk))
    group.passes(3 * MINUTE, cast.mina, cast.alice)
    result = numbers(case.run(case.decode(export(group))))
    assert result[str(cast.alice.pk)][0] == group.proposal(cast.alice).credited_seconds == 570


def test_a_signed_meeting_gives_its_records_again(group: Group, cast: Cast) -> None:
    group.is_ended()
    group.passes(seconds(10), cast.mina, cast.alice)
    attest(cast.mina, group.meeting, Draft("Mina Park", overrun=True))
    result = case.run(case.decode(export(group)))
    for row in AttendanceRecord.objects.all():
        assert numbers(result)[str(row.person_id)][:2] == (row.credited_seconds, row.raw_seconds)
        assert result[str(row.person_id)]["policy_version"] == row.policy_version == "default-1+overrun"


def test_a_case_names_nobody(group: Group, cast: Cast) -> None:
    text = export(group)
    for person in cast.people:
        assert person.given_name not in text
        assert person.email not in text


def test_a_meeting_that_is_not_there_is_refused(db: None) -> None:
    for wrong in (str(uuid4()), "nonsense"):
        with pytest.raises(CommandError):
            call_command("credit", meeting=wrong)


CASE: dict[str, Any] = {
    "meeting": {"starts_at": "2026-03-02T18:00:00Z", "ends_at": "2026-03-02T21:00:00Z", "time_zone": "UTC"},
    "facts": [],
}
FACT: dict[str, Any] = {
    "at": "2026-03-02T18:00:00Z",
    "kind": "connected",
    "person": "p",
    "role": "client",
    "connection": "c",
    "room": "main",
}


def credit(text: str) -> subprocess.CompletedProcess[str]:
    """The command itself, as an auditor runs it."""
    return subprocess.run(
        [sys.executable, "manage.py", "credit"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_case_on_standard_input_is_run_without_a_database() -> None:
    done = credit(json.dumps({**CASE, "facts": [FACT]}))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["p"]["credited_minutes"] == 0


def test_bad_input_ends_with_2_and_one_line_that_names_the_field() -> None:
    done = credit(json.dumps({**CASE, "facts": [{**FACT, "at": "yesterday"}]}))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("facts[0].at: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_who_has_read_enough_is_no_error() -> None:
    facts = [{**FACT, "person": f"p{number}"} for number in range(3000)]
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} manage.py credit | head -c 10"],
        cwd=ROOT,
        input=json.dumps({**CASE, "facts": facts}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (len(done.stdout), done.stderr) == (10, "")
