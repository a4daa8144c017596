"""Every form of the product, sent wrong: it says so at the field, keeps what was typed, and changes nothing.

The list is held against the table of addresses: who adds one that takes a POST says in forms_typed.py what is typed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from sessions.programs import episodes
from sessions.programs.calendar_models import OfferedSlot
from sessions.programs.licences import Licence
from tests.cast import MORNING, assemble
from tests.service.forms_clinic import Clinic
from tests.service.forms_typed import FORMS, MEETING, NORTH, Args

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic(db: None) -> Iterator[Clinic]:
    with time_machine.travel(MORNING, tick=False) as clock:
        cast = assemble(MORNING)
        episode = episodes.current(cast.alice, cast.north.pk)
        assert episode is not None
        yield Clinic(cast, episode, Licence.objects.create(person=cast.mina, state="NY"), clock)


def rows() -> dict[str, int]:
    """How many rows every table of ours has; what is only a look or a refusal may add to the record."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            if table.startswith("iop_") and not table.startswith("iop_audit"):
                cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
                found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.parametrize("form", FORMS)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    clinic: Clinic, client: Client, form: str
) -> None:
    who, name, args, typed, wrong, kept = FORMS[form]
    address = reverse(name, args=args(clinic))
    client.force_login(getattr(clinic.cast, who))
    before = rows()
    answer = client.post(address, typed)
    assert answer.status_code == 422
    assert rows() == before
    text = answer.content.decode()
    assert kept in text
    assert 'class="errorlist"' in text
    context: Any = answer.context
    shown = next(
        one
        for one in (value for layer in context for value in layer.dicts for value in value.values())
        if getattr(one, "errors", None)
    )
    if wrong:
        assert set(shown.errors) == wrong
    for field in shown.errors:
        bound = shown[field]
        # A reader of screens hears it with the field: Django ties the two together.
        assert f'id="{bound.auto_id}_error"' in text, field
        assert 'aria-invalid="true"' in text


# Addresses at which nothing is typed: a button alone, or a choice among what the page offers.
BUTTONS = {
    *("take-over", "make-up-cancel", "messages-stop", "meeting-report", "series-end", "series-retry"),
    "series-again",
    *("holiday-end", "meeting-cancel", "meeting-restore", "give-back", "book-take", "hours-withdraw", "feed"),
    *("track-remove", "cohort-leader", "staff-act", "on-call-set", "waitlist-act", "place-answer"),
    *(
        "my-people-end",
        "samples-stop",
        "episode-welcome",
        "family-invite",
        "family-revoke",
        "family-back",
        "family-apart",
    ),
    *("language", "check-in", "calls", "appointment", "system-end"),
}


# Forms that are not of fields: a machine's, one question a screen with its answers as buttons, a list of names.
OTHERWISE = {
    "messages-heard": "test_messages_carried.py",
    "check-in-questions": "test_pages_aftercare.py",
    "check-in-wishes": "test_pages_aftercare.py",
    "absence": "test_absences.py",
    "census": "test_care.py",
    "oauth-token": "test_interop.py",
    **dict.fromkeys(
        ("fhir", "fhir-metadata", "fhir-kind", "fhir-resource", "fhir-nothing"), "test_interop.py"
    ),
}


# The same form as another address.
ALIKE = {"track": "track-new", "series": "series-new"}


def takes_a_post(view: Any) -> bool:
    """What its decorator allows; without one everything is."""
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            held = cell.cell_contents
            if isinstance(held, list | tuple) and held and set(held) <= {"GET", "HEAD", "POST"}:
                return "POST" in held
        view = getattr(view, "__wrapped__", None)
    return True


def addresses(of: URLResolver) -> Iterator[URLPattern]:
    for one in of.url_patterns:
        if isinstance(one, URLResolver):
            if one.app_name != "admin":
                yield from addresses(one)
        else:
            yield one


