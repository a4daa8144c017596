"""The whole suite, phase by phase, with private servers; ends with one summary of all phases.

`python -m tests.run [PHASE ...] [-- PYTEST ARGUMENTS]`; phases: clinic, scale, media, browser.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests import servers

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Phase:
    name: str
    why: str
    folders: tuple[str, ...]
    servers: tuple[str, ...] = ()
    beside_the_next: bool = False  # wants one core and no quiet: runs at the same time as the next phase


PHASES = (
    Phase(
        "clinic",
        "rules and services on SQLite, in-memory channel layer",
        ("tests/unit", "tests/service"),
        beside_the_next=True,
    ),
    Phase(
        "scale",
        "services on PostgreSQL, Redis channel layer, Celery",
        ("tests/service",),
        ("postgres", "redis"),
    ),
    Phase("media", "the media engine: packets, signalling, real clients", ("tests/media",)),
    Phase("browser", "real browsers on the whole product; faults", ("tests/e2e", "tests/faults")),
)


@dataclass(frozen=True)
class Report:
    code: int  # of pytest
    found: Counter[str]
    line: str


def run(phase: Phase, arguments: list[str], results: Path, output: IO[str] | None) -> int:
    """Run one phase in its own pytest; returns pytest's exit code (5, nothing collected, counts as 1).

    Its output goes to `output`, or straight to ours.
    """
    env = {**os.environ, "VIOP_TEST_PHASE": phase.name}
    with contextlib.ExitStack() as stack:
        env["VIOP_VAR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="viop-var-"))
        if "postgres" in phase.servers:
            env["DATABASE_URL"] = stack.enter_context(servers.postgres())
        if "redis" in phase.servers:
            env["REDIS_URL"] = stack.enter_context(servers.redis())
        folders = [folder for folder in phase.folders if any((ROOT / folder).glob("**/test_*.py"))]
        if not folders:
            return 0
        words = ["-m", "pytest", "-q", f"--junitxml={results}", *folders, *arguments]
        return subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=env, stdout=output, stderr=output, check=False
        ).returncode


def report_on(phase: Phase, arguments: list[str], folder: Path, output: IO[str] | None) -> Report:
    started, results = time.monotonic(), folder / f"{phase.name}.xml"
    code = run(phase, arguments, results, output)
    found = count(results) if results.exists() else Counter(passed=0, failed=1, skipped=0)
    spent_s = round(time.monotonic() - started)
    words = ", ".join(f"{found[word]} {word}" for word in ("passed", "failed", "skipped"))
    return Report(code, found, f"{phase.name}: {words} in {spent_s} s")


def count(results: Path) -> Counter[str]:
    """Passed, failed and skipped tests in one phase's results."""
    found: Counter[str] = Counter()
    for suite in ElementTree.parse(results).getroot().iter("testsuite"):  # noqa: S314
        tests, failed = (
            int(suite.get("tests", 0)),
            int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
        )
        skipped = int(suite.get("skipped", 0))
        found.update(passed=tests - failed - skipped, failed=failed, skipped=skipped)
    return found


def missing(phase: Phase) -> list[str]:
    present = {"postgres": servers.postgres_binaries, "redis": servers.redis_binary}
    return [name for name in phase.servers if present[name]() is None]


def side_by_side(phases: Sequence[Phase]) -> list[list[Phase]]:
    groups: list[list[Phase]] = []
    joins = False
    for phase in phases:
        if joins:
            groups[-1].append(phase)
        else:
            groups.append([phase])
        joins = phase.beside_the_next
    return groups


def main(arguments: list[str]) -> int:
    extra = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    wanted = arguments[: arguments.index("--")] if "--" in arguments else arguments
    total: Counter[str] = Counter(passed=0, failed=0, skipped=0)
    worst, lines = 0, []
    can = []
    for phase in PHASES:
        if wanted and phase.name not in wanted:
            continue
        if lacking := missing(phase):
            total["skipped"] += 1
            lines.append(f"{phase.name}: SKIPPED, not installed: {', '.join(lacking)}")
        else:
            can.append(phase)
    with tempfile.TemporaryDirectory(prefix="viop-results-") as name, ThreadPoolExecutor() as threads:
        folder = Path(name)
        for first, *others in side_by_side(can):
            # The first phase's output is shown as it comes, that of those beside it afterwards.
            outputs = [(folder / f"{phase.name}.txt").open("w+") for phase in others]
            running = [
                threads.submit(report_on, phase, extra, folder, output)
                for phase, output in zip(others, outputs, strict=True)
            ]
            print(f"\n=== {first.name}: {first.why}", flush=True)
            reports = [report_on(first, extra, folder, None)]
            for phase, output, future in zip(others, outputs, running, strict=True):
                print(f"\n=== {phase.name}: {phase.why}", flush=True)
                reports.append(future.result())
                output.seek(0)
                print(output.read(), flush=True)
                output.close()
            for report in reports:
                worst = worst or report.code
                total.update(report.found)
                lines.append(report.line)
    print("\n=== all phases\n" + "\n".join(lines))
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if worst or total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
