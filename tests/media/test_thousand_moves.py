"""A thousand random moves among four breakout rooms: not one packet is heard by somebody of another room.

SAFETY, invariants 1 and 8. Every packet says who sent it and in which epoch: the number of the moves that the
worker had done by then. Who receives it must share a room with its sender in that epoch or in one since.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter

import pytest

from tests.bench import marked, ours
from tests.bench.marked import Heard, Marked

MEMBERS, MOVES = 12, 1_000
ROOMS = [f"breakout-{number}" for number in range(4)]
MUTED = (3, 8)
PACE_S = 0.01
ROUNDS = 10  # between moves: a client may negotiate so often a second, and no more
HEARS_WITHIN_S = 20.0


class Watching:
    """Who is where by epoch, and what each heard."""

    def __init__(self, people: list[Marked]) -> None:
        self.history = [[one.room for one in people]]
        self.epoch = 0
        self.heard: Counter[tuple[int, int]] = Counter()  # (listener, sender), in the newest epoch
        self.all = 0
        self.foreign: list[tuple[int, Heard]] = []
        self.of_muted = 0
        for one in people:
            one.heard = lambda packet, listener=one.number: self.took(listener, packet)  # type: ignore[misc]

    def took(self, listener: int, packet: Heard) -> None:
        self.all += 1
        if not any(places[listener] == places[packet.sender] for places in self.history[packet.epoch :]):
            self.foreign.append((listener, packet))
        self.of_muted += packet.sender in MUTED and not packet.video
        if packet.epoch == self.epoch:
            self.heard[listener, packet.sender] += 1

    def mates(self) -> set[tuple[int, int]]:
        """Everybody who should hear somebody now."""
        places = self.history[-1]
        numbers = range(len(places))
        return {
            (a, b) for a in numbers for b in numbers if a != b and places[a] == places[b] and b not in MUTED
        }


@pytest.mark.asyncio(loop_scope="session")
async def test_a_thousand_random_moves_and_not_one_foreign_packet() -> None:
    chance = random.Random(20_260_302)
    with tempfile.TemporaryDirectory(prefix="viop-moves-") as folder:
        async with (
            ours.worker(folder) as (_, rpc),
            marked.members(rpc, [ROOMS[number % 4] for number in range(MEMBERS)]) as (engine, people),
        ):
            watching = Watching(people)
            for number in MUTED:
                await engine.mute(people[number].room, people[number].identity)
            moved = 0
            while moved < MOVES:
                going = {
                    one: chance.choice([room for room in ROOMS if room != one.room])
                    for one in chance.sample(people, chance.randint(4, MEMBERS))
                }
                places = list(watching.history[-1])
                for one, target in going.items():
                    places[one.number] = target
                watching.history.append(places)  # from now on either may hold, until the worker says: done
                await marked.move(engine, going)
                watching.epoch += 1
                watching.heard.clear()
                moved += len(going)
                await all_hear_their_mates(people, watching)
                for _ in range(ROUNDS):
                    await talk(people, watching)
            assert watching.foreign == []
            assert watching.of_muted == 0
            assert sum(one.rejected for one in people) == 0
            assert watching.all > moved


async def talk(people: list[Marked], watching: Watching) -> None:
    for one in people:
        one.say(watching.epoch)
        one.show(watching.epoch)
    await asyncio.sleep(PACE_S)  # the packets' own clock


async def all_hear_their_mates(people: list[Marked], watching: Watching) -> None:
    """Moved often is not cut off: once negotiated, everybody hears exactly whom they are with."""
    async with asyncio.timeout(HEARS_WITHIN_S):
        while not watching.heard.keys() >= watching.mates():
            await talk(people, watching)
