"""Listening for one meeting's bell on behalf of every socket of this process that cares.

The bell is the channel layer's; a layer that is away costs nothing but time: the round in signaling.rounds
rings every watch anyway. Hearing it means: read the head of the log, wake the sockets to read their views,
let the media engine do what the new facts ask, and check the seats held here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime
from typing import Final
from uuid import UUID

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from sessions.room import bell, service
from signaling import enforcement
from signaling.local import Bell, Process
from signaling.sockets import report

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0


class Watch:
    """One meeting, watched from now on."""

    def __init__(self, process: Process, meeting_id: UUID) -> None:
        self.head = 0  # the log's last seq known here
        self._process = process
        self._meeting_id = meeting_id
        self._group = bell.meeting_group(meeting_id)
        self._rung = asyncio.Event()
        self.changes_at: datetime | None = None  # when the clock alone changes the rooms next
        self._seats: dict[UUID, service.CurrentSeat] = {}  # as last read, by person
        self._read_from: int | None = None  # effects of facts up to here are done
        self._channel: str | None = None
        self._tasks = [
            asyncio.create_task(self._listen(), name="bell"),
            asyncio.create_task(self._work(), name="watch"),
        ]

    def ring(self) -> None:
        self._rung.set()

    async def renew(self) -> None:
        """Join the bell's group again: a layer that was flushed has forgotten who listens."""
        layer = get_channel_layer()
        if layer is not None and self._channel is not None:
            with contextlib.suppress(Exception):  # away: _listen or the next round sees to it
                await layer.group_add(self._group, self._channel)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _listen(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        pause_s = FIRST_PAUSE_S
        while True:
            channel = None
            try:
                channel = await layer.new_channel()
                await layer.group_add(self._group, channel)
                self._channel = channel
                while True:
                    self.ring()
                    await layer.receive(channel)
                    pause_s = FIRST_PAUSE_S
            except Exception as error:  # whatever the layer's backend raises
                log.warning("bell not heard: %s", type(error).__name__)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            finally:
                self._channel = None
                if channel is not None:
                    with contextlib.suppress(Exception):
                        await layer.group_discard(self._group, channel)

    async def _work(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self._read()
            except Exception as error:  # the database is away: the next ring reads again
                report(error)

    async def _read(self) -> None:
        seats = await database_sync_to_async(service.seats_in)(self._meeting_id)
        moved: list[service.Effect] = [
            service.Relocate(self._meeting_id, person, before.media_room, seat)
            for person, seat in seats.items()
            if (before := self._seats.get(person)) is not None and before.media_room != seat.media_room
        ]
        self._seats = seats
        effects: tuple[service.Effect, ...] = ()
        known, head = self._read_from, 0
        if known is None:
            head = await database_sync_to_async(service.head)(self._meeting_id)
        else:
            head, effects = await database_sync_to_async(service.effects_since)(self._meeting_id, known)
        if head == known and not moved:
            return
        self.head = self._read_from = head
        self.changes_at = await database_sync_to_async(service.next_change)(self._meeting_id)
        # The engine first: media is to be in the new room when the page says so.
        told = asyncio.create_task(enforcement.carry_out((*moved, *effects)))
        await asyncio.sleep(0)
        for socket in self._process.rooms_of(self._meeting_id):
            socket.wake()
        await told
        await enforcement.check(self._process, self._process.held_in(self._meeting_id))


def watch(process: Process, meeting_id: UUID) -> Bell:
    """The watch over a meeting, begun if there is none."""
    found = process.bells.get(meeting_id)
    if found is None:
        found = process.bells[meeting_id] = Watch(process, meeting_id)
    return found


def keep_only(process: Process, meetings: set[UUID]) -> None:
    """Stop watching all others."""
    for meeting_id in process.bells.keys() - meetings:
        process.bells.pop(meeting_id).stop()
