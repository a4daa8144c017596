from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from sessions.core import clock, zones
from sessions.management.clinic_command import ClinicCommand
from sessions.management.demo_clinic import PASSWORD, DemoClinic, prepare
from sessions.programs.models import Meeting


class Command(ClinicCommand):
    help = "Fill in the demo clinic, or bring its meetings up to now, and print logins and links."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *, json: bool, **options: Any) -> None:
        if not (settings.DEMO or settings.DEBUG):
            raise CommandError(
                "The demo's passwords are known to everybody. Set VIOP_DEMO=1 if that is meant."
            )
        clinic = prepare(clock.now())
        self.stdout.write(_as_json(clinic) if json else _as_text(clinic))


def _as_json(clinic: DemoClinic) -> str:
    return json.dumps(
        {
            "program": {
                "id": str(clinic.program.pk),
                "name": clinic.program.name,
                "time_zone": clinic.program.time_zone,
            },
            "people": [
                {
                    "id": str(person.pk),
                    "role": role.value,
                    "email": person.email,
                    "password": PASSWORD,
                    "name": person.name,
                    "short_name": person.short_name,
                    "language": person.language,
                }
                for role, person in clinic.people
            ],
            "meetings": [
                {
                    "id": str(meeting.pk),
                    "kind": meeting.kind,
                    "title": meeting.shown_title,
                    "starts_at": meeting.starts_at.isoformat(),
                    "ends_at": meeting.ends_at.isoformat(),
                    "path": _path(meeting),
                    "room_path": f"{_path(meeting)}room",
                }
                for meeting in clinic.meetings
            ],
        },
        indent=2,
    )


def _as_text(clinic: DemoClinic) -> str:
    zone = clinic.program.time_zone
    lines = [f"{clinic.program.name} ({zone})", "", f"Password of everybody: {PASSWORD}", ""]
    width = max(len(person.email) for _, person in clinic.people)
    lines += [f"  {person.email:<{width}}  {role.label}, {person.name}" for role, person in clinic.people]
    lines += ["", "Meetings:"]
    for meeting in clinic.meetings:
        hours = f"{_clock(meeting.starts_at, zone)}-{_clock(meeting.ends_at, zone)}"
        lines.append(f"  {hours}  {meeting.shown_title:<20}  {_path(meeting)}")
    return "\n".join(lines)


def _clock(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(zones.zone(zone)):%H:%M}"


def _path(meeting: Meeting) -> str:
    return f"/meetings/{meeting.pk}/"
