from __future__ import annotations

from django.urls import path, re_path

from sessions.web import refusals
from sessions.web.interop.urls import urlpatterns as interop
from sessions.web.paper_urls import urlpatterns as papers
from sessions.web.programme.urls import urlpatterns as programme
from sessions.web.views import (
    absences,
    aftercare,
    appointment,
    attendance,
    calls,
    check_in,
    health,
    home,
    language,
    makeups,
    meetings,
    messages,
    tasks,
    weeks,
)

urlpatterns = [
    path("", home.page, name="home"),
    path("today", home.today, name="today"),
    path("meetings/<uuid:meeting_id>/", meetings.page, name="meeting"),
    path("meetings/<uuid:meeting_id>/room", meetings.room_page, name="room"),
    path("meetings/<uuid:meeting_id>/take-over", meetings.take_over, name="take-over"),
    path("meetings/<uuid:meeting_id>/sign", attendance.sign, name="sign"),
    path("meetings/<uuid:meeting_id>/change/<uuid:person_id>", attendance.adjust, name="adjust"),
    path("meetings/<uuid:meeting_id>/notes/<uuid:person_id>", attendance.notes, name="notes"),
    path("meetings/<uuid:meeting_id>/absence", absences.notice, name="absence"),
    path("week/", weeks.page, name="week"),
    path("week/mine", weeks.mine, name="my-week"),
    path("week/<uuid:program_id>/<uuid:person_id>", makeups.page, name="client-week"),
    path("week/cohort/<uuid:cohort_id>", weeks.cohort, name="cohort-weeks"),
    path("make-ups/<uuid:make_up_id>/cancel", makeups.cancel, name="make-up-cancel"),
    path("tasks/", tasks.page, name="tasks"),
    path("tasks/<uuid:task_id>", tasks.task, name="task"),
    path("tasks/<uuid:task_id>/<slug:what>", tasks.act, name="task-act"),
    path("messages/", messages.page, name="deliveries"),
    path("messages/mine", messages.reminders, name="reminders"),
    path("messages/heard", messages.heard, name="messages-heard"),
    path("check-in/", check_in.page, name="check-in"),
    path("check-in/questions", check_in.questions, name="check-in-questions"),
    path("check-in/wishes", check_in.wishes, name="check-in-wishes"),
    path("calls/", calls.page, name="calls"),
    path("calls/hours", calls.hours, name="call-hours"),
    path("calls/<uuid:check_in_id>/", calls.call, name="call"),
    path("aftercare/", aftercare.page, name="aftercare"),
    path("aftercare/export", aftercare.export, name="aftercare-export"),
    path("aftercare/<uuid:course_id>/", aftercare.course, name="aftercare-course"),
    path("aftercare/<uuid:course_id>/letter", aftercare.letter, name="aftercare-letter"),
    path("a/<str:token>", appointment.page, name="appointment"),
    path("a/<str:token>/calendar", appointment.calendar, name="appointment-calendar"),
    path("messages/stop/<str:token>", messages.stop, name="messages-stop"),
    *papers,
    *programme,
    *interop,
    path("language", language.choose, name="language"),
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    path("clockz", health.clockwork, name="clockwork"),
    # allauth's other doors stay shut: people are created, and their addresses kept, by the programme.
    re_path(
        r"^accounts/(?:signup|email|confirm-email|password/set|login/code|reauthenticate|phone)(?:/.*)?$",
        refusals.closed,
    ),
]
