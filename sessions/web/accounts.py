"""Signing in: allauth with its doors to strangers closed.

People are created by their programme. Nothing here tells a visitor whether an address is known: the same
page, the same words, the same work (42 CFR Part 2). The letters name neither the programme nor a treatment.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, cast
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.utils import filter_users_by_email
from django import forms
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from sessions.audit import service as audit
from sessions.core.errors import IllegalMove
from sessions.people.models import Person
from sessions.web import letters

ACCOUNTS: Final = 2  # of one address, in several programmes: so much work for each of them
LOST: Final = "account/email/password_reset_key"
WELCOME: Final = "account/email/welcome"  # to who has no password yet


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No sign-up; letters in the reader's language, posted behind the page's back."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "This e-mail address and password do not fit together. Please check both and try again."
        ),
        "too_many_login_attempts": _(
            "That was a few tries too many. Please wait 15 minutes, or choose a new password: "
            "“Forgot your password?”."
        ),
        "incorrect_password": _("That is not your current password. Please try again."),
        "enter_current_password": _("That is not your current password. Please try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the letter in its reader's language and post it. A person not in the database gets none."""
        person = cast("Person", context["user"])
        if template_prefix == LOST and not (person._state.adding or person.has_usable_password()):
            template_prefix = WELCOME
        with translation.override(person.language):
            letter = self.render_mail(template_prefix, email, {"email": email, **context})
        letters.post(None if person._state.adding else letter)

    def login(self, request: HttpRequest, user: Person) -> None:
        """On record first. Failed tries are not: that would be work done only for addresses we know."""
        _record(user, "signed-in")
        super().login(request, user)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, Person):
            _record(request.user, "signed-out")
        super().logout(request)

    def set_password(self, user: Person, password: str) -> None:
        """A new password also ends the wait after too many tries: its owner has just proved the address."""
        _record(user, "password.changed")
        super().set_password(user, password)
        self._delete_login_attempts_cached_email(self.request, email=user.email)


def _record(person: Person, act: str) -> None:
    audit.record(actor_id=person.pk, act=act, subject_type="person", subject_id=person.pk)


def _plain(form: forms.Form, **labels: Any) -> None:
    """Our labels, and no placeholders: they vanish when one types and read as values."""
    for name, label in labels.items():
        form.fields[name].label = label
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


def welcome(request: HttpRequest, person: Person, by: Person, scope: UUID) -> None:
    """Send somebody the link with which they choose their first password.

    Raises IllegalMove for who has one already: they ask for another themselves.
    """
    if person.has_usable_password():
        raise IllegalMove("They can sign in already. Who forgot the password asks for a new one there.")
    audit.record(
        actor_id=by.pk, act="account.link-sent", subject_type="person", subject_id=person.pk, scope=scope
    )
    request_password_reset(request, person.email, [person], default_token_generator)


class OneAccountOfSeveral(AuthenticationBackend):  # type: ignore[misc]
    """Who has an account in two programmes under one address is told by the password.

    As many passwords are compared for every address, so that time does not tell how many accounts it has.
    """

    def _authenticate_by_email(self, email: str, password: str) -> Person | None:
        people = filter_users_by_email(email)
        for person in people:
            if self._check_password(person, password):
                return cast("Person", person)
        # One more is compared by the caller when there was none.
        for _no in range(ACCOUNTS - max(1, len(people))):
            self._mitigate_timing_attack(password)
        return None


def _refuse_the_same(person: Person, password: str) -> None:
    """Raises ValidationError for the password of another account of this address: which is meant?"""
    for other in Person.objects.filter(email=person.email).exclude(pk=person.pk):
        if other.check_password(password):
            raise forms.ValidationError(
                _("You use this password for another account with this address. Please choose another one.")
            )


class SignIn(LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, login=_("E-mail address"), password=_("Password"))
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""  # the page has its own link


class AskForNewPassword(ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, email=_("E-mail address"))

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Letters are written for a stranger too, and then dropped: all answers cost the same."""
        email: str = self.cleaned_data["email"]
        stranger = Person(email=email, language=translation.get_language() or "en")
        people = [*self.users, *[stranger] * (ACCOUNTS - len(self.users))]
        request_password_reset(request, email, people, default_token_generator)
        return email


class NewPassword(ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, password1=_("New password"), password2=_("New password, once more"))

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        _refuse_the_same(self.user, password)
        return password


class ChangePassword(ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(
            self,
            oldpassword=_("Current password"),
            password1=_("New password"),
            password2=_("New password, once more"),
        )

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        _refuse_the_same(self.user, password)
        return password
