"""What is written about the room outside the code agrees with the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from sessions import tasks
from vIOP.celery import BEAT


def test_the_diagram_in_the_docs_is_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it fails: `manage.py room_diagram`."""
    page = Path("docs") / "room-machine.md"
    in_the_docs = (settings.BASE_DIR / page).read_text()
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    call_command("room_diagram", verbosity=0)
    assert (tmp_path / page).read_text() == in_the_docs


def test_the_beat_table_names_the_rooms_tasks() -> None:
    names = {entry["task"] for entry in BEAT.values()}
    assert {tasks.sweep_presence.name, tasks.end_overdue_meetings.name} <= names
