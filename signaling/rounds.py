"""What this process does again and again while it holds sockets. Nothing runs when it holds none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from channels.db import database_sync_to_async

from sessions.core import clock
from sessions.room import service
from signaling import cameras, enforcement, heartbeat, logins
from signaling.local import Process
from signaling.protocol import Close
from signaling.sockets import report
from signaling.watch import keep_only

TICK_S: Final = 0.5
SEATS_EVERY_S: Final = 3.0  # ejection within 5 s with every bell lost
CLOCKS_EVERY_S: Final = 1.0
BEAT_EVERY_S: Final = 4.0  # with a ping every 5 s, a killed process costs nobody more than 10 s
WRITE_EVERY_S: Final = 1.0  # noted evidence; after an outage of the database it must be in before a sweep
LOGINS_EVERY_S: Final = 20.0  # ended within 30 s
BELLS_EVERY_S: Final = 10.0


async def check_seats(process: Process) -> None:
    await enforcement.check(process, process.held)


async def hear_bells(process: Process) -> None:
    """As if every bell had rung: heals those that were lost."""
    keep_only(process, process.meetings())
    for bell in process.bells.values():
        bell.ring()


async def follow_clocks(process: Process) -> None:
    """What the clock alone changes: breakouts end, a hold pauses media. On time, whatever sweeps when."""
    now = clock.now()
    for meeting_id, bell in list(process.bells.items()):
        if bell.changes_at is not None and bell.changes_at <= now:
            bell.changes_at = None
            await database_sync_to_async(service.close_due)(meeting_id, now)
            bell.ring()
            for socket in process.rooms_of(meeting_id):
                socket.wake()


async def renew_bells(process: Process) -> None:
    for bell in list(process.bells.values()):
        await bell.renew()


async def check_logins(process: Process) -> None:
    """Close the sockets and take back the seats of those who signed out or were disabled."""
    rooms, held = list(process.rooms), list(process.held)
    asked = {socket.login for socket in rooms} | {seat.login for seat in held}
    over = await database_sync_to_async(logins.ended)(asked)
    for socket in rooms:
        if socket.login in over:
            socket.end(Close.SIGNED_OUT)
        else:
            socket.wake()  # whoever has lost their part in the meeting is found out by reading
    for seat in held:
        if seat.login in over:
            await enforcement.revoke(process, seat)


@dataclass(slots=True)
class _Round:
    every_s: float
    work: Callable[[Process], Awaitable[None]]
    due_s: float = 0.0
    running: asyncio.Task[None] | None = None

    def begin(self, process: Process, now_s: float) -> None:
        if now_s >= self.due_s and (self.running is None or self.running.done()):
            self.due_s = now_s + self.every_s
            self.running = asyncio.create_task(self._run(process))

    async def _run(self, process: Process) -> None:
        try:
            await self.work(process)
        except Exception as error:  # the database is away: calls go on, the next round tries again
            report(error)


def keep_going(process: Process) -> None:
    """Call whenever something was opened: makes the rounds go on until nothing is open any more."""
    if process.rounds is None or process.rounds.done():
        process.rounds = asyncio.create_task(_go(process), name="rounds")


async def _go(process: Process) -> None:
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    rounds = [
        _Round(SEATS_EVERY_S, check_seats),
        _Round(SEATS_EVERY_S, hear_bells),
        _Round(CLOCKS_EVERY_S, follow_clocks),
        _Round(BELLS_EVERY_S, renew_bells),
        _Round(BEAT_EVERY_S, heartbeat.note),
        _Round(WRITE_EVERY_S, heartbeat.write),
        _Round(LOGINS_EVERY_S, check_logins),
    ]
    for each in rounds:
        each.due_s = start_s + each.every_s
    watching = asyncio.create_task(cameras.watch(process), name="cameras")
    try:
        while process.busy:
            await asyncio.sleep(TICK_S)
            now_s = loop.time()
            for each in rounds:
                each.begin(process, now_s)
    finally:
        watching.cancel()
        keep_only(process, set())
        for each in rounds:
            if each.running is not None:
                each.running.cancel()
