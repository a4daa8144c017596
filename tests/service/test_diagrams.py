"""What is written outside the code about its tables agrees with the code."""

from __future__ import annotations

import pytest
from django.conf import settings

from sessions import tasks
from sessions.management.commands.diagrams import pages
from vIOP.celery import BEAT


@pytest.mark.parametrize("name", pages())
def test_the_diagrams_in_the_docs_are_the_tables(name: str) -> None:
    """When it fails: `manage.py diagrams`."""
    assert (settings.BASE_DIR / "docs" / name).read_text() == pages()[name]


def test_the_beat_table_names_the_rooms_tasks() -> None:
    names = {entry["task"] for entry in BEAT.values()}
    assert {tasks.sweep_presence.name, tasks.end_overdue_meetings.name} <= names
