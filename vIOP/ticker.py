"""The beat table without a broker: runs Celery's tasks and schedules inside the one server process.

Celery keeps the code and the schedules; only the messenger is missing on a clinic of one machine.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any, Final

from asgiref.sync import sync_to_async
from celery import Celery
from celery.schedules import BaseSchedule, maybe_schedule

log = logging.getLogger(__name__)

RESOLUTION_S: Final = 0.5


class Entry:
    """One row of the beat table and when it last ran."""

    def __init__(self, name: str, row: dict[str, Any], app: Celery, now: datetime) -> None:
        self.name = name
        self.task = app.tasks[row["task"]]
        self.args = row.get("args", ())
        schedule = maybe_schedule(row["schedule"], app=app)
        if not isinstance(schedule, BaseSchedule):
            raise TypeError(f"{name}: not a schedule")
        self.schedule = schedule
        self.last_run_at = now
        self.running: asyncio.Task[None] | None = None

    def due(self, now: datetime) -> bool:
        """Due by the schedule, and its last run is over: a slow task never runs beside itself."""
        if self.running is not None and not self.running.done():
            return False
        return bool(self.schedule.is_due(self.last_run_at).is_due)

    async def run(self) -> None:
        # thread_sensitive=False: a slow task must not queue behind (or before) every synchronous view
        result = await sync_to_async(self.task.apply, thread_sensitive=False)(args=self.args)
        if result.failed():
            log.error("task failed name=%s error=%s", self.name, type(result.result).__name__)


async def tick_forever(app: Celery) -> None:
    """Run what is due, until cancelled. A failing task is logged and runs again at its next time."""
    app.loader.import_default_modules()
    app.finalize()
    app.autodiscover_tasks(["sessions"], force=True)
    entries = [Entry(name, row, app, datetime.now(UTC)) for name, row in app.conf.beat_schedule.items()]
    try:
        while True:
            now = datetime.now(UTC)
            for entry in entries:
                if entry.due(now):
                    entry.last_run_at = now
                    entry.running = asyncio.create_task(entry.run())
            await asyncio.sleep(RESOLUTION_S)
    finally:
        for entry in entries:
            if entry.running is not None:
                entry.running.cancel()
