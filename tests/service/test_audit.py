"""The audit chain: any edit, loss, insertion or swap shows (invariant 29)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pytest_django import Settings

from sessions.audit import service as audit
from sessions.audit.models import AuditChain, AuditEvent, Outcome
from sessions.core import append_only
from sessions.core.errors import NotAllowed

NORTH, SOUTH = UUID(int=1), UUID(int=2)
TABLE = AuditEvent._meta.db_table
WRITERS = 1 if connection.vendor == "sqlite" else 8  # SQLite lets one write at a time in any case


def event(scope: UUID = NORTH, act: str = "meeting.see") -> AuditEvent:
    return audit.record(actor_id=uuid4(), act=act, subject_type="meeting", subject_id=uuid4(), scope=scope)


@pytest.fixture
def _without_triggers(transactional_db: None) -> Iterator[None]:
    """As for somebody who may write past the database's own guard."""
    with connection.schema_editor() as editor:
        append_only.remove(editor, TABLE)
    yield
    with connection.schema_editor() as editor:
        append_only.install(editor, TABLE)


@pytest.mark.django_db
def test_an_untouched_chain_verifies_and_each_event_follows_the_one_before() -> None:
    events = [event() for _ in range(5)]
    assert audit.verify() == []
    assert [e.seq for e in events] == [1, 2, 3, 4, 5]
    assert all(later.previous == earlier.digest for earlier, later in pairwise(events))


@pytest.mark.django_db
def test_nothing_recorded_verifies() -> None:
    assert audit.verify() == []


@pytest.mark.django_db
def test_each_programme_has_its_own_chain() -> None:
    assert [event(NORTH).seq, event(SOUTH).seq, event(NORTH).seq] == [1, 1, 2]
    assert audit.record(actor_id=None, act="x", subject_type="x", subject_id="x").scope == audit.GLOBAL
    assert {scope: length for scope, (length, _) in audit.heads().items()} == {
        NORTH: 2,
        SOUTH: 1,
        audit.GLOBAL: 1,
    }


@pytest.mark.django_db
def test_a_refusal_is_recorded_with_its_reason() -> None:
    refused = audit.record(
        actor_id=None,
        act="meeting.enter",
        subject_type="meeting",
        subject_id=uuid4(),
        outcome=Outcome.REFUSED,
        reason=NotAllowed.code,
    )
    refused.refresh_from_db()
    assert (refused.outcome, refused.reason) == ("refused", "not-allowed")
    assert audit.verify() == []


@pytest.mark.django_db
def test_what_is_rolled_back_leaves_no_gap() -> None:
    @transaction.atomic
    def refused() -> None:
        event()
        raise NotAllowed

    event()
    with pytest.raises(NotAllowed):
        refused()
    assert event().seq == 2
    assert audit.verify() == []


def _swap(second: AuditEvent, third: AuditEvent) -> None:
    AuditEvent.objects.filter(pk=second.pk).update(seq=99)
    AuditEvent.objects.filter(pk=third.pk).update(seq=second.seq)
    AuditEvent.objects.filter(pk=second.pk).update(seq=third.seq)


def _insert(second: AuditEvent, third: AuditEvent) -> None:
    AuditEvent.objects.create(
        scope=third.scope,
        seq=4,
        at=third.at,
        act=third.act,
        subject_type="meeting",
        subject_id="forged",
        outcome=Outcome.ALLOWED,
        previous=third.digest,
        digest=third.digest,
    )


def _cut_off(second: AuditEvent, third: AuditEvent) -> None:
    AuditEvent.objects.filter(pk=third.pk).delete()


def _cut_off_with_head(second: AuditEvent, third: AuditEvent) -> None:
    _cut_off(second, third)
    AuditChain.objects.filter(scope=third.scope).update(length=2, digest="0" * 64)


def _lose_all(second: AuditEvent, third: AuditEvent) -> None:
    AuditEvent.objects.all().delete()


def _change(**values: object) -> Callable[[AuditEvent, AuditEvent], None]:
    def tamper(second: AuditEvent, third: AuditEvent) -> None:
        AuditEvent.objects.filter(pk=second.pk).update(**values)

    return tamper


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(_change(act="other"), id="another act"),
        pytest.param(_change(actor_id=uuid4()), id="another actor"),
        pytest.param(_change(actor_id=None), id="no actor"),
        pytest.param(_change(subject_id="other"), id="another subject"),
        pytest.param(_change(subject_type="person"), id="another kind of subject"),
        pytest.param(_change(outcome=Outcome.REFUSED), id="another outcome"),
        pytest.param(_change(reason="because"), id="another reason"),
        pytest.param(_change(at="2020-01-01T00:00:00+00:00"), id="another time"),
        pytest.param(_change(scope=SOUTH), id="another programme"),
        pytest.param(_change(digest="0" * 64), id="another digest"),
        pytest.param(lambda second, third: second.delete(), id="one from the middle lost"),
        pytest.param(_cut_off, id="the end cut off"),
        pytest.param(_cut_off_with_head, id="the end cut off and the head altered"),
        pytest.param(_lose_all, id="everything lost"),
        pytest.param(_swap, id="two swapped"),
        pytest.param(_insert, id="one forged at the end"),
    ],
)
@pytest.mark.usefixtures("_without_triggers")
def test_tampering_shows(tamper: Callable[[AuditEvent, AuditEvent], None]) -> None:
    _, second, third = event(), event(), event()
    tamper(second, third)
    assert audit.verify()


@pytest.mark.usefixtures("_without_triggers")
def test_the_command_prints_the_heads_and_fails_on_a_breach() -> None:
    last = event()
    out = io.StringIO()
    call_command("audit_verify", stdout=out)
    assert out.getvalue() == f"{NORTH} 1 {last.digest}\n"
    AuditEvent.objects.filter(pk=last.pk).update(act="other")
    with pytest.raises(CommandError, match="1: edited"):
        call_command("audit_verify", stdout=out)


@pytest.mark.django_db
def test_a_chain_made_without_the_key_does_not_verify(settings: Settings) -> None:
    settings.AUDIT_KEYS = ["guessed"]
    event()
    settings.AUDIT_KEYS = ["the real one"]
    assert [breach.why for breach in audit.verify()] == ["edited"]


@pytest.mark.django_db
def test_a_new_key_signs_while_the_old_still_verifies(settings: Settings) -> None:
    settings.AUDIT_KEYS = ["old"]
    event()
    settings.AUDIT_KEYS = ["new", "old"]
    event()
    assert audit.verify() == []


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_make_one_chain_without_gaps() -> None:
    def write(_: int) -> None:
        try:
            event()
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(40)))
    assert audit.verify() == []
    assert audit.heads()[NORTH][0] == 40
