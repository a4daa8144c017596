"""`manage.py protocol_types`: the room protocol as TypeScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from signaling.typescript import typescript


class Command(BaseCommand):
    help = "Write frontend/src/protocol/messages.gen.ts from signaling/protocol."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare; fail when they differ")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "frontend" / "src" / "protocol" / "messages.gen.ts"
        text = typescript()
        current = path.read_text() if path.exists() else ""
        if options["check"]:
            if current != text:
                raise CommandError(f"{path.name} is not what the protocol says: run manage.py protocol_types")
        elif current != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self.stdout.write(f"wrote {path.name}")
