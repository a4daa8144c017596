"""A client's signed February, and reports of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from pypdf import PdfReader

from sessions import tasks
from sessions.attendance.reports import drawing, service
from sessions.attendance.reports.audiences import Audience, Format
from sessions.attendance.reports.models import Report, State
from sessions.attendance.reports.units import Payer
from sessions.consents.models import Consent
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from tests import cast as people
from tests.cast import Cast
from tests.service.papers import file, offered, signs
from tests.service.signed import signed

NEW_YORK = ZoneInfo("America/New_York")
FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28))


def evening(day: int, month: int = 2) -> datetime:
    return datetime(2026, month, day, 18, 0, tzinfo=NEW_YORK)


def february() -> Cast:
    """Alice is there, comes late, is excused, has an individual session and a 12-step meeting."""
    cast = people.assemble()
    signed(cast, evening(3), {cast.alice: 90, cast.bruno: 90})
    signed(cast, evening(5), {cast.alice: 70, cast.bruno: 90}, bridged=4, flags=("left_early",))
    signed(cast, evening(10), {cast.alice: 0, cast.bruno: 80}, excused=(cast.alice,))
    signed(cast, evening(12), {cast.alice: 50}, kind=MeetingKind.INDIVIDUAL_THERAPY, length=60)
    signed(cast, evening(13), {cast.alice: 60, cast.bruno: 60}, kind=MeetingKind.TWELVE_STEP, length=60)
    return cast


@pytest.fixture
def clock_in_march() -> Iterator[time_machine.Traveller]:
    """February is over. Test modules give these fixtures the names that they use."""
    with time_machine.travel(people.MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def february_signed(time: time_machine.Traveller, db: None) -> Cast:
    return february()


def wanted(
    audience: Audience = Audience.CHART,
    format_: Format = Format.CSV,
    consent: Consent | None = None,
    payer: Payer | None = None,
    language: str = "en",
) -> service.Wanted:
    return service.Wanted(audience, *FEBRUARY, format_, consent, payer, language)


def made(actor: Person, cast: Cast, want: service.Wanted) -> Report:
    order = service.order(actor, file(cast), want)
    tasks.make_reports()
    order.refresh_from_db()
    assert order.state == State.MADE, order.why
    assert order.report is not None
    return order.report


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def court(cast: Cast) -> Consent:
    return signs(cast.alice, offered(cast))


def text_of(data: bytes) -> list[str]:
    return [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(io.BytesIO(data)).pages]


def every_page_carries(pages: list[str], report_id: str) -> None:
    for number, text in enumerate(pages, start=1):
        assert drawing.NOTICE in text
        assert report_id in text
        assert f"{number} / {len(pages)}" in text
