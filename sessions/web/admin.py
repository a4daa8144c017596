"""Django's admin, for administrators alone: accounts to keep, and records to look at.

Whatever is opened or changed here leaves an audit row. Nothing is deleted, and nothing but an account is
changed: roles, groups, enrolments and families have rules over several tables; the product's pages keep them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sessions.audit import service as audit
from sessions.audit.models import AuditEvent
from sessions.core.errors import NotFound
from sessions.people.models import Household, HouseholdMember, Membership, NoContact, Person
from sessions.people.service import disable
from sessions.programs.models import (
    Cohort,
    CohortFacilitator,
    Enrollment,
    Meeting,
    MeetingFacilitator,
    MeetingInvitee,
    Program,
)

if TYPE_CHECKING:
    ModelAdmin: TypeAlias = admin.ModelAdmin[Any]
    Inline: TypeAlias = admin.TabularInline[Any, Any]
else:  # Django's own classes take no parameters
    ModelAdmin, Inline = admin.ModelAdmin, admin.TabularInline


class ClinicAdminSite(admin.AdminSite):
    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("Records")

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One door, with its limits on tries. Who is signed in and no administrator finds nothing."""
        if request.user.is_authenticated:
            raise NotFound
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_logout"))

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_change_password"))


site = ClinicAdminSite(name="admin")


class AuditedAdmin(ModelAdmin):
    """Every look and every change is on record, before anything is shown."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._record(request, "admin.listed", None)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "GET" and object_id is not None:
            self._record(request, "admin.viewed", self.get_object(request, object_id))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, "admin.added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, "admin.changed", obj)
        return super().log_change(request, obj, message)

    def _record(self, request: HttpRequest, act: str, subject: Model | None) -> None:
        program_id: UUID | None = getattr(subject, "program_id", None)
        audit.record(
            actor_id=cast("Person", request.user).pk,
            act=act,
            subject_type=self.opts.model_name or "",
            subject_id=subject.pk if subject is not None else "",
            scope=program_id or audit.GLOBAL,
        )


class ShownAdmin(AuditedAdmin):
    """To look at only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ShownInline(Inline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Person, site=site)
class PersonAdmin(AuditedAdmin):
    """No password is typed in here: a new person chooses one with "Forgot your password?"."""

    list_display = ("name", "email", "language", "time_zone", "is_active")
    list_filter = ("is_active", "language", "is_superuser")
    search_fields = ("given_name", "family_name", "email")
    ordering = ("family_name", "given_name")
    fields = (
        "given_name",
        "family_name",
        "email",
        "phone",
        "language",
        "time_zone",
        "is_active",
        "is_superuser",
        "last_login",
        "created_at",
    )
    readonly_fields = ("last_login", "created_at")

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        elif not obj.is_active:
            disable(obj, by=cast("Person", request.user))
        super().save_model(request, obj, form, change)


@admin.register(Membership, site=site)
class MembershipAdmin(ShownAdmin):
    list_display = ("person", "role", "program", "since", "ended_at")
    list_filter = ("role", "program")
    search_fields = ("person__given_name", "person__family_name", "person__email")


@admin.register(Program, site=site)
class ProgramAdmin(ShownAdmin):
    list_display = ("name", "time_zone")


class CohortFacilitatorInline(ShownInline):
    model = CohortFacilitator


@admin.register(Cohort, site=site)
class CohortAdmin(ShownAdmin):
    list_display = ("name", "program")
    list_filter = ("program",)
    inlines = (CohortFacilitatorInline,)


@admin.register(Enrollment, site=site)
class EnrollmentAdmin(ShownAdmin):
    list_display = ("person", "cohort", "level_of_care", "status", "starts_on", "planned_end_on", "ended_on")
    list_filter = ("status", "level_of_care", "cohort")
    search_fields = ("person__given_name", "person__family_name", "person__email")


class HouseholdMemberInline(ShownInline):
    model = HouseholdMember


@admin.register(Household, site=site)
class HouseholdAdmin(ShownAdmin):
    list_display = ("client", "program")
    list_filter = ("program",)
    inlines = (HouseholdMemberInline,)


@admin.register(NoContact, site=site)
class NoContactAdmin(ShownAdmin):
    list_display = ("lower", "higher", "program", "since")


class MeetingFacilitatorInline(ShownInline):
    model = MeetingFacilitator


class MeetingInviteeInline(ShownInline):
    model = MeetingInvitee


@admin.register(Meeting, site=site)
class MeetingAdmin(ShownAdmin):
    """Made by programs.service.schedule, which checks what spans tables."""

    list_display = ("shown_title", "kind", "program", "starts_at", "ends_at", "cancelled_at")
    list_filter = ("program", "kind")
    date_hierarchy = "starts_at"
    inlines = (MeetingFacilitatorInline, MeetingInviteeInline)


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ShownAdmin):
    list_display = ("at", "act", "outcome", "reason", "actor_id", "subject_type", "subject_id")
    list_filter = ("outcome", "act")
    search_fields = ("=subject_id",)
    ordering = ("-at", "-seq")


@admin.register(apps.get_model("iop", "RoomFact"), site=site)
class RoomFactAdmin(ShownAdmin):
    """The room's table is its own: here it is only shown."""

    list_display = ("meeting_id", "seq", "kind", "at", "person_id", "actor_id")
    list_filter = ("kind",)
    ordering = ("-at",)
