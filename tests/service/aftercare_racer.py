"""One of two processes that want the same at the same moment. Reads a line of JSON that says what, and a line that
says when; prints what it got. See test_aftercare_races.py.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime

import django

django.setup()

from django.db import connection  # noqa: E402

from sessions.aftercare import appointment, booking, journal, queue  # noqa: E402
from sessions.core import clock  # noqa: E402
from sessions.people.models import Person  # noqa: E402


def moved(call: str, starts_at: str) -> bool:
    """The call to this time; whether it was still to be had."""
    try:
        appointment.move(None, journal.check_in_of(call), datetime.fromisoformat(starts_at))
    except booking.Taken:
        return False
    return True


def taken(actor: Person, call: str) -> bool:
    """The call into the actor's hand; whether nobody else had it."""
    try:
        queue.take(actor, journal.check_in_of(call))
    except queue.InOtherHands:
        return False
    return True


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    with clock.held_at(datetime.fromisoformat(asked["now"])):
        actor = Person.objects.get(pk=asked["actor"])
        got = {
            "moved": [moved(*one) for one in asked["moves"]],
            "taken": [taken(actor, one) for one in asked["takes"]],
        }
    print(json.dumps(got), flush=True)


if __name__ == "__main__":
    main()
