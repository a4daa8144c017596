"""How long crediting takes: `python -m tests.bench.hours`. Medians of CPU
time; bounds in docs/benchmarks.md."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from sessions.attendance import observe
from sessions.attendance.evidence import Observation, Role
from sessions.attendance.hours import Meeting, credit
from sessions.attendance.policy import DEFAULT
from sessions.room.events import Admitted, Connected, Disconnected, Entered, Fact, Knocked

START = 1_772_496_000
PEOPLE, RECONNECTS, LENGTH_S = 15, 20, 3 * 3600


def observations() -> list[Observation]:
    """A 3-hour meeting of 15 people, each of whom reconnects 20 times."""
    random, found = Random(1), []
    for number in range(PEOPLE):
        role: Role = "facilitator" if number == 0 else "client"
        cuts = sorted(random.sample(range(60, LENGTH_S - 60), RECONNECTS))
        starts = [0, *(cut + random.choice([5, 20, 45, 90]) for cut in cuts)]
        for stint, (since, until) in enumerate(zip(starts, [*cuts, LENGTH_S], strict=True)):
            person, name = f"p{number}", f"{number}.{stint}"
            found.append(Observation(START + since, "connected", person, role, name, "main"))
            found.append(Observation(START + max(since, until), "disconnected", person, role, name))
    return found


def facts() -> list[tuple[int, Fact]]:
    """The same shape as the room's log has it."""
    at, found = datetime.fromtimestamp(START, UTC), []
    staff = uuid.UUID(int=1)
    for number in range(1, PEOPLE + 1):
        person = uuid.UUID(int=number)
        entry: list[Fact] = [Entered(at=at, person=person)]
        if number > 1:
            entry = [Knocked(at=at, person=person), Admitted(at=at, person=person, actor=staff)]
        found += entry
        for stint in range(RECONNECTS + 1):
            line = uuid.UUID(int=number * 1000 + stint)
            since, until = (at + timedelta(seconds=stint * 500 + extra) for extra in (20, 500))
            found.append(Connected(at=since, person=person, connection=line, device="laptop"))
            found.append(Disconnected(at=until, person=person, connection=line, clean=True))
    return list(enumerate(found, start=1))


def median_ms(run: Callable[[], object], times: int = 50) -> float:
    taken = []
    for _ in range(times):
        begun = time.process_time()  # what else the machine does is not ours to measure
        run()
        taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def one_more_fact(stored: bytes, seq: int, fact: Fact) -> bytes:
    """What the cursor does for a new fact, the database left out."""
    observed = observe.load(stored)
    if observed is None:
        raise ValueError("what was just written cannot be read")
    observed.read(seq, fact)
    return observe.dump(observed)


def main() -> None:
    meeting, everything = Meeting(START, START + LENGTH_S, START + LENGTH_S), observations()
    log = facts()
    early, late = observe.Observed(), observe.Observed()
    for seq, fact in log[:4]:
        early.read(seq, fact)
    for seq, fact in log:
        late.read(seq, fact)
    now = datetime.fromtimestamp(START + LENGTH_S, UTC)
    new = Connected(at=now, person=uuid.UUID(int=1), connection=uuid.UUID(int=9), device="laptop")
    rows = [
        (
            f"credit {PEOPLE} people, {RECONNECTS} reconnects each",
            lambda: credit(meeting, everything, DEFAULT),
        ),
        ("one new fact at the beginning of a meeting", lambda: one_more_fact(observe.dump(early), 5, new)),
        ("one new fact at its end", lambda: one_more_fact(observe.dump(late), len(log) + 1, new)),
    ]
    for name, run in rows:
        print(f"{name:<48} {median_ms(run):8.2f} ms")


if __name__ == "__main__":
    main()
