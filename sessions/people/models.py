from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from sessions.core import clock, zones
from sessions.people.roles import Role


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    SPANISH = "es", _("Spanish")


def validate_time_zone(name: str) -> None:
    try:
        zones.zone(name)
    except ValueError as unknown:
        raise ValidationError(_("There is no such time zone.")) from unknown


class PersonManager(BaseUserManager["Person"]):
    """E-mail addresses are kept in lower case, so that one person cannot have two accounts by accident."""

    def known_in(self, program_id: uuid.UUID, email: str) -> Person | None:
        """Whose account with this address has or had a part in the programme, or was made by it."""
        here = models.Q(memberships__program=program_id) | models.Q(home=program_id)
        rows = self.filter(here, email=email.strip().lower())
        return rows.order_by("created_at", "pk").distinct().first()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """Without a password nobody can sign in by password. Raises ValueError without an address."""
        if not email:
            raise ValueError("an e-mail address is needed")
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Person:
        return self.create_user(email, password, **{**fields, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> Person:
        rows = self.filter(email=(username or "").strip().lower())
        found = rows.order_by("created_at", "pk").first()
        if found is None:
            raise self.model.DoesNotExist
        return found


class Person(AbstractBaseUser, PermissionsMixin):
    """Anyone who signs in: client, facilitator, coordinator, alumnus, family guest, administrator.

    An address has one account in each programme that took somebody in under it: a programme must not learn
    from its own referral that somebody is known elsewhere, nor under which name (42 CFR Part 2).
    Which of them signs in is told by the password.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), db_index=True)
    home = models.UUIDField(null=True, editable=False)  # the programme that made the account
    given_name = models.CharField(_("given name"), max_length=80)
    family_name = models.CharField(_("family name"), max_length=80, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=Language.choices, default=Language.ENGLISH
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="America/New_York", validators=[validate_time_zone]
    )
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Clear this to end all access at once.")
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["given_name"]

    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="person_email_lower"),
            models.UniqueConstraint(fields=["email", "home"], name="person_once_in_a_program"),
            models.UniqueConstraint(
                fields=["email"], condition=models.Q(home__isnull=True), name="person_once_without"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        # Django would show str(): a name in a log or a traceback says who is a patient here.
        return f"<Person {self.pk}>"

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()
        if Person.objects.filter(email=self.email, home=self.home).exclude(pk=self.pk).exists():
            raise ValidationError({"email": _("There is an account with this address already.")})

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def short_name(self) -> str:
        """ "Dana K.": what people who are not staff are shown of one another."""
        initial = self.family_name.strip()[:1]
        return f"{self.given_name} {initial.upper()}." if initial else self.given_name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.given_name

    @property
    def is_staff(self) -> bool:
        """May open Django's admin. Not the clinic's staff: those have memberships."""
        return self.is_active and self.is_superuser


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> MembershipQuerySet:
        return self.filter(ended_at__isnull=True, person__is_active=True)


class Membership(models.Model):
    """A person's part in a programme. Ending it ends all access that rests on it."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    program = models.ForeignKey("iop.Program", models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    since = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    on_call = models.BooleanField(
        _("on call"), default=False, help_text=_("May take over a live meeting that has no facilitator.")
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "program", "role"],
                condition=models.Q(ended_at__isnull=True),
                name="membership_once",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return self.get_role_display()


class Household(models.Model):
    """A client and the family guests bound to that client."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey("iop.Program", models.PROTECT, related_name="households")
    client = models.ForeignKey(Person, models.PROTECT, related_name="households_led")
    people = models.ManyToManyField(Person, through="iop.HouseholdMember", related_name="households")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "client"], name="household_one_per_client"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class HouseholdMember(models.Model):
    household = models.ForeignKey(Household, models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, models.PROTECT, related_name="household_memberships")
    relationship = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["household", "person"], name="household_member_once"),
        ]

    def __str__(self) -> str:
        return self.relationship


class NoContact(models.Model):
    """Two people who are never put into one room. Kept in one order, so that a pair exists once."""

    program = models.ForeignKey("iop.Program", models.PROTECT, related_name="no_contacts")
    lower = models.ForeignKey(Person, models.PROTECT, related_name="+")
    higher = models.ForeignKey(Person, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "lower", "higher"], name="no_contact_once"),
            models.CheckConstraint(
                condition=models.Q(lower__lt=models.F("higher")), name="no_contact_ordered"
            ),
        ]

    def __str__(self) -> str:
        return "no contact"
