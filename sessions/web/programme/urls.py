"""Addresses around the programme."""

from __future__ import annotations

from django.urls import path

from sessions.web.programme import booking, care, counting, family, guest, people, schedule, settings_page

urlpatterns = [
    path("schedule/", schedule.own, name="schedule"),
    path("programs/<uuid:program_id>/schedule", schedule.whole, name="schedule-of"),
    path("programs/<uuid:program_id>/series/new", schedule.new_series, name="series-new"),
    path("programs/<uuid:program_id>/series/<uuid:series_id>/", schedule.one_series, name="series"),
    path("programs/<uuid:program_id>/series/<uuid:series_id>/end", schedule.end_series, name="series-end"),
    path("programs/<uuid:program_id>/left-out/<int:skip_id>", schedule.retry, name="series-retry"),
    path("programs/<uuid:program_id>/meetings/new", schedule.new_meeting, name="meeting-new"),
    path("programs/<uuid:program_id>/holidays", schedule.holidays, name="holidays"),
    path("programs/<uuid:program_id>/holidays/<int:holiday_id>", schedule.work_on, name="holiday-end"),
    path("meetings/<uuid:meeting_id>/schedule", schedule.change, name="meeting-change"),
    path("meetings/<uuid:meeting_id>/cancel", schedule.cancel, name="meeting-cancel"),
    path("meetings/<uuid:meeting_id>/restore", schedule.restore, name="meeting-restore"),
    path("meetings/<uuid:meeting_id>/give-back", booking.give_back, name="give-back"),
    path("meetings/<uuid:meeting_id>/calendar.ics", booking.meeting_file, name="meeting-file"),
    path("book/", booking.book, name="book"),
    path("book/<uuid:slot_id>", booking.take, name="book-take"),
    path("programs/<uuid:program_id>/hours", booking.hours, name="hours"),
    path("programs/<uuid:program_id>/hours/<uuid:slot_id>", booking.withdraw, name="hours-withdraw"),
    path("calendar/", booking.feed, name="feed"),
    path("calendar/<str:token>.ics", booking.feed_read, name="feed-read"),
    path("programs/<uuid:program_id>/settings", settings_page.page, name="program-settings"),
    path("programs/<uuid:program_id>/counting", counting.page, name="credit-policy"),
    path("my/record", settings_page.seen, name="record-seen"),
    path("i/<str:token>", guest.page, name="invitation"),
    path("programs/<uuid:program_id>/people", people.census, name="census"),
    path("programs/<uuid:program_id>/refer", people.refer, name="refer"),
    path("groups/", people.groups, name="groups"),
    path("episodes/<uuid:episode_id>/", people.episode, name="episode"),
    path("episodes/<uuid:episode_id>/do/<slug:what>", people.act, name="episode-act"),
    path("episodes/<uuid:episode_id>/plan", care.plan, name="plan"),
    path("episodes/<uuid:episode_id>/plan/write", care.write, name="plan-write"),
    path("episodes/<uuid:episode_id>/plan/sign", care.sign, name="plan-sign"),
    path("episodes/<uuid:episode_id>/plan/review", care.review, name="plan-review"),
    path("episodes/<uuid:episode_id>/assess/<slug:code>", care.assess, name="plan-assess"),
    path("episodes/<uuid:episode_id>/samples", care.samples, name="samples"),
    path("episodes/<uuid:episode_id>/samples/stop", care.stop_samples, name="samples-stop"),
    path("episodes/<uuid:episode_id>/samples/<uuid:sample_id>", care.sample_step, name="sample-step"),
    path("episodes/<uuid:episode_id>/sign", people.sign, name="episode-sign"),
    path("episodes/<uuid:episode_id>/family", family.page, name="family"),
    path(
        "episodes/<uuid:episode_id>/family/<uuid:invitation_id>/invite", family.invite, name="family-invite"
    ),
    path(
        "episodes/<uuid:episode_id>/family/<uuid:invitation_id>/revoke", family.revoke, name="family-revoke"
    ),
]
