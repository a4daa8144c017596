"""Whoever edits, removes or reorders what was recorded or signed is found out (`manage.py verify_log`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from sessions import tasks
from sessions.attendance import seals, service
from sessions.attendance.models import (
    Adjustment,
    AttendanceRecord,
    Attestation,
    DailyHead,
    IndividualNote,
    Progress,
    Seal,
)
from sessions.attendance.reports import service as reports
from sessions.attendance.reports.audiences import Audience, Format
from sessions.attendance.reports.models import Report, ReportOrder
from sessions.attendance.service import Change
from sessions.core import append_only
from sessions.core import clock as our_clock
from sessions.programs.clients import client_file
from sessions.room.models import Room, RoomFact
from tests.cast import EVENING, Cast
from tests.service.attendance import Group
from tests.service.room import seconds

pytestmark = pytest.mark.usefixtures("transactional_db", "clock")

DAY = timedelta(days=1)


@pytest.fixture
def signed(cast: Cast, clock: time_machine.Traveller) -> Group:
    """A short meeting, signed, with a note and an adjustment; the daily head is taken."""
    group = Group(cast, clock)
    group.begins(cast.alice)
    group.passes(seconds(120), cast.mina, cast.alice)
    group.is_ended()
    group.passes(seconds(10), cast.mina, cast.alice)
    group.is_signed(notes={cast.alice.pk: "A note."})
    service.adjust(
        cast.mina,
        group.record(cast.alice),
        Change(credited_minutes=5),
        reason="Telephone",
        typed_name="Mina Park",
    )
    tasks.keep_daily_head()
    return group


def verify_log() -> tuple[int, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_log", stdout=out, stderr=err)
    except SystemExit as end:
        return int(str(end.code)), err.getvalue()
    return 0, out.getvalue()


def lifted(model: type[append_only.AppendOnlyModel], tamper: Callable[[], object]) -> None:
    """What somebody with the database's own rights can do: drop the triggers, change, put them back."""
    with connection.schema_editor() as editor:
        append_only.remove(editor, model._meta.db_table)
    tamper()
    with connection.schema_editor() as editor:
        append_only.install(editor, model._meta.db_table)


def test_what_nobody_touched_holds(signed: Group) -> None:
    code, text = verify_log()
    assert (code, text.startswith(f"all chains hold; last daily head: {EVENING.date()} ")) == (0, True)


def edit_fact() -> None:
    RoomFact.objects.filter(seq=3).update(at=EVENING - timedelta(minutes=30))


def remove_fact() -> None:
    RoomFact.objects.filter(seq=3).delete()


def remove_last_fact() -> None:
    room = Room.objects.get()
    RoomFact.objects.filter(seq=room.next_seq - 1).delete()
    before = RoomFact.objects.get(seq=room.next_seq - 2)
    Room.objects.update(next_seq=room.next_seq - 1, digest=before.digest)


def reorder_facts() -> None:
    for seq, other in ((3, 1003), (4, 3), (1003, 4)):
        RoomFact.objects.filter(seq=seq).update(seq=other)


FACTS: dict[str, tuple[Callable[[], None], str]] = {
    "edited": (edit_fact, "fact 3 of meeting"),
    "removed": (remove_fact, "fact 3 of meeting"),
    "the last one removed, and the head put right": (remove_last_fact, "not the one of 2026-03-02"),
    "two exchanged": (reorder_facts, "fact 3 of meeting"),
}


@pytest.mark.parametrize(("tamper", "named"), FACTS.values(), ids=FACTS.keys())
def test_a_fact_that_was_touched_is_named(signed: Group, tamper: Callable[[], None], named: str) -> None:
    lifted(RoomFact, tamper)
    code, text = verify_log()
    assert code == 1
    assert named in text


