"""What was written in a meeting. Private to the room's slice; asked through sessions.room.chat."""

from __future__ import annotations

from django.db import models

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.models import Meeting


class ChatLine(models.Model):
    """One line. Who was there when it was said is kept with it: nobody else ever reads it."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()  # from 1, in its meeting
    at = models.DateTimeField(default=clock.now)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    to = models.CharField(max_length=8)  # of still_facts.ChatTo
    recipient = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    readers = models.JSONField(default=list)  # ids of those who were there, its author among them
    ciphertext = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "number"], name="chat_line_number")]

    def __str__(self) -> str:
        return f"line {self.number}"
