"""What a meeting is planned to have, and where the group is in it. Pure.

A part has a number of its own that no other part of the meeting ever has. What is on is known by it: whoever
writes a part in before, takes one off, or puts them into another order leaves the group where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sessions.room.floor_facts import Part


@dataclass(frozen=True, slots=True)
class Agenda:
    parts: tuple[Part, ...] = ()
    now: int | None = None  # which of them is on, from 0
    since: datetime | None = None  # it is on
    passed: int = 0  # while none is on: how many, from the first, the group has behind it
    # The highest number that a part was ever given. Each writing raises it, also one that adds no part, so
    # that it tells one writing from the next, too.
    given: int = 0

    @property
    def on(self) -> Part | None:
        return None if self.now is None else self.parts[self.now]

    @property
    def next(self) -> int | None:
        """Which part comes next, from 0; None after the last."""
        number = self.passed if self.now is None else self.now + 1
        return number if number < len(self.parts) else None

    @property
    def version(self) -> int:
        """Of which writing this is; 0: there is no agenda."""
        return self.given if self.parts else 0

    def place_of(self, number: int) -> int | None:
        """Where the part with this number of its own stands, from 0; None when it is not there (any more)."""
        return next((at for at, part in enumerate(self.parts) if number and part.number == number), None)

    def says(self, parts: Sequence[Part]) -> bool:
        """Whether somebody who reads it reads just these parts."""
        return [replace(part, number=0) for part in self.parts] == [replace(p, number=0) for p in parts]

    def numbered(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """`parts` as they are written now: a part that was there keeps its number, another gets the next one.

        A break never becomes a part with a name, nor the other way round: that is another part.
        """
        known = {part.number: part.is_break for part in self.parts if part.number}
        found: list[Part] = []
        given = self.given
        for part in parts:
            if known.get(part.number) is part.is_break:
                del known[part.number]  # the first of two that claim to be the same is it
                found.append(part)
            else:
                given += 1
                found.append(replace(part, number=given))
        return tuple(found)

    def written(self, parts: tuple[Part, ...]) -> Agenda:
        """After a writing. The part that is on stays on wherever it stands now; if it was taken off, none is
        on, and what comes next is what came after it."""
        given = max(self.given + 1, *(part.number for part in parts), 0)
        after = Agenda(parts, given=given)
        if self.on is None:
            return replace(after, passed=_behind(self.parts[: self.passed], after))
        place = after.place_of(self.on.number)
        if place is None:
            return replace(after, passed=_behind(self.parts[: self.now], after))
        return replace(after, now=place, since=self.since)

    def begun(self, place: int | None, at: datetime) -> Agenda:
        """The part that stands there, from 0, is on; None: none is, and the group has this one behind it."""
        passed = 0 if self.now is None else self.now + 1
        return replace(self, now=place, since=None if place is None else at, passed=passed)


def _behind(passed: Sequence[Part], after: Agenda) -> int:
    """How many parts of `after` lie behind a group that had `passed` behind it."""
    places = [place for part in passed if (place := after.place_of(part.number)) is not None]
    return max(places, default=-1) + 1


NO_AGENDA: Final = Agenda()
