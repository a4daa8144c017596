"""Taking work from a table that several processes share: each row by one of them, for the length of a lease.

A claim only keeps others from trying the same at the same moment; a process that dies lets go of it by dying.
That a thing happens once rests on the row itself, which is marked done in the transaction that does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import QuerySet

from sessions.core.errors import Fault

Row = TypeVar("Row", bound=models.Model)


def claim(free: QuerySet[Row], order: Sequence[str], limit: int, **lease: Any) -> list[Any]:
    """Lease up to `limit` rows, in order; returns their keys. What others are taking is passed over.

    Looks first and locks then, so that the look can be answered by an index alone, however long the table.

    Args:
        free: what may be taken, by a condition that `lease` makes false for everybody else.
        lease: what is set on each row.
    """
    ordered = free.order_by(*order)
    with transaction.atomic():
        wanted = list(ordered.values_list("pk", flat=True)[:limit])
        if not wanted:
            return []
        if not connection.features.has_select_for_update_skip_locked:
            # SQLite: settings have BEGIN take the one writer's lock, so nobody has written since we looked.
            if free.filter(pk__in=wanted).update(**lease) != len(wanted):
                raise Fault("somebody else wrote while rows were claimed")
            return wanted
        locked = ordered.select_for_update(skip_locked=True).values_list("pk", flat=True)
        # When another process is taking exactly these, there may be more behind them.
        got = list(locked.filter(pk__in=wanted)) or list(locked[:limit])
        free.filter(pk__in=got).update(**lease)
        return got
