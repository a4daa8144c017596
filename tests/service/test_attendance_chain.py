"""Whoever edits, removes or reorders what was recorded or signed is found out (`manage.py verify_log`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from sessions.attendance.service import Change
from sessions.core import append_only
from sessions.core import clock as our_clock
from sessions.room.models import Room, RoomFact
from tests import cast as people
from tests.cast import EVENING, Cast
from tests.service.attendance import Group
from tests.service.room import seconds

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(EVENING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cast(transactional_db: None, clock: time_machine.Traveller) -> Cast:
    return people.assemble()


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
