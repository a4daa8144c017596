"""One media worker: the port, the rooms, the RPC server and the beat that drives them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, ParamSpec

from signaling.media import rpc
from signaling.media.config import Config
from signaling.media.participant import Participant, all_closed
from signaling.media.registry import Registry
from signaling.media.room import Room
from signaling.media.rpc_server import Command, RpcServer
from signaling.media.udp import UdpMux

P = ParamSpec("P")

log = logging.getLogger(__name__)

BEAT_S: Final = 0.05
ALLOCATION_BEATS: Final = 10  # every beat: transport-cc, NACK, due PLIs
SPEAKER_BEATS: Final = 6
REPORT_BEATS: Final = 20  # receiver reports, seats, sections
QUALITY_BEATS: Final = 60
DRAIN_S: Final = 0.8
CLOSE_S: Final = 0.8  # together within the 2 s a supervisor waits


class Worker:
    """Answers the RPC server's questions; see rpc_server.Desk for the promises."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._mux = UdpMux((config.host, config.port), advertise=config.advertise)
        self._rpc = RpcServer(self)
        self._registry = Registry(self._mux, self._rpc.publish)
        self.opened, self.heard = self._registry.opened, self._registry.heard
        self.refreshed, self.lost = self._registry.refreshed, self._registry.lost
        self._faults = 0

    def asked(self, command: Command) -> rpc.Reply:
        if isinstance(command, rpc.Stats):
            return rpc.Reply(command.call, data=self.statistics())
        return self._registry.asked(command)

    async def run(self) -> None:
        """Serve until SIGTERM, SIGINT or the end of the parent; then tell every client to come back.

        Raises:
            OSError: the port or the socket cannot be had.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await self._mux.serve()
        await self._rpc.serve(self._config.rpc)
        beat = asyncio.create_task(self._beat())
        with _watched(self._config.parent_pid, stop):
            sys.stdout.write(f"media ready udp={self._mux.address[1]} rpc={self._config.rpc}\n")
            sys.stdout.flush()
            await stop.wait()
        beat.cancel()
        self._registry.shut_down()
        await self._rpc.close(self._config.rpc, drain_s=DRAIN_S)
        await all_closed(CLOSE_S)
        self._mux.close()
        log.info("stopped")

    async def _beat(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(BEAT_S)
            beats += 1
            now_s = time.monotonic()
            for member in self._registry.participants():
                self._guarded(_beat_participant, member, beats, now_s)
            for room in list(self._registry.rooms.values()):
                self._guarded(_beat_room, room, beats, now_s)
            if beats % REPORT_BEATS == 0:
                self._guarded(self._registry.tick, now_s)

    def _guarded(self, act: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """What fails for one participant or room must not stop the beat of the others."""
        try:
            act(*args, **kwargs)
        except Exception:
            self._faults += 1
            log.exception("beat failed")

    def statistics(self) -> dict[str, object]:
        """What a supervisor, a test or a benchmark may want to know: counts, never names or addresses."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            **self._registry.statistics(),
            **self._mux.statistics(),
            "tasks": len(asyncio.all_tasks()),
            "faults": self._faults,
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "rss_bytes": _resident_bytes(),
        }


def _beat_participant(member: Participant, beats: int, now_s: float) -> None:
    for peer in member.peers:
        peer.ingress.fast_tick(now_s)
        if beats % REPORT_BEATS == 0:
            peer.ingress.slow_tick(now_s)
    if beats % ALLOCATION_BEATS == 0:
        member.downlink.allocate(now_s)


def _beat_room(room: Room, beats: int, now_s: float) -> None:
    if beats % SPEAKER_BEATS == 0:
        room.tick_speakers(now_s)
    if beats % QUALITY_BEATS == 0:
        room.tick_quality()


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@contextlib.contextmanager
def _watched(pid: int | None, ended: asyncio.Event) -> Iterator[None]:
    """Set `ended` when process `pid` ends (at once when it has). None watches nobody."""
    if pid is None:
        yield
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        ended.set()
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
