"""The Celery application and the beat table: the one list of periodic work.

With a broker, `celery -A vIOP worker` and `celery -A vIOP beat` run it. Without, vIOP.ticker runs the same
table inside the web process.
"""

from __future__ import annotations

import os
from typing import Any, Final

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vIOP.settings")

BEAT: Final[dict[str, dict[str, Any]]] = {
    # A connection is dead after 30 s without evidence; closing it must not wait longer than this.
    "sweep-presence": {"task": "sessions.tasks.sweep_presence", "schedule": 10.0},
    # Proposed minutes are there within 5 s of a meeting's end.
    "credit-meetings": {"task": "sessions.tasks.credit_meetings", "schedule": 3.0},
    # Once a day (UTC); the first run after midnight takes it, also after an outage.
    "keep-daily-head": {"task": "sessions.tasks.keep_daily_head", "schedule": 600.0},
    "remind-of-signatures": {"task": "sessions.tasks.remind_of_signatures", "schedule": 600.0},
    "look-at-schedules": {"task": "sessions.tasks.look_at_schedules", "schedule": 3600.0},
    "send-messages": {"task": "sessions.tasks.send_messages", "schedule": 5.0},
    # The calendar and the episodes live in days; an hour is soon enough after midnight in every zone.
    "advance-programs": {"task": "sessions.tasks.advance_programs", "schedule": 900.0},
    # A consent that ends must end live access within 5 s.
    "watch-guests": {"task": "sessions.tasks.watch_guests", "schedule": 2.0},
    "offer-places": {"task": "sessions.tasks.offer_places", "schedule": 60.0},
    "tell-changes": {"task": "sessions.tasks.tell_changes", "schedule": 15.0},
    # Somebody looks at a page that says "one moment".
    "remind-of-consents": {"task": "sessions.tasks.remind_of_consents", "schedule": 3600.0},
    "watch-licences": {"task": "sessions.tasks.watch_licences", "schedule": 3600.0},
    "make-reports": {"task": "sessions.tasks.make_reports", "schedule": 2.0},
    # A call's time is told to the minute; each round also shows that the engine's clock goes.
    "run-aftercare": {"task": "sessions.tasks.run_aftercare", "schedule": 10.0},
    "propose-aftercare": {"task": "sessions.tasks.propose_aftercare", "schedule": 300.0},
    # Chat is gone a minute after the meeting.
    "forget-chat": {"task": "sessions.tasks.forget_chat", "schedule": 60.0},
    "erase-arrivals": {"task": "sessions.tasks.erase_arrivals", "schedule": 3600.0},
    "end-overdue-meetings": {"task": "sessions.tasks.end_overdue_meetings", "schedule": 60.0},
}

app = Celery("vIOP")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = BEAT
app.autodiscover_tasks(["sessions"])


@setup_logging.connect
def _log_as_everywhere(**_: object) -> None:
    """Django has set the log up, which holds no text of an exception; Celery leaves it as it is."""
