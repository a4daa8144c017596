"""Who may be told: family guests, people and offices outside, and the programme itself."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sessions.consents.models import Recipient
from sessions.consents.purposes import RecipientKind
from sessions.core import encryption
from sessions.core.errors import Invalid
from sessions.people.models import HouseholdMember, Person
from sessions.programs.clients import ClientFile

NAME_LONGEST: Final = 200
ADDRESS_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Named:
    """A recipient in clear. `name` is "" for the programme itself."""

    id: UUID
    kind: RecipientKind
    name: str
    address: str

    @property
    def line(self) -> str:
        return ", ".join(filter(None, [self.name, self.address]))


def named(row: Recipient) -> Named:
    kind = RecipientKind(row.kind)
    if row.person is not None:
        return Named(row.pk, kind, row.person.name, "")
    if not row.ciphertext:
        return Named(row.pk, kind, "", "")
    found = json.loads(encryption.decrypt(row.ciphertext, _place(row.pk)))
    return Named(row.pk, kind, found["name"], found["address"])


def guest_recipient(file: ClientFile, guest: Person) -> Recipient:
    """The row that stands for a family guest of the client's household. Raises Invalid for anybody else."""
    bound = HouseholdMember.objects.filter(
        household__program=file.program, household__client=file.person, person=guest
    )
    if not bound.exists():
        raise Invalid("This is nobody of the client's household.")
    row, _ = Recipient.objects.get_or_create(
        program=file.program, patient=file.person, kind=RecipientKind.FAMILY.value, person=guest
    )
    return row


def program_recipient(file: ClientFile) -> Recipient:
    """The row that stands for the programme itself: consents to being called."""
    row, _ = Recipient.objects.get_or_create(
        program=file.program, patient=file.person, kind=RecipientKind.PROGRAM.value
    )
    return row


def outside_recipient(file: ClientFile, kind: RecipientKind, name: str, address: str = "") -> Recipient:
    """A new row, or the client's own of the same kind, name and address.

    Raises Invalid without a name, or with one that is too long.
    """
    name, address = " ".join(name.split()), " ".join(address.split())
    if not name:
        raise Invalid("Say who may be told.")
    if len(name) > NAME_LONGEST or len(address) > ADDRESS_LONGEST:
        raise Invalid("The name or the address is too long.")
    for row in Recipient.objects.filter(program=file.program, patient=file.person, kind=kind.value):
        known = named(row)
        if (known.name.casefold(), known.address.casefold()) == (name.casefold(), address.casefold()):
            return row
    pk = uuid.uuid4()
    text = json.dumps({"name": name, "address": address}, ensure_ascii=False)
    row = Recipient(
        id=pk,
        program=file.program,
        patient=file.person,
        kind=kind.value,
        ciphertext=encryption.encrypt(text, _place(pk)),
    )
    row.save()
    return row


def _place(pk: UUID) -> str:
    return f"recipient {pk}"
