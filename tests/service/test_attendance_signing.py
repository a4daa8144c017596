"""The facilitator's signature, and what may change after it (invariants 9, 14, 22, 28)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from sessions import tasks
from sessions.attendance import service
from sessions.attendance.models import (
    Adjustment,
    AttendanceRecord,
    AttendanceStatus,
    Attestation,
    IndividualNote,
    Proposal,
)
from sessions.attendance.service import Change, Draft
from sessions.audit import service as audit
from sessions.audit.models import AuditEvent
from sessions.core import clock as our_clock
from sessions.core.encryption import Unreadable
from sessions.core.errors import Invalid, NotAllowed, NotFound, Refusal
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from sessions.programs.service import cancel
from tests.cast import EVENING, Cast
from tests.service.attendance import Group
from tests.service.room import seconds

pytestmark = pytest.mark.usefixtures("clock")

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def held(group: Group, cast: Cast) -> Group:
    """Ten minutes with Alice; Bruno never came. Ended, all evidence in."""
    group.begins(cast.alice)
    group.passes(10 * MINUTE, cast.mina, cast.alice)
    group.is_ended()
    group.passes(seconds(10), cast.mina, cast.alice)
    return group


def acts(actor: Person) -> set[str]:
    return set(AuditEvent.objects.filter(actor_id=actor.pk).values_list("act", flat=True))


def test_signing_freezes_everybodys_minutes(held: Group, cast: Cast) -> None:
    held.is_signed(topic="Triggers", excused={cast.bruno.pk})
    signed = Attestation.objects.get(meeting=held.meeting)
    assert (signed.signed_by, signed.signed_at, signed.topic) == (cast.mina, our_clock.now(), "Triggers")
    assert (signed.head_count, signed.co_facilitators, signed.creditable) == (1, ["Theo Okafor"], True)
    assert (signed.started_at, signed.stopped_at) == (EVENING, EVENING + 10 * MINUTE)
    assert (held.record(cast.alice).credited_minutes, held.record(cast.alice).excused) == (10, False)
    assert (held.record(cast.bruno).status, held.record(cast.bruno).excused) == ("absent", True)
    assert "meeting.attest" in acts(cast.mina)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("alice", NotAllowed),
        ("carol", NotAllowed),  # coordinates, does not facilitate
        ("ines", NotFound),
        ("otto", NotFound),
        ("nora", NotFound),
    ],
)
def test_only_a_facilitator_of_the_meeting_signs_and_adjusts(
    held: Group, cast: Cast, name: str, refusal: type[Refusal]
) -> None:
    person: Person = getattr(cast, name)
    with pytest.raises(refusal):
        service.attest(person, held.meeting, Draft(person.name))
    held.is_signed()
    with pytest.raises(refusal):
        service.adjust(
            person,
            held.record(cast.alice),
            Change(credited_minutes=31),
            reason="Phone",
            typed_name=person.name,
        )
    assert not Adjustment.objects.exists()


def test_a_co_facilitator_may_sign(held: Group, cast: Cast) -> None:
    service.attest(cast.theo, held.meeting, Draft("theo  OKAFOR"))
    assert Attestation.objects.get().co_facilitators == ["Mina Park"]


@pytest.mark.parametrize("typed", ["", "Mina", "Theo Okafor"])
def test_the_signature_is_ones_own_full_name(held: Group, cast: Cast, typed: str) -> None:
    with pytest.raises(service.WrongName):
        service.attest(cast.mina, held.meeting, Draft(typed))
    assert not Attestation.objects.exists()


def test_a_meeting_is_signed_once_and_after_its_end(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    with pytest.raises(service.NotOver):
        group.is_signed()
    group.clock.shift(seconds(5))
    group.is_ended()
    with pytest.raises(service.EvidenceMissing):
        group.is_signed()
    group.passes(seconds(10), cast.mina, cast.alice)
    group.is_signed()
    with pytest.raises(service.AlreadySigned):
        group.is_signed()


def test_a_meeting_to_which_nobody_came_is_signed_too(group: Group, cast: Cast) -> None:
    with pytest.raises(service.NotOver):
        group.is_signed()
    group.clock.move_to(group.meeting.ends_at)
    group.is_signed()
    assert {record.status for record in AttendanceRecord.objects.all()} == {"absent"}


def test_a_cancelled_meeting_is_not_signed(group: Group, cast: Cast) -> None:
    group.clock.move_to(group.meeting.ends_at)
    cancel(group.meeting)
    with pytest.raises(service.Cancelled):
        group.is_signed()


def test_nothing_recomputes_what_was_signed(held: Group, cast: Cast) -> None:
    held.is_signed()
    before = held.record(cast.alice)
    service.set_policy(
        cast.ines, cast.north, {"early_credit": 3600, "late_after": 0}, effective_from=EVENING - HOUR
    )
    held.loses(cast.alice)
    tasks.credit_meetings()
    after = held.record(cast.alice)
    assert (after.credited_seconds, after.policy_version) == (before.credited_seconds, "default-1")


def test_a_changed_policy_changes_proposals_and_says_its_version(held: Group, cast: Cast) -> None:
    values: dict[str, object] = {"present_percent": 100, "hour_minutes": 50}
    service.set_policy(cast.ines, cast.north, {"late_after": 0}, effective_from=EVENING - HOUR)
    service.set_policy(
        cast.ines, cast.north, values, kind=MeetingKind.PROCESS_GROUP, effective_from=EVENING - HOUR
    )
    tasks.credit_meetings()
    assert held.proposal(cast.alice).policy_version == "process_group-1"
    service.set_policy(
        cast.ines, cast.north, {}, kind=MeetingKind.PROCESS_GROUP, effective_from=EVENING - HOUR
    )
    tasks.credit_meetings()
    assert held.proposal(cast.alice).policy_version == "process_group-2"
    assert service.policy_of(cast.family).version == "program-1"


def test_a_policy_counts_from_its_day_on(held: Group, cast: Cast) -> None:
    service.set_policy(cast.ines, cast.north, {"late_after": 0})
    assert service.policy_of(held.meeting).version == "default-1"
    assert service.policy_of(cast.individual).version == "program-1"


@pytest.mark.parametrize(
    "values", [{"reconnect_grace": -1}, {"reconnect_gracee": 1}, {"hour_minutes": 45}, {"version": "mine"}]
)
def test_a_policy_that_cannot_be_is_refused_by_name(cast: Cast, values: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        service.set_policy(cast.ines, cast.north, values)
    assert next(iter(values)) in refused.value.text


@pytest.mark.parametrize("name", ["mina", "carol", "alice", "otto"])
def test_policies_are_the_administrators(cast: Cast, name: str) -> None:
    with pytest.raises(NotFound):
        service.set_policy(getattr(cast, name), cast.north, {})


def test_an_overrun_counts_when_it_is_attested(group: Group, cast: Cast) -> None:
    group.clock.move_to(group.meeting.ends_at - 5 * MINUTE)
    group.begins(cast.alice)
    group.passes(22 * MINUTE, cast.mina, cast.alice)
    group.is_ended()
    group.passes(seconds(10), cast.mina, cast.alice)
    assert group.proposal(cast.alice).credited_minutes == 5
    assert service.sheet(cast.mina, group.meeting, overrun=True).rows[0].credited.credited_minutes == 20
    group.is_signed(overrun=True)
    assert group.record(cast.alice).credited_minutes == 20
    assert group.record(cast.alice).policy_version == "default-1+overrun"


def test_an_adjustment_is_a_row_with_before_after_who_why_and_when(held: Group, cast: Cast) -> None:
    held.is_signed()
    record = held.record(cast.alice)
    change = Change(credited_minutes=45, raw_minutes=45, status=AttendanceStatus.PARTIAL)
    row = service.adjust(cast.theo, record, change, reason="Was on the telephone.", typed_name="Theo Okafor")
    assert (row.before["credited_seconds"], row.after["credited_seconds"]) == (600, 2700)
    assert (row.signed_by, row.signed_at, row.number) == (cast.theo, our_clock.now(), 1)
    now = service.effective(held.record(cast.alice))
    assert (now.credited_minutes, now.raw_minutes, now.status, now.adjusted) == (45, 45, "partial", True)
    assert held.record(cast.alice).credited_minutes == 10
    second = service.adjust(
        cast.mina, record, Change(credited_minutes=20), reason="Left earlier.", typed_name="Mina Park"
    )
    assert (second.before, second.after["raw_seconds"]) == (row.after, 1200)
    assert "meeting.adjust" in acts(cast.theo)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Change(credited_minutes=31), "  "),
        (Change(), "Nothing"),
        (Change(credited_minutes=10), "The same"),
        (Change(credited_minutes=181), "More than the meeting had"),
        (Change(credited_minutes=-1), "Less than none"),
        (Change(raw_minutes=11), "More for claims than credited"),
        (Change(status=AttendanceStatus.ABSENT), "Absent, with minutes"),
    ],
)
def test_an_adjustment_that_cannot_be_is_refused(
    held: Group, cast: Cast, change: Change, reason: str
) -> None:
    held.is_signed()
    with pytest.raises(Invalid):
        service.adjust(cast.mina, held.record(cast.alice), change, reason=reason, typed_name="Mina Park")


def test_who_was_absent_and_is_given_minutes_is_absent_no_more(held: Group, cast: Cast) -> None:
    held.is_signed()
    record = held.record(cast.bruno)
    assert service.effective(record).status == "absent"
    change = Change(credited_minutes=10)
    service.adjust(cast.mina, record, change, reason="Took part by phone.", typed_name="Mina Park")
    assert service.effective(held.record(cast.bruno)).status == "present", "all there was to be had"


@pytest.mark.parametrize("table", ["iop_attestation", "iop_attendancerecord", "iop_adjustment", "iop_seal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_itself_keeps_what_was_signed(
    held: Group, cast: Cast, table: str, statement: str
) -> None:
    held.is_signed()
    service.adjust(
        cast.mina,
        held.record(cast.alice),
        Change(excused=True),
        reason="Told before",
        typed_name="Mina Park",
    )
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


def test_the_sheet_shows_everybody_to_staff_and_leaves_a_row(held: Group, cast: Cast) -> None:
    for reader in (cast.mina, cast.carol):
        sheet = service.sheet(reader, held.meeting)
        assert [row.person for row in sheet.rows] == [cast.alice, cast.bruno]
        assert (sheet.ready, sheet.started_at, sheet.attestation) == (True, EVENING, None)
        assert "meeting.attendance" in acts(reader)
    held.is_signed()
    sheet = service.sheet(cast.mina, held.meeting)
    assert (sheet.ready, len(sheet.digest)) == (False, 64)
    assert [row.effective and row.effective.credited_minutes for row in sheet.rows] == [10, 0]


@pytest.mark.parametrize("name", ["alice", "otto", "omar", "ines"])
def test_nobody_else_sees_the_sheet(held: Group, cast: Cast, name: str) -> None:
    with pytest.raises(Refusal):
        service.sheet(getattr(cast, name), held.meeting)


def test_a_client_sees_the_own_minutes_only(held: Group, cast: Cast) -> None:
    own = service.own(cast.alice, held.meeting)
    assert isinstance(own, Proposal)
    assert own.credited_minutes == 10
    held.is_signed()
    assert isinstance(service.own(cast.alice, held.meeting), AttendanceRecord)
    with pytest.raises(NotFound):
        service.own(cast.sofia, held.meeting)
    with pytest.raises(NotAllowed):
        service.own(cast.omar, cast.family)


def test_notes_are_encrypted_and_read_by_facilitators_with_a_row(held: Group, cast: Cast) -> None:
    held.is_signed(notes={cast.alice.pk: "Spoke about her brother.", cast.bruno.pk: "  "})
    service.write_note(cast.theo, held.meeting, cast.alice.pk, "Later addition.")
    stored = bytes(IndividualNote.objects.order_by("written_at", "pk")[0].ciphertext)
    assert b"brother" not in stored
    texts = [note.text for note in service.read_notes(cast.mina, held.meeting, cast.alice.pk)]
    assert sorted(texts) == ["Later addition.", "Spoke about her brother."]
    assert "meeting.notes-read" in acts(cast.mina)
    for name in ("carol", "alice"):
        with pytest.raises(NotAllowed):
            service.read_notes(getattr(cast, name), held.meeting, cast.alice.pk)
    with pytest.raises(NotFound):
        service.write_note(cast.mina, held.meeting, cast.sofia.pk, "Not of this meeting.")


def test_a_note_opens_with_a_key_that_was_replaced_and_with_no_other(held: Group, cast: Cast) -> None:
    with override_settings(FIELD_KEYS=["old"]):
        service.write_note(cast.mina, held.meeting, cast.alice.pk, "A note.")
    with override_settings(FIELD_KEYS=["new", "old"]):
        assert service.read_notes(cast.mina, held.meeting, cast.alice.pk)[0].text == "A note."
    with override_settings(FIELD_KEYS=["new"]), pytest.raises(Unreadable):
        service.read_notes(cast.mina, held.meeting, cast.alice.pk)


def test_a_signature_that_fails_half_way_leaves_nothing(held: Group, cast: Cast) -> None:
    with pytest.raises(NotFound):
        held.is_signed(notes={cast.sofia.pk: "Somebody else's client."})
    assert not Attestation.objects.exists()
    assert not AttendanceRecord.objects.exists()
    held.is_signed()


def test_what_is_unsigned_is_due_after_a_day_and_late_after_three(held: Group, cast: Cast) -> None:
    cancel(cast.morning_group)
    due = held.meeting.ends_at + 24 * HOUR

    def told(person: Person) -> list[tuple[object, bool]]:
        return [(one.meeting.pk, one.late) for one in service.overdue_for(person, our_clock.now())]

    held.clock.move_to(due - seconds(1))
    assert told(cast.mina) == []
    held.clock.move_to(due)
    assert told(cast.mina) == [(held.meeting.pk, False)] == told(cast.theo)
    assert told(cast.alice) == told(cast.carol) == []
    held.clock.move_to(due + 48 * HOUR)
    assert (held.meeting.pk, True) in told(cast.mina)
    held.is_signed()
    assert held.meeting.pk not in {pk for pk, _ in told(cast.mina)}
    assert cast.check_in.pk not in {one.meeting.pk for one in service.overdue(our_clock.now())}


def test_the_audit_chain_holds_afterwards(held: Group) -> None:
    held.is_signed()
    assert audit.verify() == []
