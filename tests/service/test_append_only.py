"""Facts are written once: the database refuses to change, delete or replace them (invariant 14)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from sessions.audit import service as audit
from sessions.audit.models import AuditEvent
from sessions.core import append_only

TABLE = AuditEvent._meta.db_table


def an_event() -> AuditEvent:
    return audit.record(actor_id=None, act="test", subject_type="test", subject_id=uuid4())


def execute(statement: str) -> Callable[[AuditEvent], object]:
    def attempt(event: AuditEvent) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement.format(table=TABLE, id=event.pk))

    return attempt


ATTEMPTS: dict[str, Callable[[AuditEvent], object]] = {
    "an update through the model": lambda event: AuditEvent.objects.filter(pk=event.pk).update(act="other"),
    "saving a row again": lambda event: event.save(),
    "a delete through the model": lambda event: event.delete(),
    "a delete of all": lambda event: AuditEvent.objects.all().delete(),
    "an update in SQL": execute("UPDATE {table} SET act = 'other'"),
    "a delete in SQL": execute("DELETE FROM {table} WHERE id = {id}"),
}
if connection.vendor == "sqlite":
    ATTEMPTS["a replace"] = execute(
        "REPLACE INTO {table} (id, scope, seq, at, act, subject_type, subject_id, outcome, reason, previous,"
        " digest)"
        " SELECT id, scope, seq, at, 'other', subject_type, subject_id, outcome, reason, previous, digest"
        " FROM {table} WHERE id = {id}"
    )
else:
    ATTEMPTS["a truncate"] = execute("TRUNCATE {table} CASCADE")


@pytest.mark.django_db
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_is_refused(attempt: Callable[[AuditEvent], object]) -> None:
    event = an_event()
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(event)
    assert AuditEvent.objects.get(pk=event.pk).act == "test"


@pytest.mark.django_db
def test_every_table_of_facts_carries_the_triggers() -> None:
    facts: list[type[models.Model]] = [
        model for model in apps.get_models() if issubclass(model, append_only.AppendOnlyModel)
    ]
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        suffixes: tuple[str, ...] = ("update", "delete", "replace")
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        suffixes = ("change", "truncate")
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {name for (name,) in cursor.fetchall()}
    assert {f"{model._meta.db_table}_no_{suffix}" for model in facts for suffix in suffixes} <= there
    assert AuditEvent in facts


@pytest.mark.django_db(transaction=True)
def test_migrating_back_takes_the_triggers_off_and_forward_puts_them_on() -> None:
    event = an_event()
    with connection.schema_editor() as editor:
        append_only.remove(editor, TABLE)
    AuditEvent.objects.filter(pk=event.pk).update(act="other")
    with connection.schema_editor() as editor:
        append_only.install(editor, TABLE)
        append_only.install(editor, TABLE)
    with pytest.raises(IntegrityError):
        AuditEvent.objects.filter(pk=event.pk).update(act="test")