def test_the_end_of_a_log_cut_off_before_any_daily_head_is_seen_by_the_signature(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    group = Group(cast, clock)
    group.begins(cast.alice)
    group.is_ended()
    group.passes(seconds(10), cast.mina, cast.alice)
    group.is_signed()
    assert verify_log()[0] == 0
    last = Room.objects.get().next_seq - 1
    lifted(RoomFact, remove_last_fact)
    assert verify_log() == (1, f"fact {last} of meeting {group.meeting.pk}: not the one that was signed\n")


SIGNED: list[tuple[type[append_only.AppendOnlyModel], str, dict[str, object]]] = [
    (Attestation, "attestation", {"typed_name": "Theo Okafor"}),
    (AttendanceRecord, "record", {"credited_seconds": 540, "raw_seconds": 540}),
    (Adjustment, "adjustment", {"reason": "Another"}),
    (IndividualNote, "note", {"ciphertext": b"gone"}),
]


@pytest.mark.parametrize(("model", "name", "values"), SIGNED, ids=[name for _, name, _ in SIGNED])
def test_a_signed_row_that_was_edited_is_named(
    signed: Group, model: type[append_only.AppendOnlyModel], name: str, values: dict[str, object]
) -> None:
    row = model._default_manager.order_by("pk")[0]
    lifted(model, lambda: model._default_manager.filter(pk=row.pk).update(**values))
    assert verify_log() == (
        1,
        f"{name} {row.pk} of meeting {signed.meeting.pk}: edited, or not what was signed\n",
    )


def test_what_is_no_digest_no_text_and_no_head_any_more_is_named_too(signed: Group) -> None:
    """Whatever was put in its place: the walk goes on to the end."""
    note = IndividualNote.objects.get()
    lifted(IndividualNote, lambda: IndividualNote.objects.update(ciphertext=b"\xff\x00"))
    lifted(RoomFact, lambda: RoomFact.objects.filter(seq=3).update(digest="é" * 64))
    lifted(DailyHead, lambda: DailyHead.objects.update(heads={"nobody": [1], str(signed.meeting.pk): "x"}))
    code, text = verify_log()
    assert code == 1
    for named in (f"note {note.pk} of", "fact 3 of", f"daily head {EVENING.date()}: edited"):
        assert named in text


def exchange_seals(first: Seal, second: Seal) -> None:
    for row, seq in ((first, 1000), (second, first.seq), (first, second.seq)):
        Seal.objects.filter(pk=row.pk).update(seq=seq)


@pytest.mark.parametrize("name", [name for _, name, _ in SIGNED])
def test_a_signed_row_that_was_moved_is_named(signed: Group, name: str) -> None:
    row = Seal.objects.filter(of=name).order_by("seq")[0]
    beside = Seal.objects.filter(seq__in=(row.seq - 1, row.seq + 1)).order_by("seq")[0]
    lifted(Seal, lambda: exchange_seals(row, beside))
    code, text = verify_log()
    assert code == 1
    said = f"of meeting {signed.meeting.pk}: edited, or not what was signed\n"
    assert f"{name} {row.row} {said}" in text
    assert f"{beside.of} {beside.row} {said}" in text


def test_two_changes_whose_order_was_exchanged_are_named(signed: Group, cast: Cast) -> None:
    """The last one holds: exchanging them changes what a client is credited."""
    change = Change(credited_minutes=1)
    service.adjust(cast.mina, signed.record(cast.alice), change, reason="Too much", typed_name="Mina Park")
    first, second = Adjustment.objects.order_by("number")

    def exchange() -> None:
        for pk, number in ((first.pk, 1000), (second.pk, 1), (first.pk, 2)):
            Adjustment.objects.filter(pk=pk).update(number=number)

    lifted(Adjustment, exchange)
    code, text = verify_log()
    assert code == 1
    assert all(f"adjustment {row.pk} of meeting" in text for row in (first, second))


@pytest.mark.parametrize(("model", "name", "_"), SIGNED, ids=[name for _, name, _ in SIGNED])
def test_signed_rows_that_were_removed_with_all_that_hangs_on_them_are_named(
    signed: Group, model: type[append_only.AppendOnlyModel], name: str, _: object
) -> None:
    gone = list(model._default_manager.values_list("pk", flat=True))
    hanging: list[type[append_only.AppendOnlyModel]] = [Adjustment, AttendanceRecord, Attestation]
    for one in hanging[: hanging.index(model) + 1] if model in hanging else [model]:
        lifted(one, one._default_manager.all().delete)
    code, text = verify_log()
    assert code == 1
    assert all(f"{name} {pk} of meeting {signed.meeting.pk}: missing\n" in text for pk in gone)


def test_a_signed_row_that_was_removed_is_named(signed: Group) -> None:
    row = Adjustment.objects.get()
    lifted(Adjustment, lambda: Adjustment.objects.all().delete())
    assert verify_log() == (1, f"adjustment {row.pk} of meeting {signed.meeting.pk}: missing\n")


def test_a_row_that_was_slipped_in_is_named(signed: Group, cast: Cast) -> None:
    row = Adjustment.objects.get()
    row.pk, row.number = UUID(int=7), 2
    row.save()
    assert verify_log() == (1, f"adjustment {row.pk}: not sealed\n")


def test_the_end_of_the_chain_cut_off_with_its_head_is_seen_by_the_daily_head(signed: Group) -> None:
    last = Seal.objects.get(of="adjustment")
    lifted(Adjustment, lambda: Adjustment.objects.all().delete())
    lifted(Seal, lambda: Seal.objects.filter(pk=last.pk).delete())
    Progress.objects.update(sealed=last.seq - 1, digest=Seal.objects.get(seq=last.seq - 1).digest)
    assert verify_log() == (1, f"seal {last.seq} of meeting {signed.meeting.pk}: not the one of 2026-03-02\n")


def test_a_daily_head_is_taken_once_a_day_and_holds_what_grew(signed: Group, cast: Cast) -> None:
    tasks.keep_daily_head()
    assert DailyHead.objects.count() == 1
    assert list(DailyHead.objects.get().heads) == [str(signed.meeting.pk)]
    signed.clock.shift(DAY)
    assert seals.keep_heads(our_clock.now()) is not None
    assert DailyHead.objects.order_by("-on")[0].heads == {}
    lifted(DailyHead, lambda: DailyHead.objects.filter(on=EVENING.date()).delete())
    code, text = verify_log()
    assert (code, "one before it is missing" in text) == (1, True)


def edit_head(first: DailyHead, _: DailyHead) -> None:
    DailyHead.objects.filter(pk=first.pk).update(heads={})


def remove_head(first: DailyHead, _: DailyHead) -> None:
    DailyHead.objects.filter(pk=first.pk).delete()


def exchange_heads(first: DailyHead, second: DailyHead) -> None:
    for pk, on in ((first.pk, first.on - DAY), (second.pk, first.on), (first.pk, second.on)):
        DailyHead.objects.filter(pk=pk).update(on=on)


@pytest.mark.parametrize("tamper", [edit_head, remove_head, exchange_heads])
def test_a_daily_head_that_was_touched_is_named(
    signed: Group, tamper: Callable[[DailyHead, DailyHead], None]
) -> None:
    signed.clock.shift(DAY)
    tasks.keep_daily_head()
    first, second = DailyHead.objects.order_by("on")
    lifted(DailyHead, lambda: tamper(first, second))
    code, text = verify_log()
    assert code == 1
    assert re.search(r"daily head 2026-03-0[23]: edited, or one before it is missing", text)


def edit_report() -> None:
    Report.objects.filter(seq=1).update(records=9)


def edit_bytes() -> None:
    Report.objects.filter(seq=1).update(ciphertext=Report.objects.get(seq=2).ciphertext)


def remove_report() -> None:
    ReportOrder.objects.all().delete()
    Report.objects.filter(seq=1).delete()


def remove_last_report() -> None:
    ReportOrder.objects.all().delete()
    Report.objects.filter(seq=2).delete()


def exchange_reports() -> None:
    for seq, other in ((1, 1000), (2, 1), (1000, 2)):
        Report.objects.filter(seq=seq).update(seq=other)


REPORTS: dict[str, tuple[Callable[[], None], str]] = {
    "edited": (edit_report, "report 1 of programme {0}: edited, or one before it"),
    "other bytes": (edit_bytes, "report 1 of programme {0}: its bytes are not those of its hash"),
    "removed": (remove_report, "report 1 of programme {0}: missing"),
    "the last one removed": (remove_last_report, "reports of programme {0}: the end differs from the head"),
    "two exchanged": (exchange_reports, "report 1 of programme {0}: edited, or one before it"),
}


@pytest.mark.parametrize(("tamper", "named"), REPORTS.values(), ids=REPORTS.keys())
def test_a_report_that_was_touched_is_named(
    signed: Group, cast: Cast, tamper: Callable[[], None], named: str
) -> None:
    on = EVENING.date()
    for audience in (Audience.CHART, Audience.CLIENT):
        want = reports.Wanted(audience, on, on, Format.CSV, None, None, "en")
        reports.order(cast.carol, client_file(cast.north.pk, cast.alice.pk), want)
    tasks.make_reports()
    assert (Report.objects.count(), verify_log()[0]) == (2, 0)
    lifted(Report, tamper)
    code, text = verify_log()
    assert code == 1
    assert named.format(cast.north.pk) in text
