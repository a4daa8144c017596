from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sessions.room.machine import diagram

PAGE = """\
# Where a person may be in a room

Written by `manage.py room_diagram` from `MOVES` in sessions/room/machine.py. What is not drawn is refused.

```mermaid
{diagram}```

- The only way from waiting into the room is to be admitted by a facilitator of the meeting.
- Facilitators of the meeting enter without waiting.
- A lost connection moves nobody. The place is held for 60 seconds after the last evidence; then it lapses,
  and one knocks and is admitted anew. Who lapsed while waiting keeps the place in line.
- Connections come and go in every place and are not drawn.
"""


class Command(BaseCommand):
    help = "Write docs/room-machine.md from the room's table of moves."

    def handle(self, *args: Any, **options: Any) -> None:
        page = settings.BASE_DIR / "docs" / "room-machine.md"
        page.write_text(PAGE.format(diagram=diagram()))
        self.stdout.write(f"wrote {page.relative_to(settings.BASE_DIR)}")
