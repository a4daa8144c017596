"""A thousand random moves among four breakout rooms: not one packet is heard by somebody of another room.

SAFETY, invariants 1 and 8. Every packet says who sent it and in which epoch: the number of the moves that the
worker had done by then. Who receives it must share a room with its sender in that epoch or in one since.
"""

from __future__ import annotations

import asyncio
import random
import tempfile

import pytest

from tests.bench import marked, ours
from tests.bench.marked import Marked, Watching

MEMBERS, MOVES = 12, 1_000
ROOMS = [f"breakout-{number}" for number in range(4)]
MUTED = (3, 8)
PACE_S = 0.01
ROUNDS = 2  # between moves
HURRIED = 300
HEARS_WITHIN_S = 20.0


@pytest.mark.asyncio(loop_scope="session")
async def test_a_thousand_random_moves_and_not_one_foreign_packet() -> None:
    chance = random.Random(20_260_302)
    with tempfile.TemporaryDirectory(prefix="viop-moves-") as folder:
        async with (
            ours.worker(folder) as (_, rpc),
            marked.members(rpc, [ROOMS[number % 4] for number in range(MEMBERS)]) as (engine, people),
        ):
            watching = Watching(people, MUTED)
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


@pytest.mark.asyncio(loop_scope="session")
async def test_moves_faster_than_anybody_can_negotiate_hang_up_nobody() -> None:
    """Everybody is moved again before they have answered the move before; what they answer is no flood."""
    with tempfile.TemporaryDirectory(prefix="viop-moves-") as folder:
        async with (
            ours.worker(folder) as (_, rpc),
            marked.members(rpc, [ROOMS[number % 4] for number in range(MEMBERS)]) as (engine, people),
        ):
            watching = Watching(people)
            for step in range(HURRIED):
                going = {one: ROOMS[(one.number * (1 + step % 3) + step) % 4] for one in people}
                going = {one: target for one, target in going.items() if target != one.room}
                places = list(watching.history[-1])
                for one, target in going.items():
                    places[one.number] = target
                watching.history.append(places)
                await marked.move(engine, going)
                watching.epoch += 1
                await talk(people, watching)
            watching.heard.clear()
            await all_hear_their_mates(people, watching)
            assert watching.foreign == []
            verdicts = (await engine.statistics())["verdicts"]
            assert isinstance(verdicts, dict)
            assert "flood" not in verdicts


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