def test_no_form_of_the_product_is_left_out() -> None:
    ours = [one for one in addresses(get_resolver()) if one.callback.__module__.startswith("sessions.web")]
    posted = {one.name for one in ours if takes_a_post(one.callback) and one.name}
    assert {"plan-write", "sample-step", "offer-paper", "call"} <= posted
    assert not {"episode", "home", "census-export", "groups"} & posted
    assert posted == {name for _, name, *_ in FORMS.values()} | BUTTONS | set(OTHERWISE) | set(ALIKE)


# Forms whose days are counted on from: who, address, what is typed besides the day, the field that is named.
AT_THE_END: dict[str, tuple[str, str, Args, dict[str, Any], str]] = {
    "series": ("carol", "series-new", NORTH, {"weekdays": ["0"], "every": "1"}, "starts_on"),
    "one session": ("carol", "meeting-new", NORTH, {}, "starts_on"),
    "session moved": ("carol", "meeting-change", MEETING, {"which": "move"}, "on"),
    "hours offered": ("mina", "hours", NORTH, {"minutes": "50", "weeks": "12"}, "on"),
    "admission": ("carol", "refer", NORTH, {"given_name": "Dora", "language": "en"}, "referred_on"),
}


@pytest.mark.parametrize("year", ["0001", "9999"])
@pytest.mark.parametrize("form", AT_THE_END)
def test_a_year_mistyped_is_said_at_its_field(clinic: Clinic, client: Client, form: str, year: str) -> None:
    who, name, args, typed, field = AT_THE_END[form]
    client.force_login(getattr(clinic.cast, who))
    typed = {"kind": "individual_therapy", "start": "23:00", "end": "01:00", **typed, field: f"{year}-12-31"}
    answer = client.post(reverse(name, args=args(clinic)), typed)
    assert answer.status_code == 422
    assert "Look at the year once more." in answer.content.decode()


REFERRED: dict[str, Any] = {
    "given_name": "Dora",
    "family_name": "Quinn",
    "email": "dora@example.org",
    "language": "en",
    "referred_on": "2026-03-02",
}
REPORT: dict[str, Any] = {
    "whom": "chart",
    "from_on": "2026-02-01",
    "to_on": "2026-02-28",
    "format": "csv",
    "language": "en",
}
# What only the rule itself finds out, each value being well formed: the form of FORMS, what is typed, the field.
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such zone": ("referral", {**REFERRED, "time_zone": "Mars/Base"}, "time_zone"),
    "here already": ("referral", {**REFERRED, "email": "alice@example.org"}, "email"),
    "ends before it begins": ("report", {**REPORT, "to_on": "2026-01-31"}, "to_on"),
    "of many years": ("report", {**REPORT, "from_on": "2001-02-03"}, "from_on"),
    "moved into the past": (
        "session moved",
        {"which": "move", "on": "2026-02-03", "start": "18:00", "end": "19:00"},
        "on",
    ),
    "left last year": ("group left", {"on": "2025-02-03", "why": "Asked for another"}, "on"),
    "prescribed for last year": ("prescribed week", {"starts_on": "2025-02-03"}, "starts_on"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_rule_refuses_is_said_at_the_field_it_is_about(
    clinic: Clinic, client: Client, case: str
) -> None:
    form, typed, field = REFUSED[case]
    who, name, args = FORMS[form][:3]
    client.force_login(getattr(clinic.cast, who))
    before = rows()
    answer = client.post(reverse(name, args=args(clinic)), typed)
    assert answer.status_code == 422
    assert rows() == before
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert page.count('class="errorlist"') == 1
    for value in typed.values():
        assert value in page


def test_hours_that_a_clock_change_leaves_out_have_their_length(clinic: Clinic, client: Client) -> None:
    """On 8 March 2026 New York goes from 2:00 to 3:00."""
    client.force_login(clinic.cast.mina)
    typed = {"kind": "individual_therapy", "on": "2026-03-08", "start": "02:30", "end": "03:15"}
    answer = client.post(
        reverse("hours", args=NORTH(clinic)), {**typed, "minutes": "45", "weeks": "1"}, follow=True
    )
    assert answer.status_code == 200
    assert [(slot.ends_at - slot.starts_at) for slot in OfferedSlot.objects.all()] == [timedelta(minutes=45)]
