"""When something is not possible: what happened and what one can do, never a code alone.

A page for people, JSON for programs. Neither says whether a thing exists that the reader may not see.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sessions.core.errors import IllegalMove, Invalid, NotAllowed, NotFound, Refusal

# Plain English in errors.py and in the rules is the key; this list hands it to the translators.
# tests/service/test_pages_language.py finds the sentence that is missing here.
TEXTS: Final = (
    gettext_noop("This is not possible."),
    gettext_noop("There is nothing here, or it is not open to you."),
    gettext_noop("You are not allowed to do this."),
    gettext_noop("This is not possible right now."),
    gettext_noop("These values do not fit together."),
    gettext_noop("You are not in the room now."),
    gettext_noop("This meeting has ended."),
    gettext_noop("Only a facilitator of this meeting can do that."),
    gettext_noop("You are not in this meeting now."),
    gettext_noop("Nobody is waiting."),
    gettext_noop("Nobody else is in this room."),
    gettext_noop("Nobody is there to read it."),
    gettext_noop("A line has between 1 and 2000 characters."),
    gettext_noop("A note has between 1 and 2000 characters."),
    gettext_noop("That was a lot at once. Please wait a few seconds."),
    gettext_noop("There is no open crisis for this person."),
    gettext_noop("Use the two letters of the state, like NY."),
    gettext_noop("Only a facilitator of this meeting can lead it."),
    gettext_noop("That is done already."),
    gettext_noop("That is only possible in the room you are both in."),
    gettext_noop("That is only possible with somebody in the room."),
    gettext_noop("The room is locked. Unlock it first to let somebody new in."),
    gettext_noop("They came after the door had closed. Let them in one by one, and say why."),
    gettext_noop("A facilitator of this meeting cannot be sent out."),
    gettext_noop("Only a client of the programme can be enrolled."),
    gettext_noop("Please answer every question."),
    gettext_noop("A plan needs at least one goal."),
    gettext_noop("The plan has changed meanwhile. Please read it once more."),
    gettext_noop("A review needs a plan and a few words."),
    gettext_noop("A guest needs a name and a telephone number."),
    gettext_noop("First the client signs a consent to this guest's presence."),
    gettext_noop("This code is not right, or it is too old. You can have a new one."),
    gettext_noop("A code is on its way. You can ask for another in a minute."),
    gettext_noop("This invitation is bound to another phone or computer. Ask the team for a new one."),
    gettext_noop("This cannot be undone any more. Add them once more instead."),
    gettext_noop("We have sent many codes and none was used. Ask the team for a new link."),
    gettext_noop("They are in no group now."),
    gettext_noop("This day has not come yet."),
    gettext_noop("Who was absent has no minutes, and who was there has some."),
    gettext_noop("This session is here already."),
    gettext_noop("There is a signed record of this session here, which counts."),
    gettext_noop("This end is part of the record by now. Note a new referral instead."),
    gettext_noop("This episode goes on."),
    gettext_noop("This episode has ended."),
    gettext_noop("They have not begun yet: they can only be discharged."),
    gettext_noop("Another series has taken its place."),
    gettext_noop("The last day lies before the one it has."),
    gettext_noop("Their calls after treatment have begun. Note a new referral instead."),
    gettext_noop("They have a group by now."),
    gettext_noop("Say why in a few words."),
    gettext_noop("They come into this group on that day or later. Choose a later day."),
    gettext_noop("A session of that day has begun. Choose the next day."),
    gettext_noop("Please read the agreement and sign it with your name."),
    gettext_noop("A week has one to seven days and at most forty hours."),
    gettext_noop("So many minutes a day on so many days do not reach the weekly target."),
    gettext_noop("This is not an e-mail address."),
    gettext_noop("Somebody with this address is here already."),
    gettext_noop("The therapist must be staff of the programme."),
    gettext_noop("A change of level needs a reason, and a day that has not passed."),
    gettext_noop("Another change still waits for a signature."),
    gettext_noop("A week is prescribed while somebody is here."),
    gettext_noop("The first day lies between today and the last week on the calendar."),
    gettext_noop("A later week is prescribed already. Begin on its first day or after it."),
    gettext_noop("A system has a name, and something that it may read."),
    gettext_noop("There is a system of this name already."),
    gettext_noop("The file is too large: 2,000 rows at most."),
    gettext_noop("The file is not UTF-8. Save it as “CSV UTF-8”."),
    gettext_noop("The file is no table with a heading."),
    gettext_noop("The first row has no heading that we know. Look at the list of columns."),
    gettext_noop("The file has no rows, or more than 2,000."),
    gettext_noop("This series is not open to them."),
    gettext_noop("The group does not meet on this day."),
    gettext_noop("This kind of session is not for one client alone."),
    gettext_noop("This sample has a meeting, or needs none any more."),
    gettext_noop("Choose a time between now and the end of the window."),
    gettext_noop("They can sign in already. Who forgot the password asks for a new one there."),
    gettext_noop("Somebody has decided this already."),
    gettext_noop("The last day lies between the start and today."),
    gettext_noop("This text is too long."),
    gettext_noop("That room is not open."),
    gettext_noop("The breakout rooms are open. Close them first, or move people one by one."),
    gettext_noop("There are no rooms to open now."),
    gettext_noop("The breakout rooms are not open."),
    gettext_noop("Nobody there is asking for help now."),
    gettext_noop("The breakout rooms are closing."),
    gettext_noop("This person is not expected in this meeting."),
    gettext_noop("Come back from the room aside first."),
    gettext_noop("You are there already."),
    gettext_noop("You are not in a breakout room now."),
    gettext_noop("Help has been asked for already."),
    gettext_noop("Nobody is asking for help now."),
    gettext_noop("Choose somebody to talk to."),
    gettext_noop("Both of you must be in the meeting, and not aside."),
    gettext_noop("This is not possible. Please ask your facilitator."),
    gettext_noop("Two of these people are not to be in one room. Choose another room for one of them."),
    gettext_noop("No family is expected in this meeting."),
    gettext_noop("In a family meeting rooms are made by family, or by hand."),
    gettext_noop("Nobody is here to divide into rooms."),
    gettext_noop("Somebody is in two of these rooms."),
    gettext_noop("Somebody in these rooms is not expected in this meeting."),
    gettext_noop("One of these rooms is not there any more."),
    gettext_noop("This meeting has a facilitator now."),
    gettext_noop("There can be 20 rooms at most."),
    gettext_noop("That is not possible now."),
    gettext_noop("Only staff of the programme can be a meeting's facilitator."),
    gettext_noop("This cannot be saved right now. The call goes on; please try again in a moment."),
    gettext_noop("That is not possible yet."),
    gettext_noop("This session's time has passed."),
    gettext_noop("Only a session that is still to come can be moved, and only to a time to come."),
    gettext_noop("Choose who cannot come, and somebody who does not lead this session yet."),
    gettext_noop("This group is full. You can put them on its waitlist."),
    gettext_noop("There are more people than this kind of session takes."),
    gettext_noop("There can be 8 tracks at most."),
    gettext_noop("Only a client of the programme can wait for a place."),
    gettext_noop("They are in this group already."),
    gettext_noop("A place is kept for them already."),
    gettext_noop("They have a place, or wait for one, by now."),
    gettext_noop("This place is not kept for you any more. Your team will ask you again."),
    gettext_noop("There is a group of this name already."),
    gettext_noop("Only staff of the programme can lead a group."),
    gettext_noop("This account is switched off. An administrator of the installation can switch it on."),
    gettext_noop("Give somebody else this role first: a programme needs an administrator."),
    gettext_noop("Only who leads sessions can be on call."),
    gettext_noop("Somebody is already booked at this time. Choose another time or another person."),
    gettext_noop("On some of these days somebody is already booked."),
    gettext_noop("This is no rule of recurrence we know."),
    gettext_noop("The last day lies before the first."),
    gettext_noop("There is no such day in the next weeks."),
    gettext_noop("This day has passed."),
    gettext_noop("The series has ended before this day."),
    gettext_noop("Somebody else has just taken this hour. Please choose another."),
    gettext_noop("This kind of meeting is not booked by clients."),
    gettext_noop("A client has booked this hour. Cancel the session instead."),
    gettext_noop("This hour is too near to book. Please choose a later one."),
    gettext_noop("It is too late to cancel this here. Please call your team."),
    gettext_noop("A meeting needs a facilitator, and all of them must be staff of the programme."),
    gettext_noop("This kind of meeting is by invitation only."),
    gettext_noop("This kind of meeting is not for everybody invited."),
    gettext_noop("Somebody invited has no such part in this programme."),
    gettext_noop("A family guest is invited only together with their client."),
    gettext_noop("Two of these people are not to be in one room."),
    gettext_noop("A household is a client of the programme and somebody else."),
    gettext_noop("This needs two people."),
    gettext_noop("They are in this family already."),
    gettext_noop("Every part needs a name."),
    gettext_noop("That part is no longer on the agenda."),
    gettext_noop("Somebody else changed the agenda meanwhile. Look at theirs, then keep one of the two."),
    gettext_noop("An adjustment needs a reason."),
    gettext_noop("Who was absent has no minutes. Please change the minutes too."),
    gettext_noop("Somebody excused is no client of this meeting."),
    gettext_noop("The last seconds are still being counted. Try again in half a minute."),
    gettext_noop("The meeting stopped before it started."),
    gettext_noop("The minutes cannot be more than the meeting had, nor less than none."),
    gettext_noop("The minutes for claims cannot be more than the credited ones."),
    gettext_noop("This changes nothing."),
    gettext_noop("This meeting has been signed. Use an adjustment to change it."),
    gettext_noop("This meeting is not over yet."),
    gettext_noop("This meeting was cancelled. There is nothing to sign."),
    gettext_noop("Type your full name, as it is in your account, to sign."),
    gettext_noop("version: is given by the server"),
    gettext_noop("Say who the guardian is."),
    gettext_noop("Say in a few words what was told."),
    gettext_noop("There is no consent in force for this any more."),
    gettext_noop("This recipient needs the client's consent."),
    gettext_noop(
        "PDFs cannot be made on this computer yet. Choose CSV, or ask whoever runs it to install Pango."
    ),
    gettext_noop("This format is for one client."),
    gettext_noop("This session is not signed yet. Reports hold what is signed."),
    gettext_noop("This format is not for this recipient."),
    gettext_noop("The last day comes before the first."),
    gettext_noop("A report covers at most two years."),
    gettext_noop("This report stays here and needs no consent."),
    gettext_noop("Units are for who pays."),
    gettext_noop("Say what may be shared."),
    gettext_noop("This purpose is not for this recipient."),
    gettext_noop("This is not shared for this purpose."),
    gettext_noop("Notes need a paper of their own."),
    gettext_noop("This paper is not the one you read. Please read it once more."),
    gettext_noop("You have signed this paper already."),
    gettext_noop("This paper does not count any more."),
    gettext_noop("This paper needs no signature of yours."),
    gettext_noop("This is nobody of the client's household."),
    gettext_noop("Say who may be told."),
    gettext_noop("The name or the address is too long."),
    gettext_noop("Say until when this counts."),
    gettext_noop("Somebody of age signs alone."),
    gettext_noop("Tick that you agree, or leave without signing."),
    gettext_noop("No consent in force allows this."),
    gettext_noop("The last day lies too far ahead, or in the past."),
    gettext_noop("Somebody has finished this already."),
    gettext_noop("Please say why you set this aside."),
    gettext_noop("Choose a day that lies ahead."),
    gettext_noop("Each stretch ends after it begins."),
    gettext_noop("Nobody is to be called right now."),
    gettext_noop("Please choose one of the answers."),
    gettext_noop("Say why you decided so."),
    gettext_noop("Say why you settled on another urgency than the answers propose."),
    gettext_noop("Somebody else has this call in hand. Take the next one."),
    gettext_noop("Somebody may be in danger. First hand over to a clinician, live, and write down to whom."),
    gettext_noop(
        "There is no consent to aftercare calls. Offer the paper first; the plan is signed after it."
    ),
    gettext_noop("There is no phone number to call. Add one first, or choose video."),
    gettext_noop("This call is over. Your next one has its own questions."),
    gettext_noop("This is too close to be moved. Please answer the call and say so, or call us."),
    gettext_noop("This person takes no calls here yet. Their hours are missing."),
    gettext_noop("This time has just been taken. Please choose another one."),
    gettext_noop("Two of these hours overlap."),
    gettext_noop("Write a few words about the call."),
    gettext_noop("Write down to whom you handed over, and how."),
    gettext_noop("This session has begun. Please call your team."),
    gettext_noop("This session has begun. What was attended counts by itself."),
    gettext_noop("This session cannot be booked any more. Please choose another one."),
    gettext_noop("This time has passed."),
    gettext_noop("No more calls are planned for them now. Leave the day of the next call empty."),
)

_STATUS: Final[tuple[tuple[type[Refusal], HTTPStatus], ...]] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (IllegalMove, HTTPStatus.CONFLICT),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Refusal, HTTPStatus.BAD_REQUEST),
)


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    status = next(status for kind, status in _STATUS if isinstance(refusal, kind))
    if status is HTTPStatus.NOT_FOUND:
        return _not_found(request)
    return _say(request, status, refusal.code, _("That did not work"), _(refusal.text))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: an unknown address and a foreign object look the same."""
    return _not_found(request)


