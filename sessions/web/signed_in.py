"""Who asks. Views behind `signed_in` get a request whose `user` is a Person."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from sessions.core.reading import reading
from sessions.people.models import Person

P = ParamSpec("P")


class PersonRequest(HttpRequest):
    """A request after the middleware, by somebody who has signed in."""

    user: Person
    htmx: HtmxDetails


def signed_in(
    view: Callable[Concatenate[PersonRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Sends strangers to sign in first, whatever they asked for: it says nothing about what exists."""

    def asked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if isinstance(request.user, Person):
            person_request = cast("PersonRequest", request)
            if request.method not in ("GET", "HEAD"):
                return view(person_request, *args, **kwargs)
            with reading():
                return view(person_request, *args, **kwargs)
        if getattr(request, "htmx", False):
            return HttpResponseClientRefresh()  # the page around the fragment goes to sign in
        return redirect_to_login(request.get_full_path())

    update_wrapper(asked, view)
    return asked
