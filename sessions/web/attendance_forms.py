"""What is typed under attendance: the group note with a signature, an adjustment, an individual note."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from sessions.attendance.models import AttendanceStatus
from sessions.attendance.notes import LONGEST
from sessions.attendance.service import Change, Effective

NAME_HELP = _("Your full name, as in your account. It stands for your signature.")


def _name() -> forms.CharField:
    return forms.CharField(
        label=_("Sign with your name"),
        help_text=NAME_HELP,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


def _time(label: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))


class SignatureForm(forms.Form):
    """The shared part of the group note, and the signature. Times are the reader's."""

    topic = forms.CharField(label=_("Topic of the session"), max_length=400, required=False)
    started = _time(_("Began"))
    stopped = _time(_("Ended"))
    typed_name = _name()

    def __init__(self, data: Mapping[str, Any] | None, *, started_at: datetime, stopped_at: datetime) -> None:
        self._recorded = {"started": started_at, "stopped": stopped_at}
        initial = {name: localtime(moment).time() for name, moment in self._recorded.items()}
        super().__init__(data, initial=initial)

    @property
    def started_at(self) -> datetime | None:
        return self._moment("started")

    @property
    def stopped_at(self) -> datetime | None:
        return self._moment("stopped")

    def _moment(self, name: str) -> datetime | None:
        """The typed time on the day that brings it nearest to the recorded one; None when left alone."""
        recorded, typed = localtime(self._recorded[name]), self.cleaned_data[name]
        if typed == time(recorded.hour, recorded.minute):
            return None
        day = timedelta(days=1)
        near = (datetime.combine(recorded.date() + day * n, typed, recorded.tzinfo) for n in (-1, 0, 1))
        return min(near, key=lambda moment: abs(moment - recorded))


class AdjustmentForm(forms.Form):
    """What holds now, to change."""

    credited_minutes = forms.IntegerField(label=_("Minutes"), min_value=0, max_value=1440)
    status = forms.ChoiceField(label=_("Status"), choices=AttendanceStatus.choices)
    late = forms.BooleanField(label=_("came late"), required=False)
    excused = forms.BooleanField(label=_("excused"), required=False)
    reason = forms.CharField(
        label=_("Why"),
        help_text=_("Stands beside the change wherever it is shown."),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    typed_name = _name()

    def __init__(self, data: Mapping[str, Any] | None, *, held: Effective) -> None:
        initial = {name: getattr(held, name) for name in ("credited_minutes", "status", "late", "excused")}
        super().__init__(data, initial=initial)

    def change(self) -> Change:
        given = self.cleaned_data
        return Change(
            credited_minutes=given["credited_minutes"],
            status=AttendanceStatus(given["status"]),
            late=given["late"],
            excused=given["excused"],
        )


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("New note"),
        help_text=_("Only facilitators of this session read it. It cannot be changed later, only added to."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
