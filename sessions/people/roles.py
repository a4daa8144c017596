"""The parts people play: in a programme, and in the room of one meeting."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """In a programme. One person may have several."""

    ADMINISTRATOR = "administrator", _("Administrator")
    COORDINATOR = "coordinator", _("Coordinator")
    FACILITATOR = "facilitator", _("Facilitator")
    CLIENT = "client", _("Client")
    ALUMNUS = "alumnus", _("Alumnus")
    FAMILY = "family", _("Family guest")


class RoomRole(models.TextChoices):
    """In the room of one meeting. Its facilitators are its staff."""

    FACILITATOR = "facilitator", _("Facilitator")
    CLIENT = "client", _("Client")
    FAMILY = "family", _("Family guest")
    ALUMNUS = "alumnus", _("Alumnus")


STAFF: Final = frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.FACILITATOR})
CLIENTS: Final = frozenset({Role.CLIENT})
LEADING: Final = frozenset({Role.COORDINATOR, Role.FACILITATOR})  # may be a meeting's facilitator
