"""The sign-off page: the odd ones first, one signature for all, afterwards only adjustments."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from sessions.attendance import service
from sessions.attendance.models import AttendanceRecord, Attestation, IndividualNote
from sessions.audit.models import AuditEvent
from sessions.people.models import Person
from sessions.programs.service import cancel
from sessions.room.commands import Leave
from sessions.room.floor_commands import StartBreak, VerifyIdentity
from tests import cast as people
from tests.cast import EVENING, HOUR, Cast
from tests.service.attendance import Group
from tests.service.reading import as_
from tests.service.room import Evening
from tests.service.tables import rows

pytestmark = pytest.mark.usefixtures("clock")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    """Whose clients staff have made sure of, in another meeting."""
    found = people.assemble()
    family = Evening(found.family)
    family.comes(found.mina, found.alice, found.bruno)
    for person in (found.alice, found.bruno):
        family.does(found.mina, VerifyIdentity(person.pk))
    return found


@pytest.fixture
def held(group: Group, cast: Cast) -> Group:
    """Half an hour with Mina and Alice; Bruno never came."""
    group.begins(cast.alice)
    group.passes(30 * MINUTE, cast.mina, cast.alice)
    group.is_ended()
    return group


def address(cast: Cast, what: str = "sign", person: Person | None = None) -> str:
    return f"/meetings/{cast.group.pk}/{what}" + (f"/{person.pk}" if person else "")


def page(person: Person, path: str, status: int = 200) -> str:
    answer = as_(person).get(path)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def filled(page: str, **given: object) -> dict[str, object]:
    """The form as the browser would send it, with what the facilitator types."""
    found = dict(re.findall(r'<input type="hidden" name="(version)" value="([^"]*)"', page))
    found |= dict(re.findall(r'name="(started|stopped)" value="([^"]*)"', page))
    return {**found, "topic": "", "typed_name": "Mina Park", **given}


def sign(person: Person, cast: Cast, path: str = "", **given: object) -> int:
    path = path or address(cast)
    return as_(person).post(path, filled(page(person, path), **given)).status_code


def test_odd_ones_come_first_with_the_reason_and_the_rest_is_folded(held: Group, cast: Cast) -> None:
    shown = page(cast.mina, address(cast))
    assert "Sign 2 attendances" in shown
    first, folded = shown.split("1 client with nothing to look at")
    assert "Bruno Silva" in first
    assert "Did not come." in first
    assert "Alice Haddad" not in first
    assert "30 of 30 minutes" in folded
    assert 'aria-label="Alice Haddad: present, 30 of 30 minutes"' in folded


def test_somebody_nobody_has_made_sure_of_is_odd_until_somebody_has(held: Group, cast: Cast) -> None:
    group = Group(cast, held.clock)
    group.meeting = cast.morning_group
    group.comes(cast.theo, cast.chidi)
    group.lets_in(cast.theo, cast.chidi)
    group.passes(MINUTE, cast.theo, cast.chidi)
    path = f"/meetings/{cast.morning_group.pk}/sign"
    assert "Nobody has confirmed yet that it is them." in page(cast.theo, path)
    group.does(cast.theo, VerifyIdentity(cast.chidi.pk))
    assert "Nobody has confirmed yet that it is them." not in page(cast.theo, path)


def test_each_picture_has_a_table_of_the_same_behind_it(held: Group, cast: Cast) -> None:
    table = page(cast.mina, address(cast)).split("Alice Haddad: present")[1].split("<tbody>")[1]
    assert ["6:00 PM", "6:30 PM", "in the room", "yes"] in [row[:4] for row in rows(table)]


def test_the_picture_shows_the_break_as_it_was_taken(group: Group, cast: Cast) -> None:
    group.begins(cast.bruno)
    group.passes(MINUTE, cast.mina, cast.bruno)
    assert 'class="break"' not in page(cast.mina, address(cast))
    group.does(cast.mina, StartBreak(5 * MINUTE))
    group.comes(cast.alice)
    group.lets_in(cast.mina, cast.alice)
    group.passes(2 * MINUTE, cast.mina, cast.alice, cast.bruno)
    group.does(cast.alice, Leave())
    group.passes(5 * MINUTE, cast.mina, cast.bruno)
    group.is_ended()
    shown = page(cast.mina, address(cast))
    assert 'class="break"' in shown
    assert "Was in the room, and no minute of it counts." in shown.split("Alice Haddad", 1)[1]
    assert "never in the room" not in shown


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        ("late", "Came late, at 6:10 PM."),
        ("leaves", "Left the room and was away for 20 minutes."),
        ("drops", "No connection for 10 minutes in between."),
        ("gone", "Counted until 6:10 PM."),
        ("waits", "Came back, waited 10 minutes at the door and was not let in again."),
    ],
)
def test_what_is_odd_is_said_in_words(group: Group, cast: Cast, happens: str, reason: str) -> None:
    mina, alice = cast.mina, cast.alice
    group.begins(*([] if happens == "late" else [alice]))
    if happens == "late":
        group.passes(10 * MINUTE, mina)
        group.comes(alice)
        group.lets_in(mina, alice)
        group.passes(20 * MINUTE, mina, alice)
    else:
        group.passes(10 * MINUTE, mina, alice)
        if happens == "leaves":
            group.does(alice, Leave())
        group.passes(10 * MINUTE, mina)
        if happens == "drops":
            group.connects(alice)
            group.comes(alice)
            group.lets_in(mina, alice)
            group.passes(10 * MINUTE, mina, alice)
        elif happens == "waits":
            group.comes(alice)
            group.passes(10 * MINUTE, mina, alice)
        else:
            group.passes(10 * MINUTE, mina)
    group.is_ended()
    shown = page(mina, address(cast)).replace("\u00a0", " ")
    assert reason in shown.split("with nothing to look at")[0]


def test_time_without_a_facilitator_is_said_once_for_everybody(group: Group, cast: Cast) -> None:
    group.begins(cast.alice, cast.bruno)
    group.passes(10 * MINUTE, cast.mina, cast.alice, cast.bruno)
    group.does(cast.mina, Leave())
    group.passes(8 * MINUTE, cast.alice, cast.bruno)
    group.comes(cast.mina)
    group.passes(10 * MINUTE, cast.mina, cast.alice, cast.bruno)
    group.is_ended()
    shown = page(cast.mina, address(cast))
    assert shown.count("This time is left out for everybody") == 1
    assert "2 clients with nothing to look at" in shown


def test_one_signature_signs_everybody(held: Group, cast: Cast) -> None:
    assert sign(cast.mina, cast, topic="Trust", excused=str(cast.bruno.pk)) == 302
    attestation = Attestation.objects.get()
    assert (attestation.topic, attestation.signed_by, attestation.head_count) == ("Trust", cast.mina, 1)
    assert attestation.stopped_at == EVENING + 30 * MINUTE
    assert {(row.person.given_name, row.excused) for row in AttendanceRecord.objects.all()} == {
        ("Alice", False),
        ("Bruno", True),
    }
    shown = page(cast.mina, address(cast))
    assert "Signed by Mina Park" in shown
    assert "<dd>Trust</dd>" in shown
    assert "Theo Okafor" in shown
    assert 'name="typed_name"' not in shown


def test_start_and_stop_may_be_put_right(held: Group, cast: Cast) -> None:
    assert sign(cast.mina, cast, started="17:58", stopped="18:31") == 302
    attestation = Attestation.objects.get()
    assert attestation.started_at == EVENING - 2 * MINUTE
    assert attestation.stopped_at == EVENING + 31 * MINUTE


def test_a_present_client_is_not_excused_by_a_forged_form(held: Group, cast: Cast) -> None:
    assert sign(cast.mina, cast, excused=str(cast.alice.pk)) == 302
    assert not AttendanceRecord.objects.filter(excused=True).exists()


def test_another_name_signs_nothing_and_what_was_typed_stays(held: Group, cast: Cast) -> None:
    note = {f"note-{cast.alice.pk}": "Spoke about her sister."}
    form = filled(page(cast.mina, address(cast)), topic="Trust", typed_name="M. Park", **note)
    answer = as_(cast.mina).post(address(cast), form)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "Type your full name" in shown
    assert 'value="Trust"' in shown
    assert "Spoke about her sister." in shown
    assert not Attestation.objects.exists()


def test_numbers_that_changed_since_they_were_read_are_not_signed(held: Group, cast: Cast) -> None:
    answer = as_(cast.mina).post(address(cast), filled(page(cast.mina, address(cast)), version="old"))
    assert answer.status_code == 422
    assert "The numbers changed while you were reading" in answer.content.decode()
    assert not Attestation.objects.exists()


def test_who_comes_second_sees_who_signed(held: Group, cast: Cast) -> None:
    form = filled(page(cast.mina, address(cast)))
    held.is_signed()
    assert as_(cast.mina).post(address(cast), form).status_code == 302
    assert Attestation.objects.count() == 1


def test_before_the_end_there_is_nothing_to_sign(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    shown = page(cast.mina, address(cast))
    assert "This session is not over yet" in shown
    assert "Sign 2" not in shown
    assert sign(cast.mina, cast) == 422


def test_an_overrun_is_offered_and_signed_as_shown(group: Group, cast: Cast) -> None:
    group.clock.move_to(cast.group.ends_at - 10 * MINUTE)
    group.begins(cast.alice)
    group.passes(20 * MINUTE, cast.mina, cast.alice)
    group.is_ended()
    assert "10 of 10 minutes" in page(cast.mina, address(cast))
    longer = address(cast) + "?overrun"
    assert "20 of 20 minutes" in page(cast.mina, longer)
    assert sign(cast.mina, cast, longer) == 302
    assert held_minutes(cast.alice, cast) == 20
    assert Attestation.objects.get().overrun


def held_minutes(person: Person, cast: Cast) -> int:
    return service.effective(service.record_of(cast.group, person.pk)).credited_minutes


def test_a_note_is_kept_apart_and_read_by_facilitators_only(held: Group, cast: Cast) -> None:
    sign(cast.mina, cast, **{f"note-{cast.alice.pk}": "Spoke about her sister."})
    assert b"sister" not in bytes(IndividualNote.objects.get().ciphertext)
    assert "sister" not in page(cast.mina, address(cast))
    assert "Spoke about her sister." in page(cast.theo, address(cast, "notes", cast.alice))
    assert AuditEvent.objects.filter(act="meeting.notes-read", actor_id=cast.theo.pk).count() == 1
    page(cast.carol, address(cast, "notes", cast.alice), 403)
    page(cast.alice, address(cast, "notes", cast.alice), 403)
    page(cast.otto, address(cast, "notes", cast.alice), 404)
    page(cast.mina, address(cast, "notes", cast.chidi), 404)


def test_a_later_note_adds_to_an_earlier_one(held: Group, cast: Cast) -> None:
    path = address(cast, "notes", cast.alice)
    for text in ("First.", "Second."):
        assert as_(cast.mina).post(path, {"text": text}).status_code == 302
        held.clock.shift(MINUTE)
    shown = page(cast.mina, path)
    assert shown.index("First.") < shown.index("Second.")


def test_a_change_of_a_signed_record_needs_a_reason_and_shows_beside_it(held: Group, cast: Cast) -> None:
    held.is_signed()
    path = address(cast, "change", cast.bruno)
    assert "0 of 30 minutes" in page(cast.mina, path)
    change = {"credited_minutes": "25", "status": "partial", "reason": "By phone.", "typed_name": "Mina Park"}
    for missing in ("reason", "typed_name"):
        assert as_(cast.mina).post(path, {**change, missing: ""}).status_code == 422
    assert as_(cast.mina).post(path, change).status_code == 302
    assert held_minutes(cast.bruno, cast) == 25
    shown = page(cast.carol, address(cast))
    assert "Changed from 0 minutes, absent to 25 minutes, partial by Mina Park" in shown
    assert "By phone." in shown


def test_more_minutes_than_the_meeting_had_are_refused_in_words(held: Group, cast: Cast) -> None:
    held.is_signed()
    change = {"credited_minutes": "999", "status": "present", "reason": "x", "typed_name": "Mina Park"}
    answer = as_(cast.mina).post(address(cast, "change", cast.bruno), change)
    assert answer.status_code == 422
    assert "cannot be more than the meeting had" in answer.content.decode()


def test_a_coordinator_reads_and_does_not_sign(held: Group, cast: Cast) -> None:
    shown = page(cast.carol, address(cast))
    assert "Whoever led the session signs." in shown
    assert "typed_name" not in shown
    assert as_(cast.carol).post(address(cast), {"typed_name": "Carol Reyes"}).status_code == 403
    page(cast.carol, address(cast, "change", cast.bruno), 403)


@pytest.mark.parametrize(
    ("who", "status"),
    [("alice", 403), ("omar", 404), ("ada", 404), ("otto", 404), ("nora", 404), ("ines", 404)],
)
def test_for_everybody_else_there_is_no_such_page(held: Group, cast: Cast, who: str, status: int) -> None:
    page(getattr(cast, who), address(cast), status)
    assert as_(getattr(cast, who)).post(address(cast), {}).status_code == status


def test_reading_is_on_record(held: Group, cast: Cast) -> None:
    page(cast.mina, address(cast))
    page(cast.carol, address(cast))
    reads = AuditEvent.objects.filter(act="meeting.attendance").values_list("actor_id", flat=True)
    assert set(reads) == {cast.mina.pk, cast.carol.pk}


def test_nothing_is_styled_inside_the_page_and_the_title_is_neutral(held: Group, cast: Cast) -> None:
    shown = page(cast.mina, address(cast))
    assert not re.findall(r"\s(?:style|on[a-z]+)=", shown)
    assert "<title>Your session</title>" in shown


def test_the_meetings_page_leads_to_it(held: Group, cast: Cast) -> None:
    held.clock.shift(4 * HOUR)
    for person in (cast.mina, cast.carol):
        assert f'href="{address(cast)}"' in page(person, f"/meetings/{cast.group.pk}/")
    assert f'href="{address(cast)}"' not in page(cast.alice, f"/meetings/{cast.group.pk}/")


def test_a_cancelled_meeting_has_nothing_to_sign(held: Group, cast: Cast) -> None:
    cancel(cast.group)
    shown = page(cast.mina, address(cast))
    assert "There is nothing to sign." in shown
    assert 'name="typed_name"' not in shown
