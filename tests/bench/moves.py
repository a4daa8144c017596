"""What a move costs people: `python -m tests.bench.moves [--people 12] [--runs 5]`.

Headless members on real ICE, DTLS, SRTP and signalling (marked.py), 15 frames a second and a little sound, so that
what is measured is the engine and not the members; a keyframe only when the server asks for one. Measured from the moment the clinic tells the engine until the first
frame that a decoder could begin with has arrived, from every other person in the new room; decoding itself (a few
milliseconds in a browser) is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence

from tests.bench import marked, ours
from tests.bench.marked import Heard, Marked

LIMIT_MS = 500  # p95 of a move to the first frame
TICK_S, AUDIO_EVERY = 1 / 15, 3
WITHIN_S = 20.0
PAUSE_S = 1.0  # nobody moves twice in a second
MAIN = "main"


class Scene:
    """Everybody sends all the time; what is waited for is noted as it comes."""

    def __init__(self, people: list[Marked]) -> None:
        self.people = people
        self.epoch = 0
        self._news = asyncio.Event()
        self.seen: dict[tuple[int, int], float] = {}  # (viewer, sender): first whole frame since `begin`
        for one in people:
            one.heard = lambda packet, viewer=one.number: self._took(viewer, packet)  # type: ignore[misc]
        self._sending = asyncio.create_task(self._send())

    def _took(self, viewer: int, packet: Heard) -> None:
        if packet.keyframe and packet.epoch == self.epoch:
            self.seen.setdefault((viewer, packet.sender), time.perf_counter())
            self._news.set()

    async def _send(self) -> None:
        loop, tick = asyncio.get_running_loop(), 0
        due = loop.time()
        while True:
            for one in self.people:
                one.show(self.epoch)
                if (tick + one.number) % AUDIO_EVERY == 0:
                    one.say(self.epoch)
                due += TICK_S / len(self.people)  # each in turn, as cameras do not keep step
                await asyncio.sleep(max(0.0, due - loop.time()))  # the pace of the cameras
            tick += 1

    async def first_frames(self, pairs: set[tuple[int, int]], begin: float) -> list[float]:
        """Milliseconds until each viewer has a whole frame of each sender."""
        async with asyncio.timeout(WITHIN_S):
            while not pairs <= self.seen.keys():
                self._news.clear()
                await self._news.wait()
        return [1000 * (self.seen[pair] - begin) for pair in pairs]

    def begin(self) -> float:
        self.epoch += 1
        self.seen.clear()
        return time.perf_counter()

    def stop(self) -> None:
        self._sending.cancel()


def together(people: Sequence[Marked]) -> set[tuple[int, int]]:
    return {(a.number, b.number) for a in people for b in people if a is not b and a.room == b.room}


async def measure(size: int, runs: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"to breakouts": [], "recall": [], "one person": [], "admit": []}
    with tempfile.TemporaryDirectory(prefix="viop-moves-") as folder:
        async with ours.worker(folder) as (_, rpc), marked.members(rpc, [MAIN] * size) as (engine, people):
            scene = Scene(people)
            for _ in range(runs):
                begin = scene.begin()
                await marked.move(engine, {one: f"breakout-{one.number % 4}" for one in people})
                found["to breakouts"] += await scene.first_frames(together(people), begin)
                await asyncio.sleep(PAUSE_S)
                begin = scene.begin()
                await marked.move(engine, dict.fromkeys(people, MAIN))
                found["recall"] += await scene.first_frames(together(people), begin)
                await asyncio.sleep(PAUSE_S)
                one = people[0]
                await marked.move(engine, {one: "aside"})
                await asyncio.sleep(PAUSE_S)
                begin = scene.begin()
                await marked.move(engine, {one: MAIN})
                pairs = {pair for pair in together(people) if one.number in pair}
                found["one person"] += await scene.first_frames(pairs, begin)
                await asyncio.sleep(PAUSE_S)
                begin = scene.begin()
                guest = Marked(size, engine, MAIN)
                guest.heard = lambda packet: scene._took(size, packet)
                await guest.join()
                found["admit"] += await scene.first_frames({(size, one.number) for one in people}, begin)
                guest.leave()
                await engine.eject(MAIN, guest.identity)
                await asyncio.sleep(PAUSE_S)
            scene.stop()
    return found


def table(found: dict[str, list[float]]) -> str:
    lines = [
        f"{'until the first frame of each other person':44}{'frames':>8}{'p50 ms':>8}{'p95 ms':>8}{'max ms':>8}"
    ]
    for name, times in found.items():
        cuts = statistics.quantiles(times, n=20)
        lines.append(f"{name:44}{len(times):8}{cuts[9]:8.0f}{cuts[18]:8.0f}{max(times):8.0f}")
    return "\n".join(lines)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--people", type=int, default=12)
    words.add_argument("--runs", type=int, default=5)
    given = words.parse_args()
    found = asyncio.run(measure(given.people, given.runs))
    print(f"{given.people} people\n{table(found)}")
    slow = statistics.quantiles(found["to breakouts"] + found["recall"], n=20)[18]
    print(f"moves: p95 {slow:.0f} ms, limit {LIMIT_MS} ms")
    raise SystemExit(slow > LIMIT_MS)


if __name__ == "__main__":
    main()
