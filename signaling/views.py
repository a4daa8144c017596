"""What LiveKit's clients ask when a media connection was refused: is it my ticket?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from signaling.admission import admit
from signaling.tickets import BadTicket


@never_cache
@require_GET
async def validate(request: HttpRequest) -> HttpResponse:
    """200 "success" for a ticket whose seat stands; 401 for everything else, whatever the cause."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        await admit(request.GET.get("access_token", "") or bearer)
    except BadTicket:
        return HttpResponse("refused", status=401, content_type="text/plain")
    return HttpResponse("success", content_type="text/plain")
