"""Days as they are typed: in fields of forms and in addresses, none at an end of the calendar.

With a day near the first or the last there is, every sum of days would fail.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy

FIRST: Final = date(1900, 1, 1)
LAST: Final = date(2199, 12, 31)
_WRONG: Final = gettext_lazy("Look at the year once more.")
_BOUNDS: Final = (MinValueValidator(FIRST, _WRONG), MaxValueValidator(LAST, _WRONG))


def date_field(label: Any = None, **more: Any) -> forms.DateField:
    """A day, typed or chosen."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, widget=widget, input_formats=["%Y-%m-%d"], validators=_BOUNDS, **more)


def moment_field(label: Any) -> forms.DateTimeField:
    """A day and a time, by the clock of who types it."""

    def bounded(at: datetime) -> None:
        if not FIRST <= at.date() <= LAST:
            raise forms.ValidationError(_WRONG)

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, widget=widget, validators=[bounded])


def day_of(given: str) -> date | None:
    """None for none, and for what is no day or at the end of the calendar."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None
