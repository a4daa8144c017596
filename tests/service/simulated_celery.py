"""The product's Celery application on a clock that a test holds: `celery -A tests.service.simulated_celery`.

The clock is a file that the test replaces; each task begins at the time it shows then. Beat asks for the
same tasks as in earnest, only more often: hours pass in moments here.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from celery import Task

from sessions.core import clock
from vIOP.celery import BEAT, app

PATH = "VIOP_TEST_CLOCK"
EVERY_S = 0.1


class AtThatTime(Task):  # type: ignore[type-arg,misc,unused-ignore]
    def __call__(self, *given: Any, **named: Any) -> Any:
        with clock.held_at(shown()):
            return super().__call__(*given, **named)


def shown() -> datetime:
    return datetime.fromisoformat(Path(os.environ[PATH]).read_text())


def show(now: datetime) -> None:
    """Whoever looks sees either the time before or this one."""
    path = Path(os.environ[PATH])
    beside = path.with_suffix(".new")
    beside.write_text(now.isoformat())
    beside.replace(path)


app.task_cls = f"{__name__}:AtThatTime"
app.conf.beat_schedule = {
    name: {**BEAT[name], "schedule": EVERY_S} for name in ("run-aftercare", "send-messages")
}
