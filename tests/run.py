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
from dataclasses import dataclass
from pathlib import Path

from tests import servers

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Phase:
    name: str
    why: str
    folders: tuple[str, ...]
    servers: tuple[str, ...] = ()


PHASES = (
    Phase("clinic", "rules and services on SQLite, in-memory channel layer", ("tests/unit", "tests/service")),
    Phase(
        "scale",
        "services on PostgreSQL, Redis channel layer, Celery",
        ("tests/service",),
        ("postgres", "redis"),
    ),
    Phase("media", "the media engine: packets, signalling, real clients", ("tests/media",)),
    Phase("browser", "real browsers on the whole product; faults", ("tests/e2e", "tests/faults")),
)


def run(phase: Phase, arguments: list[str], results: Path) -> int:
    """Run one phase in its own pytest; returns pytest's exit code (5, nothing collected, counts as 1)."""
    print(f"\n=== {phase.name}: {phase.why}", flush=True)
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
        return subprocess.run([sys.executable, *words], cwd=ROOT, env=env, check=False).returncode


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


def main(arguments: list[str]) -> int:
    extra = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    wanted = arguments[: arguments.index("--")] if "--" in arguments else arguments
    total: Counter[str] = Counter(passed=0, failed=0, skipped=0)
    worst, lines = 0, []
    with tempfile.TemporaryDirectory(prefix="viop-results-") as folder:
        for phase in PHASES:
            if wanted and phase.name not in wanted:
                continue
            if lacking := missing(phase):
                total["skipped"] += 1
                lines.append(f"{phase.name}: SKIPPED, not installed: {', '.join(lacking)}")
                continue
            results, started = Path(folder) / f"{phase.name}.xml", time.monotonic()
            code = run(phase, extra, results)
            worst = worst or code
            found = count(results) if results.exists() else Counter(passed=0, failed=1, skipped=0)
            total.update(found)
            spent_s = round(time.monotonic() - started)
            words = ", ".join(f"{found[word]} {word}" for word in ("passed", "failed", "skipped"))
            lines.append(f"{phase.name}: {words} in {spent_s} s")
    print("\n=== all phases\n" + "\n".join(lines))
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if worst or total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
