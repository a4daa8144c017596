"""Faults happen to a site of their own, so that nobody else's browser is hit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import browser, come
from tests.site import Site

__all__ = ["browser", "come", "site"]


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    ours = Site(tmp_path_factory.mktemp("site"))
    ours.prepare()
    ours.start()
    yield ours
    ours.end()
