"""A client says beforehand that they cannot come, or that they can after all."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sessions.attendance import absences
from sessions.core.errors import IllegalMove, Invalid
from sessions.programs import service as programs
from sessions.web.signed_in import PersonRequest, signed_in


@require_POST
@signed_in
def notice(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    """Raises NotFound or NotAllowed for who is no client of the meeting."""
    meeting = programs.meeting(meeting_id)
    try:
        if "withdraw" in request.POST:
            absences.withdraw_notice(request.user, meeting, request.user)
            messages.success(request, _("Good. We look forward to seeing you."))
        else:
            absences.give_notice(request.user, meeting, request.user, request.POST.get("reason", ""))
            messages.success(request, _("Thank you for telling us. Your team knows now."))
    except (IllegalMove, Invalid) as refusal:
        messages.error(request, _(refusal.text))
    return HttpResponseRedirect(reverse("meeting", args=[meeting.pk]))
