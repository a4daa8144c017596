"""Cost and latency of forwarding a twelve-person group: `python -m tests.bench.media [--runs N] [--seconds S]`.

Each run starts a fresh server; ours and Janus (the Debian package, `event_loops=1`) take turns, so that a busy machine
is busy for both. Figures are medians. `join`: signal connection to both peer connections up; `frame`: the same to the first
picture, for one more person who joins the talking room. The limit of the first version is 1.5 times Janus' CPU time per packet.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.bench import janus, ours
from tests.bench.load import Result, run, talk

LIMIT = 1.5
Start: TypeAlias = Callable[[int], contextlib.AbstractAsyncContextManager[ours.Room]]


@dataclass(frozen=True)
class Run:
    load: Result
    join_s: float  # median of the members
    first_frame_s: float | None


async def measure(start: Start, count: int, seconds: float) -> Run:
    async with start(count) as room:
        run(room.members, room.pid, 1.0)  # layers chosen, caches warm
        load = run(room.members, room.pid, seconds)
        first_frame_s = None
        if room.newcomer is not None:
            talking = asyncio.create_task(talk(room.members))
            first_frame_s = await room.newcomer()
            talking.cancel()
        return Run(load, statistics.median(room.join_s), first_frame_s)


def row(name: str, runs: list[Run]) -> str:
    def middle(of: Callable[[Result], float]) -> float:
        return statistics.median(of(each.load) for each in runs)

    join_ms = 1000 * statistics.median(each.join_s for each in runs)
    frames_s = [each.first_frame_s for each in runs if each.first_frame_s is not None]
    frame_ms = f"{1000 * statistics.median(frames_s):8.0f}" if frames_s else f"{'-':>8}"
    return (
        f"{name:<22} {len(runs):>4} {middle(lambda r: r.server_cpu_s / r.seconds):>10.3f}"
        f" {middle(lambda r: r.packets_per_cpu_s):>12,.0f} {middle(lambda r: r.latency_us(50)):>8.0f}"
        f" {middle(lambda r: r.latency_us(99)):>8.0f} {middle(lambda r: r.loss_percent):>7.2f}"
        f" {middle(lambda r: r.refused):>8.0f} {join_ms:>8.0f} {frame_ms}"
    )


async def compare(count: int, runs: int, seconds: float) -> int:
    peers: dict[str, Start] = {"vIOP": ours.room}
    if shutil.which("janus") and shutil.which("cc"):
        peers["Janus, event_loops=1"] = janus.room
    else:
        print("Janus or a C compiler is not installed: no ratio in this run.", file=sys.stderr)
    results: dict[str, list[Run]] = {name: [] for name in peers}
    for _ in range(runs):
        for name, start in peers.items():
            results[name].append(await measure(start, count, seconds))
    print(f"{count} people, audio and video, {seconds:g} s a run, medians")
    print(
        f"{'server':<22} {'runs':>4} {'cpu s/s':>10} {'pkt/cpu-s':>12} {'p50 us':>8} {'p99 us':>8} {'loss %':>7}"
        f" {'refused':>8} {'join ms':>8} {'frame ms':>8}"
    )
    for name, found in results.items():
        print(row(name, found))
    if len(results) > 1:
        per_packet = [
            statistics.median(each.load.server_cpu_s / max(1, each.load.received) for each in found)
            for found in results.values()
        ]
        print(f"CPU per forwarded packet, vIOP / Janus: {per_packet[0] / per_packet[1]:.2f} (limit {LIMIT})")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0)
    chosen = parser.parse_args()
    return asyncio.run(compare(chosen.people, chosen.runs, chosen.seconds))


if __name__ == "__main__":
    sys.exit(main())