def closed(request: HttpRequest) -> HttpResponse:
    """An address that exists in a library we use, and is not open here."""
    return _not_found(request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return _say(request, HTTPStatus.FORBIDDEN, NotAllowed.code, _("That did not work"), _(NotAllowed.text))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400. Without the page frame, who asks not being known to be a person; but a form into
    which somebody pasted too much is answered in words."""
    if isinstance(exception, RequestDataTooBig):
        return _say(
            request,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too-large",
            _("That was more than fits"),
            _("Nothing was kept. Go back: what you wrote still stands there. Shorten it and send it again."),
        )
    return HttpResponse("", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")


def too_many(request: HttpRequest) -> HttpResponse:
    """allauth's handler429."""
    return _say(
        request,
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many",
        _("Please wait a moment"),
        _("That was a few tries too many. Please wait a few minutes and try again."),
    )


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: nearly always a page that was open for too long."""
    return _say(
        request,
        HTTPStatus.FORBIDDEN,
        "stale-form",
        _("This page was open for a long time"),
        _("To be safe we did nothing. Please go back to the start and try again."),
    )


def _not_found(request: HttpRequest) -> HttpResponse:
    return _say(
        request,
        HTTPStatus.NOT_FOUND,
        NotFound.code,
        _("There is nothing here for you"),
        _("The link may be old, or it belongs to somebody else. Your own sessions are one tap away."),
    )


def _say(request: HttpRequest, status: HTTPStatus, code: str, heading: str, text: str) -> HttpResponse:
    if not request.accepts("text/html"):
        return JsonResponse({"code": code, "text": text}, status=status)
    return render(request, "refusal.html", {"heading": heading, "text": text}, status=status)
