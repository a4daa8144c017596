"""A service function that first asks whether its actor may, and then does all of it or nothing."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.db import transaction

from sessions.people.access import Act, require

P = ParamSpec("P")
R = TypeVar("R")


def asked(
    act: Act, of: Callable[[Any], Any] = lambda first: first
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For functions with an actor `by`: requires `act` on the first argument (or what `of` makes of it).

    The question comes before the transaction, so that a refusal stays on record.
    """

    def decorate(do: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(do)
        whole = transaction.atomic(do)

        @functools.wraps(do)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs).arguments
            require(given["by"], act, of(next(iter(given.values()))))
            return whole(*args, **kwargs)

        return checked

    return decorate
