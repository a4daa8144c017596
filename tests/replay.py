"""A situation that is made once with the product's own services and then put back as often as it is needed.

Making the cast takes hundreds of queries, putting its rows back one per table. What is put back is new: every
row has a new id, and every moment is as far from now as it was when the situation was made.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from sessions.audit import service as audit
from sessions.audit.models import AuditChain, AuditEvent

Rows = dict[type[models.Model], list[models.Model]]
Situation = TypeVar("Situation")


@dataclass(frozen=True)
class Recording(Generic[Situation]):
    """Rows of every table, in order of writing, and the dataclass that names some of them."""

    situation: Situation
    at: datetime
    rows: Rows

    @classmethod
    def of(cls, make: Callable[[], Situation], at: datetime) -> Recording[Situation]:
        """Make the situation in the database and keep what came. `at` is the moment it was made around."""
        before = {model: {row.pk for row in rows} for model, rows in _everything()}
        situation = make()
        rows = {
            model: came
            for model, found in _everything()
            if (came := [row for row in found if row.pk not in before.get(model, ())])
        }
        return cls(situation, at, rows)

    def put(self, now: datetime) -> Situation:
        """Put the same into the database again, with new ids, around `now`; returns its names' new rows."""
        later = now - self.at
        ids = {
            row.pk: uuid.uuid4() for rows in self.rows.values() for row in rows if isinstance(row.pk, UUID)
        }
        words = {str(old): str(new) for old, new in ids.items()}

        def moved(value: Any) -> Any:
            match value:
                case UUID():
                    return ids.get(value, value)
                case datetime():
                    return value + later
                case str():
                    return words.get(value, value)
            return value

        new = {model: [_copy(row, moved) for row in rows] for model, rows in self.rows.items()}
        named = {(type(row), row.pk): row for rows in new.values() for row in rows}
        _chain_again(new)
        with transaction.atomic():
            for model, rows in new.items():
                model._base_manager.bulk_create(rows)
        return replace(self.situation, **_names(self.situation, ids, named))  # type: ignore[type-var]


def _everything() -> Iterator[tuple[type[models.Model], list[models.Model]]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label == "iop":
            yield model, list(model._base_manager.order_by("pk"))


def _copy(row: models.Model, moved: Callable[[Any], Any]) -> models.Model:
    values = {field.attname: moved(getattr(row, field.attname)) for field in row._meta.concrete_fields}
    if not isinstance(row.pk, UUID | str):
        del values[row._meta.pk.attname]  # the database counts
    return type(row)(**copy.deepcopy(values))


def _chain_again(rows: Rows) -> None:
    """The events have new ids and moments in them, so their digests are taken anew."""
    events: Iterable[Any] = sorted(rows.get(AuditEvent, ()), key=lambda event: event.seq)
    last: dict[UUID, str] = {}
    for event in events:
        event.previous = last.get(event.scope, "")
        event.digest = last[event.scope] = audit._digest(event, settings.AUDIT_KEYS[0])
    for chain in rows.get(AuditChain, ()):
        chain.digest = last[chain.pk]  # type: ignore[attr-defined]


def _names(
    situation: Any, ids: dict[Any, UUID], rows: dict[tuple[type[models.Model], Any], models.Model]
) -> dict[str, models.Model]:
    """Each row of the situation that has a name, with the named rows it refers to at hand."""
    old = {field.name: getattr(situation, field.name) for field in fields(situation)}
    names = {name: rows[type(row), ids[row.pk]] for name, row in old.items()}
    mine: dict[tuple[Any, Any], models.Model] = {(type(row), row.pk): row for row in names.values()}
    for row in names.values():
        for field in row._meta.concrete_fields:
            if field.is_relation and (other := mine.get((field.related_model, getattr(row, field.attname)))):
                setattr(row, field.name, other)
    return names
