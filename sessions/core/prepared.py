"""Queries asked so often that building their SQL would cost more than asking: Django builds each once.

The rule stays where it was written, as a query set; only the work of turning it into SQL is spared. The
answer is read from the database each time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    Field,
    Model,
    QuerySet,
    UUIDField,
)

_M = TypeVar("_M", bound=Model)
_FIELDS: Final[dict[type, Field[Any, Any]]] = {
    UUID: UUIDField(),
    int: BigIntegerField(),
    str: CharField(),
    date: DateField(),
    datetime: DateTimeField(),
}
# What stands in for the value with this number while SQL is built: nothing that a query would say itself.
_STAND_INS: Final[dict[type, Callable[[int], object]]] = {
    UUID: lambda number: UUID(int=0xF0E1_D2C3_B4A5_4697_8879_6A5B_4C3D_2E00 + number),
    int: lambda number: 0x7E57_4A00 + number,  # 31 bits: no field is asked beyond its range
    str: lambda number: f"stands in for value {number}",
    date: lambda number: date(9000, 1, 1) + timedelta(days=number),
    datetime: lambda number: datetime(9000, 1, 1, 1, 2, 3, 4, tzinfo=UTC) + timedelta(days=number),
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the value with this number belongs among the parameters."""

    number: int


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: Sequence[Any]
    columns: Sequence[str]  # attribute names of a model's fields; "" for anything else
    converters: dict[int, tuple[Sequence[Callable[..., Any]], Any]]


class Prepared(Generic[_M]):
    """A query about given values. Made with a function that gives its query set for them, and with their
    kinds: UUID (each of them when nothing is said), int, str, date, datetime.

    The query set may depend on nothing but these: not on the clock, a setting or a language. Related rows
    are not selected with it. One that locks rows is asked inside a transaction only.
    """

    def __init__(self, build: Callable[..., QuerySet[_M, Any]], *kinds: type) -> None:
        self._build = build
        self._kinds = kinds or (UUID,) * len(inspect.signature(build).parameters)
        self._made: dict[str, _Statement] = {}  # by database

    def rows(self, *given: object) -> list[tuple[Any, ...]]:
        """What `build(*given)` gives as tuples: its values_list, or all fields of its model."""
        return list(self._rows(self._statement(), given))

    def value(self, *given: object) -> Any:
        """The first value of the first row; None without any row."""
        return next((row[0] for row in self.rows(*given)), None)

    def models(self, *given: object) -> list[_M]:
        """The rows of `build(*given)`, which has all fields of its model."""
        statement = self._statement()
        return [
            self._model.from_db(connection.alias, statement.columns, row)
            for row in self._rows(statement, given)
        ]

    def model(self, *given: object) -> _M | None:
        return next(iter(self.models(*given)), None)

    def sql(self) -> tuple[str, Sequence[Any]]:
        """What is sent, made anew; for tests of the promise above."""
        made = self._prepare()
        return made.sql, made.parameters

    def _rows(self, statement: _Statement, given: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        sent = self._sent(given)
        parameters = [sent[one.number] if isinstance(one, _Place) else one for one in statement.parameters]
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, parameters)
            found = cursor.fetchall()
        for row in found:
            values = list(row)
            for column, (converters, expression) in statement.converters.items():
                for convert in converters:
                    values[column] = convert(values[column], expression, connection)
            yield tuple(values)

    def _sent(self, given: Sequence[object]) -> list[Any]:
        """The values as the database takes them."""
        return [
            _FIELDS[kind].get_db_prep_value(one, connection)
            for kind, one in zip(self._kinds, given, strict=True)
        ]

    def _statement(self) -> _Statement:
        if connection.vendor not in self._made:  # by two threads at once: the same twice
            self._made[connection.vendor] = self._prepare()
        return self._made[connection.vendor]

    def _prepare(self) -> _Statement:
        stand_ins = [_STAND_INS[kind](number) for number, kind in enumerate(self._kinds)]
        queryset = self._build(*stand_ins)
        self._model: type[_M] = queryset.model
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        sent = self._sent(stand_ins)
        places = [_Place(sent.index(one)) if one in sent else one for one in parameters]
        if len({one for one in places if isinstance(one, _Place)}) != len(stand_ins):
            raise TypeError("a prepared query must ask about each of its values, as they are")
        selected = [column[0] for column in compiler.select[: compiler.col_count]]
        names = [getattr(getattr(one, "target", None), "attname", "") for one in selected]
        return _Statement(sql, places, names, compiler.get_converters(selected))
