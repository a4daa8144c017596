"""The coordinator's board of the week: everybody's hours, those first whose week can still be mended."""

from __future__ import annotations

import html

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions.attendance import week_service
from sessions.attendance.models import AttendanceStatus, Proposal
from sessions.attendance.week import State
from sessions.audit.models import AuditEvent
from sessions.core.errors import NotFound
from sessions.programs import house
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Enrollment
from sessions.programs.service import cancel
from sessions.programs.settings import KindRule
from tests.cast import EVENING, Cast
from tests.service.attendance import Group
from tests.service.tables import rows
from tests.service.week import MINUTE, clients, evening, home

pytestmark = pytest.mark.usefixtures("clock")


def board(cast: Cast, path: str = "/week/") -> str:
    return home(cast.carol, path)


def test_the_board_begins_with_who_can_still_be_mended(cast: Cast) -> None:
    Enrollment.objects.filter(person=cast.bruno).update(weekly_target_minutes=60)
    Enrollment.objects.filter(person=cast.chidi).update(weekly_target_minutes=600)
    found = week_service.board(cast.carol, cast.north, EVENING)
    assert [(one.person_id, one.week.state) for one in found.lines] == [
        (cast.chidi.pk, State.SHORT),
        (cast.alice.pk, State.SHORT),
        (cast.bruno.pk, State.ON_TRACK),
    ]


def test_the_board_tells_everybodys_week_as_bars_and_as_a_table(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(30 * MINUTE, cast.mina, cast.alice)
    shown = board(cast)
    assert "Monday, March 2 to Sunday, March 8" in shown
    assert "3 clients fall short, and it can still be mended." in shown
    assert 'aria-label="Alice Haddad: 30 of 540 minutes, 295 can be reached"' in shown
    table = rows(shown.split("Everybody as a table")[1])
    assert next(row for row in table if row[0] == "Alice Haddad")[:3] == ["Alice Haddad", "540", "300"]
    assert "Sofia" not in shown


def test_the_board_warns_when_the_schedule_itself_is_too_short(cast: Cast) -> None:
    for days in (0, 2, 3):
        evening(cast, days)
    cancel(cast.group)
    cancel(cast.individual)
    cancel(cast.family)
    row = board(cast).split("<strong>Alice Haddad")[1].split("</li>")[0]
    assert "The schedule is 30 minutes short of the plan." in row


def test_below_the_floor_is_stepping_down(cast: Cast) -> None:
    Enrollment.objects.filter(person=cast.alice).update(weekly_target_minutes=360)
    row = board(cast).split("<strong>Alice Haddad")[1].split("</li>")[0]
    assert "stepping down" in row


def test_other_weeks_are_one_tap_away_and_nonsense_is_this_week(cast: Cast) -> None:
    assert "?of=2026-02-23" in board(cast)
    assert "fell short" in board(cast, "/week/?of=2026-02-25")
    assert "Monday, February 23 to Sunday, March 1" in board(cast, "/week/?of=2026-02-25")
    for nonsense in ("x", "9999-12-31", "0001-01-01", "2026-02-31"):
        assert "this week" in board(cast, f"/week/?of={nonsense}")


@pytest.mark.parametrize("who", ["mina", "alice", "omar", "ada", "ines", "otto", "sofia", "nora"])
def test_the_board_is_for_coordinators(cast: Cast, who: str) -> None:
    client = Client()
    client.force_login(getattr(cast, who))
    assert client.get("/week/").status_code == 404
    with pytest.raises(NotFound):
        week_service.board(getattr(cast, who), cast.north, EVENING)


def test_reading_the_board_is_on_record(cast: Cast) -> None:
    board(cast)
    event = AuditEvent.objects.get(act="program.attendance", subject_type="program")
    assert (event.actor_id, event.scope) == (cast.carol.pk, cast.north.pk)


def test_the_number_of_queries_knows_neither_clients_nor_history(cast: Cast) -> None:
    """The whole page: three clients and one evening, then seventeen times as many and fifty evenings."""
    browser = Client()
    browser.force_login(cast.carol)
    house.set_kind(cast.north, MeetingKind.PROCESS_GROUP, KindRule(largest=60), by=cast.ines)
    taken, shown = [], []
    for many in (0, 50):
        clients(cast, many, "Client")
        for number in range(many):
            meeting = evening(cast, -number)
            Proposal.objects.create(
                meeting=meeting,
                person=cast.alice,
                credited_seconds=60,
                raw_seconds=60,
                bridged_seconds=0,
                eligible_seconds=60,
                status=AttendanceStatus.PARTIAL,
                late=False,
                spans=[],
                policy_version="default-1",
                final=True,
                computed_at=EVENING,
            )
        browser.get("/week/")  # what is asked once in the life of a process
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get("/week/")
        taken.append(len(queries))
        shown.append(len(answer.context["boards"][0].page.paginator.object_list))
    assert shown == [3, 53]
    assert taken[0] == taken[1]


def test_a_long_board_is_paged_and_who_can_be_mended_comes_first(cast: Cast) -> None:
    clients(cast, 45, "Client")
    Enrollment.objects.exclude(person=cast.alice).update(weekly_target_minutes=0)
    first = board(cast)
    assert "1 to 40 of 48 clients" in first
    assert first.count('<th scope="row">') == 40
    assert "<strong>Alice Haddad" in first
    after = html.unescape(first.split('aria-label="More clients"')[1].split('href="')[1].split("#")[0])
    second = board(cast, f"/week/{after}")
    assert "41 to 48 of 48 clients" in second
    assert second.count('<th scope="row">') == 8
    assert "<strong>Alice Haddad" not in second
    assert "1 client falls short" in second


@pytest.mark.parametrize(
    ("page", "shown"),
    [("", "1 to 40"), ("x", "1 to 40"), ("1", "1 to 40"), ("999", "41 to 48"), ("0", "41 to 48")],
)
def test_a_page_that_is_none_is_the_first_or_the_last(cast: Cast, page: str, shown: str) -> None:
    clients(cast, 45, "Client")
    assert f"{shown} of 48 clients" in board(cast, f"/week/?in={cast.north.pk}&page={page}")
    assert "1 to 40 of 48 clients" in board(cast, f"/week/?in={cast.south.pk}&page={page}")
