"""Reminders to somebody, what became of them, and a carrier that does as it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sessions.core import clock as clocks
from sessions.messages.channels import Letter
from sessions.messages.models import Channel, Message
from sessions.messages.service import Address, queue
from sessions.people.models import Person
from tests.cast import MORNING

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = MORNING + 14 * HOUR  # 23:00 in New York


@dataclass
class Gateway:
    """A carrier of text messages that does as it is told."""

    idempotent: bool = True
    trouble: list[Exception] = field(default_factory=list)
    carried: list[Letter] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None  # what happens while it carries a letter

    def carry(self, letter: Letter) -> str:
        self.meanwhile()
        if self.trouble:
            raise self.trouble.pop(0)
        self.carried.append(letter)
        return f"gateway-{letter.id}"


def remind(
    person: Person | Address, channel: Channel = Channel.EMAIL, key: str = "call-1", **more: Any
) -> Message:
    at = clocks.now() + HOUR
    return queue("appointment.reminder", person, channel, key=key, params={"at": at}, **more)


def state(key: str = "call-1") -> tuple[str, str]:
    row = Message.objects.get(key=key)
    return row.state, row.code
