"""How the engine and the outbox of a simulated site run: in this process, where workers die at random, the
database goes away and the clock stands still. Tests put real processes in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar, Final, Protocol

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.test.utils import override_settings

from sessions.aftercare import engine
from sessions.aftercare.due_models import Due
from sessions.core import clock
from sessions.messages import service as outbox
from sessions.messages.channels import Letter
from sessions.messages.models import Message

HERE: Final = f"{__name__}."
STANDS_STILL_ONCE_IN: Final = 24 * 40  # rounds
STANDS_STILL_HOURS: Final = (2, 8, 26, 96)
MOST_DEATHS: Final = 20  # in a row; then somebody lives long enough


class Killed(BaseException):
    """The process dies here. No `except Exception` catches it, as none would catch kill -9."""


class Running(Protocol):
    """What keeps the site's engine and outbox going."""

    @property
    def letters(self) -> Counter[str]:
        """Message-IDs of e-mails, as often as each was handed over."""
        ...

    def works(self, now: datetime) -> datetime:
        """It is now this late. Does what is due, or begins to; returns until when that may have taken."""
        ...

    def rests(self) -> None:
        """Returns when nothing that was begun is under way."""
        ...

    def settles(self, now: datetime) -> None:
        """From now on nothing dies or stands still any more."""
        ...


class Post(BaseEmailBackend):
    """Everybody's mail server: keeps what the letter's Message-ID was, and nothing else."""

    letters: ClassVar[Counter[str]] = Counter()
    handed: ClassVar[Callable[[], None]] = staticmethod(lambda: None)  # a process may die right after it

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for letter in email_messages:
            self.letters[str(letter.extra_headers["Message-ID"])] += 1
        type(self).handed()
        return len(email_messages)


class Texts:
    """Takes text messages and forgets them; who asks again with the same id is answered the same."""

    idempotent = True

    def carry(self, letter: Letter) -> str:
        return str(letter.id)


@contextmanager
def post_of(running: Running) -> Iterator[None]:
    """E-mails and text messages end here."""
    with override_settings(EMAIL_BACKEND=f"{HERE}Post", SMS_BACKEND=f"{HERE}Texts"):
        Post.letters = running.letters
        yield


class InThisProcess:
    """One worker after the other. The same seed gives the same faults."""

    def __init__(self, seed: int, kills: float) -> None:
        """`kills`: a chance at each of the engine's points, and at each letter."""
        self.faults: Counter[str] = Counter()
        self._letters: Counter[str] = Counter()
        self._dice = Random(f"{seed}:faults")  # noqa: S311 - a story, not a secret
        self._kills = kills
        self._still_until: datetime | None = None
        Post.handed = staticmethod(lambda: self._maybe_die("handed-over"))

    @property
    def letters(self) -> Counter[str]:
        return self._letters

    def works(self, now: datetime) -> datetime:
        if self._still_until is not None and now < self._still_until:
            return now
        if self._kills and self._dice.random() < 1 / STANDS_STILL_ONCE_IN:
            self._still_until = now + timedelta(hours=self._dice.choice(STANDS_STILL_HOURS))
            self.faults["engine stood still"] += 1
            return now
        with clock.held_at(now), post_of(self):
            for _ in range(MOST_DEATHS):
                try:
                    engine.run(now, at=self._maybe_die)
                    outbox.send_due(now)
                except Killed:
                    self.faults["worker killed"] += 1
                    self._wait_for_lease(now)
                else:
                    break
        return now

    def rests(self) -> None:
        """Nothing goes on behind anybody's back here."""

    def settles(self, now: datetime) -> None:
        self._kills, self._still_until = 0.0, None

    def _wait_for_lease(self, now: datetime) -> None:
        """A minute later the next worker may have what the dead one held."""
        Due.objects.filter(done_at=None, leased_until__gt=now).update(leased_until=now)
        Message.objects.filter(claimed_until__isnull=False).update(claimed_until=None)

    def _maybe_die(self, point: str) -> None:
        roll = self._dice.random()
        if roll < self._kills:
            raise Killed
        if roll < self._kills * 1.5 and point == "before-commit":
            # Under everybody's feet: the transaction is gone, and its commit is the first to hear of it.
            connection.connection.close()
            self.faults["database lost"] += 1
