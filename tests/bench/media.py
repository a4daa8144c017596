"""What forwarding costs: `python -m tests.bench.media [--members 12] [--runs 5] [--seconds 8]`.

A room of headless members, each sending audio (50 packets a second) and video (60 packets a second of about 1,100 bytes, one
layer) over real ICE, DTLS and SRTP; every packet that arrives is decrypted and recognised. The runs of our worker
and of Janus 1.1.2 (`event_loops = 1`, when it is installed) alternate in random order; the table shows medians. A run in which packets
were lost or latency ran away says more about what else the machine was doing: it is repeated, at most twice.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import platform
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import building, janus, ours
from tests.bench.load import Load, Measured
from tests.media.clients import Member, party, rtc, until
from tests.media.engines import Engine, embedded, fresh_room

OURS, JANUS = "vIOP worker", "Janus 1.1.2, event_loops=1"
LIMIT = 1.5  # of the first version's CPU per packet against Janus
WARM_UP_S = 1.0
TRIES = 3


def clean(run: Measured) -> bool:
    return run.lost < 0.001 and run.p50_us < 5000 and not run.bad


async def measure_ours(libraries: dict[str, Path], size: int, seconds: float) -> Measured:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        async with ours.worker(folder) as (pid, rpc), ours.room(rpc, size) as members:
            legs = [(member.leg, member.leg) for member in members]
            load = Load(libraries["loadgen"], legs, [member.ssrcs for member in members])
            await asyncio.to_thread(load.run, WARM_UP_S, pid)
            return await asyncio.to_thread(load.run, seconds, pid)


async def measure_janus(libraries: dict[str, Path], size: int, seconds: float) -> Measured:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        async with (
            janus.server(folder, libraries["loopback"]) as (pid, url),
            janus.room(url, size) as (legs, ssrcs),
        ):
            load = Load(libraries["loadgen"], legs, ssrcs)
            await asyncio.to_thread(load.run, WARM_UP_S, pid)
            return await asyncio.to_thread(load.run, seconds, pid)


async def first_frames(runs: int) -> list[tuple[float, float, float]]:
    """Seconds from connect() until connected, until the first audio and the first decoded video frame.

    An unmodified client joins a room in which another one publishes, through Daphne and the real signalling.
    """
    with embedded() as engine:
        room = fresh_room()
        async with party(engine) as people:
            host = await (await people.join("host", room)).publish()
            return [await _join_once(engine, room, f"guest-{run}", host) for run in range(runs)]


async def _join_once(engine: Engine, room: str, identity: str, host: Member) -> tuple[float, float, float]:
    guest = Member(engine, identity, 2)
    start = time.perf_counter()
    await guest.join(room)
    joined = time.perf_counter() - start
    seen = guest.of(host.identity)
    moments: dict[str, float] = {}

    def all_there() -> bool:
        for name, count in (("audio", seen.windows), ("video", seen.frames)):
            if count:
                moments.setdefault(name, time.perf_counter() - start)
        return len(moments) == 2

    await until(all_there, "first audio and video")
    await guest.leave()
    return joined, moments["audio"], moments["video"]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(results: dict[str, list[Measured]]) -> str:
    head = (
        f"{'server':30}{'runs':>5}{'clean':>6}{'CPU s/s':>9}{'packets/s':>11}{'packets/CPU s':>15}"
        f"{'us/packet':>11}{'p50 us':>8}{'p99 us':>8}{'lost':>8}{'bad':>5}"
    )
    lines = [head]
    for name, runs in results.items():
        lines.append(
            f"{name:30}{len(runs):5}{sum(clean(run) for run in runs):6}"
            f"{median([run.server_cpu_s / run.seconds for run in runs]):9.3f}"
            f"{median([run.received / run.seconds for run in runs]):11,.0f}"
            f"{median([run.received / run.server_cpu_s for run in runs]):15,.0f}"
            f"{median([run.cpu_us_per_packet for run in runs]):11.2f}"
            f"{median([run.p50_us for run in runs]):8.0f}{median([run.p99_us for run in runs]):8.0f}"
            f"{median([run.lost for run in runs]):8.2%}{max(run.bad for run in runs):5}"
        )
    return "\n".join(lines)


async def compare(size: int, runs: int, seconds: float) -> dict[str, list[Measured]]:
    """Alternate the servers; `runs` results each."""
    measures = {OURS: measure_ours} | ({JANUS: measure_janus} if janus.BINARY else {})
    results: dict[str, list[Measured]] = {name: [] for name in measures}
    order = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        libraries = {name: building.build(name, Path(folder)) for name in ("loadgen", "loopback")}
        for run in range(runs):
            names = list(measures)
            order.shuffle(names)
            for name in names:
                for attempt in range(TRIES):
                    found = await measures[name](libraries, size, seconds)
                    if clean(found) or attempt == TRIES - 1:
                        break
                results[name].append(found)
                print(f"run {run + 1} of {runs}: {name}: {found.cpu_us_per_packet:.2f} us/packet", flush=True)
    return results


def install_janus() -> None:
    """The yardstick is a Debian package; root may install it (its service is never started)."""
    if janus.BINARY is None and os.geteuid() == 0 and shutil.which("apt-get"):
        words = [
            "apt-get",
            "install",
            "-qq",
            "-y",
            "--no-install-recommends",
            "-o",
            "DPkg::Lock::Timeout=60",
            "janus",
        ]
        subprocess.run(words, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, check=False)
        janus.BINARY = shutil.which("janus")


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=12)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--joins", type=int, default=7, help="joins measured for the time to the first frame")
    words = parser.parse_args()
    logging.getLogger("signaling").setLevel(logging.ERROR)
    install_janus()
    print(machine())
    results = await compare(words.members, words.runs, words.seconds)
    print(
        f"\n{words.members} members, audio + video, {words.seconds:g} s a run, medians:\n{table(results)}\n"
    )
    if JANUS in results:
        pairs = zip(results[OURS], results[JANUS], strict=True)
        ratio = median([mine.cpu_us_per_packet / theirs.cpu_us_per_packet for mine, theirs in pairs])
        print(f"CPU per forwarded packet against Janus: {ratio:.2f} (limit {LIMIT})")
    else:
        print("Janus is not installed: no comparison (Debian: apt install janus)")
    if words.joins:
        joined, audio, video = (median(one) for one in zip(*await first_frames(words.joins), strict=True))
        print(
            f"join, median of {words.joins} (PyPI livekit {rtc.__version__}): "
            f"connected {joined * 1000:.0f} ms, first audio {audio * 1000:.0f} ms, first video frame {video * 1000:.0f} ms"
        )


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except building.NoCompiler as missing:
        raise SystemExit(str(missing)) from None
