"""Queries asked so often that building their SQL would cost more than asking: Django builds each once.

The rule stays where it was written, as a query set; only the work of turning it into SQL is spared. The
answer is read from the database each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet, UUIDField

_FIELD: Final = UUIDField()
_NOBODY: Final = 0xF0E1_D2C3_B4A5_4697_8879_6A5B_4C3D_2E00  # the first of the ids that stand in for real ones
_M = TypeVar("_M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the id with this number belongs among the parameters."""

    number: int


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: Sequence[Any]
    columns: Sequence[str]  # attribute names of a model's fields; "" for anything else
    converters: dict[int, tuple[Sequence[Callable[..., Any]], Any]]


class Prepared(Generic[_M]):
    """A query about ids. Made with a function that gives its query set for ids.

    The query set may depend on nothing but the ids: not on the time, a setting or a language. Related rows
    are not selected with it. One that locks rows is asked inside a transaction only.
    """

    def __init__(self, build: Callable[..., QuerySet[_M, Any]]) -> None:
        self._build = build
        self._made: dict[tuple[str, int], _Statement] = {}  # by database and number of ids

    def rows(self, *ids: UUID) -> list[tuple[Any, ...]]:
        """What `build(*ids)` gives as tuples: its values_list, or all fields of its model."""
        return list(self._rows(self._statement(len(ids)), ids))

    def value(self, *ids: UUID) -> Any:
        """The first value of the first row; None without any row."""
        return next((row[0] for row in self.rows(*ids)), None)

    def models(self, *ids: UUID) -> list[_M]:
        """The rows of `build(*ids)`, which has all fields of its model."""
        statement = self._statement(len(ids))
        return [
            self._model.from_db(connection.alias, statement.columns, row)
            for row in self._rows(statement, ids)
        ]

    def model(self, *ids: UUID) -> _M | None:
        return next(iter(self.models(*ids)), None)

    def sql(self, count: int) -> tuple[str, Sequence[Any]]:
        """What is sent for `count` ids, made anew; for tests of the promise above."""
        made = self._prepare(count)
        return made.sql, made.parameters

    def _rows(self, statement: _Statement, ids: Sequence[UUID]) -> Iterator[tuple[Any, ...]]:
        given = [_FIELD.get_db_prep_value(one, connection) for one in ids]
        parameters = [given[one.number] if isinstance(one, _Place) else one for one in statement.parameters]
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, parameters)
            found = cursor.fetchall()
        for row in found:
            values = list(row)
            for column, (converters, expression) in statement.converters.items():
                for convert in converters:
                    values[column] = convert(values[column], expression, connection)
            yield tuple(values)

    def _statement(self, count: int) -> _Statement:
        key = (connection.vendor, count)
        if key not in self._made:  # by two threads at once: the same twice
            self._made[key] = self._prepare(count)
        return self._made[key]

    def _prepare(self, count: int) -> _Statement:
        stand_ins = [UUID(int=_NOBODY + number) for number in range(count)]
        queryset = self._build(*stand_ins)
        self._model: type[_M] = queryset.model
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        sent = [_FIELD.get_db_prep_value(one, connection) for one in stand_ins]
        places = [_Place(sent.index(one)) if one in sent else one for one in parameters]
        if len({one for one in places if isinstance(one, _Place)}) != count:
            raise TypeError("a prepared query must ask about each of its ids, as they are")
        selected = [column[0] for column in compiler.select[: compiler.col_count]]
        names = [getattr(getattr(one, "target", None), "attname", "") for one in selected]
        return _Statement(sql, places, names, compiler.get_converters(selected))
