"""A whole site's aftercare on real servers that die: the simulation at the size that one CI run can bear."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import python

pytestmark = pytest.mark.several_processes

ALUMNI, DAYS, SEED = 20, 14, 11


@pytest.fixture
def folder() -> Iterator[Path]:
    """Also PostgreSQL's own user may enter it."""
    found = Path(tempfile.mkdtemp(prefix="viop-outages-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found, ignore_errors=True)


@pytest.mark.timeout(900)
def test_a_site_whose_workers_beat_broker_and_database_die_loses_and_doubles_nothing(folder: Path) -> None:
    """Every invariant is checked at the end, by the simulation itself; it fails loudly for what does not hold."""
    played = python("-m", "tests.service.aftercare_processes", str(folder), *map(str, (ALUMNI, DAYS, SEED)))
    assert played.returncode == 0, played.stderr
    found = json.loads(played.stdout)
    assert found["faults"] == {
        "worker killed in the middle": 3,
        "all workers killed": 1,
        "beat stopped": 2,
        "broker killed": 1,
        "database killed": 2,
        "database restarted": 1,
    }
    assert found["calls"]["completed"] > ALUMNI
    assert found["letters"] > ALUMNI
