from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sessions.aftercare import machine as aftercare
from sessions.room import machine as room

ROOM = """\
# Where a person may be in a room

Written by `manage.py diagrams` from `MOVES` in sessions/room/machine.py. What is not drawn is refused.

```mermaid
{room}```

- The only way from waiting into the room is to be admitted by a facilitator of the meeting.
- Facilitators of the meeting enter without waiting.
- A lost connection moves nobody. The place is held for 60 seconds after the last evidence; then it lapses,
  and one knocks and is admitted anew. Who lapsed while waiting keeps the place in line.
- Connections come and go in every place and are not drawn.
"""

AFTERCARE = """\
# Aftercare: one call, and one person's course

Written by `manage.py diagrams` from the two tables in sessions/aftercare/machine.py. What is not drawn is
refused.

## A call

```mermaid
{call}```

## A course

```mermaid
{course}```
"""


def pages() -> dict[str, str]:
    """The generated pages by their names in docs/."""
    return {
        "room-machine.md": ROOM.format(room=room.diagram()),
        "aftercare-machine.md": AFTERCARE.format(
            call=aftercare.diagram(aftercare.Call), course=aftercare.diagram(aftercare.Course)
        ),
    }


class Command(BaseCommand):
    help = "Write the diagrams in docs/ from the tables in the code."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, text in pages().items():
            page = settings.BASE_DIR / "docs" / name
            page.write_text(text)
            self.stdout.write(f"wrote {page.relative_to(settings.BASE_DIR)}")
