from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from sessions.core.errors import Invalid
from sessions.management.clinic_command import ClinicCommand
from sessions.messages import service, welcome
from sessions.people.models import Language
from sessions.programs.staffing import Hired


class Command(ClinicCommand):
    help = "Begin a programme with its first administrator, who gets a letter and invites everybody else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="of the programme, as its clients know it")
        parser.add_argument("zone", help="its time zone, such as America/New_York")
        parser.add_argument("email", help="of its first administrator")
        parser.add_argument("given_name")
        parser.add_argument("family_name")
        parser.add_argument("--language", choices=Language.values, default=Language.ENGLISH)

    def handle(self, *, name: str, zone: str, email: str, language: str, **options: Any) -> None:
        who = Hired(options["given_name"], options["family_name"], email, language)
        try:
            program = welcome.found(name, zone, who)
        except Invalid as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(f"{program.name} ({program.time_zone}) is there, {program.pk}.")
        self.stdout.write(f"{who.given_name} gets a letter, and chooses a password at")
        self.stdout.write(service.link("account_reset_password"))
