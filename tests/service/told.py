"""What is told in a room: a place to be found at, lines of chat; and what of it the database holds in clear."""

from __future__ import annotations

import pytest
from django.db import connection

from sessions.people.models import Person
from sessions.room import service
from sessions.room.care_commands import Details
from tests.cast import Cast
from tests.service.room import Evening

HOME = Details("12 Elm Street", "Albany", "NY", "555 0101", "Omar Haddad", "555 0102", True, True)
AWAY = Details("3 Dock Road", "Newark", "NJ", "555 0101", "Omar Haddad", "555 0102", False, True)


@pytest.fixture
def three_inside(evening: Evening, cast: Cast) -> Evening:
    """Mina, Alice and Bruno are in the room. Test modules give it the name that they use."""
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice, cast.bruno)
    return evening


def read(evening: Evening, *readers: Person) -> list[list[str]]:
    """What each of them may read."""
    return [[line.text for line in service.lines_since(evening.actor(one), 0)] for one in readers]


def everything_stored() -> str:
    """Every text in the database that is not encrypted."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names from the database itself
            found += [
                str(value) for row in cursor.fetchall() for value in row if not isinstance(value, bytes)
            ]
    return "\n".join(found)
