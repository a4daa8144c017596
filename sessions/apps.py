from __future__ import annotations

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    """The clinic: all tables, all rules. Labelled `iop`; django.contrib.sessions owns `sessions`."""

    name = "sessions"
    label = "iop"
    verbose_name = "Clinic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from anymail.signals import tracking

        from sessions.aftercare.availability import part_ended as caller_gone
        from sessions.aftercare.consented import consent_ended
        from sessions.consents.service import ended
        from sessions.families.ending import consent_ended as guest_dismissed
        from sessions.messages.tracking import hear
        from sessions.people.service import access_ended
        from sessions.room.upkeep import part_ended

        tracking.connect(hear, dispatch_uid="messages")
        ended.connect(consent_ended, dispatch_uid="aftercare")
        ended.connect(guest_dismissed, dispatch_uid="families")
        access_ended.connect(part_ended, dispatch_uid="room")
        access_ended.connect(caller_gone, dispatch_uid="aftercare")
