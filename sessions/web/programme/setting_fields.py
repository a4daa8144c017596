"""The words of a programme's settings that have a field on its page: a new one needs a row here, no more.

Each slice reads its own words from `Program.settings` and has its own default there; here they get a label,
limits and a place. What has no row is carried along untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions.consents.purposes import MinorsRule
from sessions.programs import settings as rules
from sessions.room import chat


@dataclass(frozen=True, slots=True)
class Number:
    name: str
    label: Any
    least: int
    most: int
    default: int
    note: Any = ""

    def field(self) -> forms.Field:
        limits = _("From %(least)d to %(most)d.") % {"least": self.least, "most": self.most}
        return forms.IntegerField(
            label=self.label,
            min_value=self.least,
            max_value=self.most,
            help_text=f"{self.note} {limits}".strip(),
            widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        )

    def held(self, stored: Mapping[str, Any]) -> Any:
        """What holds: a value out of its limits counts as not said."""
        value = stored.get(self.name)
        fits = isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most
        return value if fits else self.default


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: Any
    choices: tuple[tuple[str, Any], ...]
    default: str
    note: Any = ""

    def field(self) -> forms.Field:
        return forms.ChoiceField(label=self.label, choices=self.choices, help_text=self.note)

    def held(self, stored: Mapping[str, Any]) -> Any:
        value = stored.get(self.name)
        return value if value in dict(self.choices) else self.default


@dataclass(frozen=True, slots=True)
class YesNo:
    name: str
    label: Any
    default: bool
    note: Any = ""

    def field(self) -> forms.Field:
        return forms.BooleanField(label=self.label, required=False, help_text=self.note)

    def held(self, stored: Mapping[str, Any]) -> Any:
        value = stored.get(self.name)
        return value if isinstance(value, bool) else self.default


@dataclass(frozen=True, slots=True)
class Section:
    title: Any
    settings: tuple[Number | Choice | YesNo, ...]
    lead: Any = ""


def _rule(name: str, label: Any, note: Any = "") -> Number:
    least, most = rules.LIMITS[name]
    return Number(name, label, least, most, getattr(rules.DEFAULT, name), note)


SECTIONS: Final[tuple[Section, ...]] = (
    Section(
        gettext_lazy("A client's week"),
        (
            _rule("weekly_target_minutes", gettext_lazy("Minutes a week")),
            _rule("days_a_week", gettext_lazy("Days a week")),
            _rule("minutes_a_day", gettext_lazy("Minutes a day")),
            _rule(
                "episode_days",
                gettext_lazy("Days from the start to the planned end"),
                gettext_lazy("Nobody is discharged by it."),
            ),
            _rule("review_every_days", gettext_lazy("Days between reviews of a plan")),
        ),
        gettext_lazy("Where a new client begins. Each client's own hours are set in their plan."),
    ),
    Section(
        gettext_lazy("The calendar"),
        (
            _rule("planning_weeks", gettext_lazy("Weeks that series stand on the calendar ahead")),
            _rule(
                "booking_notice_hours",
                gettext_lazy("Hours before a session up to which clients can book it"),
            ),
            _rule(
                "change_notice_hours",
                gettext_lazy("Hours before a session up to which clients can give it back"),
            ),
            _rule("offer_hours", gettext_lazy("Hours that a free place is kept for who was offered it")),
        ),
    ),
    Section(
        gettext_lazy("In the room"),
        (
            _rule("supervision_grace_s", gettext_lazy("Seconds without staff until a session pauses")),
            _rule(
                "door_minutes",
                gettext_lazy("Minutes after a group’s start until its door closes to clients (0: never)"),
                gettext_lazy("Who comes later is let in by a facilitator, who says why."),
            ),
            Number(
                chat.KEEP_DAYS,
                gettext_lazy("Days that a session's chat is kept"),
                0,
                chat.KEEP_DAYS_MOST,
                0,
                gettext_lazy("0: it is gone a minute after the session."),
            ),
        ),
    ),
    Section(
        gettext_lazy("Attendance"),
        (
            _rule("floor_minutes", gettext_lazy("Minutes a week below which somebody is stepping down")),
            _rule(
                "absence_notice_hours",
                gettext_lazy("Hours before a session up to which an absence is excused when told"),
            ),
            _rule(
                "absences_in_a_row",
                gettext_lazy("Absences in a row, not excused, that ask for a review (0: never)"),
            ),
            _rule(
                "absences_in_days",
                gettext_lazy("Absences within some days, not excused, that ask for one (0: never)"),
            ),
            _rule("absence_days", gettext_lazy("Those days")),
        ),
        gettext_lazy("None of this ever discharges anybody."),
    ),
    Section(
        gettext_lazy("Families, papers and samples"),
        (
            _rule("invitation_days", gettext_lazy("Days that a family guest's link is good")),
            Choice(
                "minors_sign",
                gettext_lazy("Who signs for somebody under age"),
                (
                    (MinorsRule.BOTH.value, gettext_lazy("they and a guardian")),
                    (MinorsRule.MINOR.value, gettext_lazy("they alone")),
                    (MinorsRule.GUARDIAN.value, gettext_lazy("the guardian alone")),
                ),
                MinorsRule.BOTH.value,
                gettext_lazy("The law of your state says which."),
            ),
            _rule("testing_window_hours", gettext_lazy("Hours to give a sample in")),
        ),
    ),
)


def held(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What holds of everything that has a field."""
    return {one.name: one.held(stored) for section in SECTIONS for one in section.settings}
