"""Reports: what stands in them for whom, when they are let out, and what becomes of them afterwards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from sessions import tasks
from sessions.attendance import service as attendance
from sessions.attendance.models import AttendanceStatus
from sessions.attendance.reports import drawing, gather, making, service, verifying
from sessions.attendance.reports.audiences import Audience, Format
from sessions.attendance.reports.models import Report, ReportOrder, State
from sessions.attendance.reports.units import Payer
from sessions.audit.models import AuditEvent
from sessions.consents import service as consents
from sessions.consents.models import Disclosure
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core.errors import Invalid, NotAllowed, NotFound
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import end_membership
from sessions.programs.kinds import MeetingKind
from sessions.programs.licences import Licence
from sessions.programs.service import schedule
from tests import cast as people
from tests.cast import Cast
from tests.service.february import (
    FEBRUARY,
    clock_in_march,
    court,
    evening,
    february_signed,
    made,
    rows,
    wanted,
)
from tests.service.papers import file, offered, recipient, signs
from tests.service.signed import signed

time, cast = clock_in_march, february_signed


class TestContent:
    def test_the_chart_has_every_signed_session_of_the_period_with_what_holds_now(self, cast: Cast) -> None:
        _, data = service.download(cast.carol, made(cast.carol, cast, wanted()).pk)
        found = rows(data)
        said = [
            (row["date"], row["kind"], row["minutes"], row["claim_minutes"], row["status"]) for row in found
        ]
        assert said == [
            ("2026-02-03", "process_group", "90", "90", "present"),
            ("2026-02-05", "process_group", "70", "66", "partial"),
            ("2026-02-10", "process_group", "0", "0", "absent"),
            ("2026-02-12", "individual_therapy", "50", "50", "partial"),
            ("2026-02-13", "twelve_step", "60", "60", "present"),
        ]
        late = found[1]
        assert (late["scheduled_start"], late["actual_start"]) == (
            "2026-02-05T18:00:00-05:00",
            "2026-02-05T18:01:00-05:00",
        )
        assert (late["late"], late["left_early"], late["staff"]) == ("yes", "yes", "Mina Park; Theo Okafor")
        assert (late["signed_by"], late["signed_at"]) == ("Mina Park", "2026-02-05T19:50:00-05:00")
        assert (found[2]["excused"], found[2]["delivery"]) == ("yes", "")
        assert [row["counts"] for row in found] == ["yes", "yes", "yes", "yes", "no"]

    def test_totals_are_of_what_counts_week_by_week(self, cast: Cast) -> None:
        content = service.preview(cast.carol, file(cast), wanted())
        assert (content.minutes, content.attended, len(content.entries)) == (210, 4, 5)
        weeks = [(str(week.first), str(week.last), week.minutes, week.required) for week in content.weeks]
        assert weeks == [("2026-02-02", "2026-02-08", 160, 540), ("2026-02-09", "2026-02-15", 50, 540)]

    @pytest.mark.parametrize(
        ("audience", "never"),
        [
            (Audience.EMPLOYER, {"kind", "form", "staff", "late", "left_early", "claim_minutes", "arrived"}),
            (Audience.COURT, {"kind", "claim_minutes", "arrived", "possible_minutes"}),
            (Audience.INSURER, {"late", "left_early", "excused", "minutes", "arrived"}),
            (Audience.PROVIDER, {"claim_minutes", "arrived", "late"}),
        ],
    )
    def test_nobody_outside_gets_more_than_they_need(
        self, cast: Cast, audience: Audience, never: set[str]
    ) -> None:
        purpose, kind, scope = {
            Audience.EMPLOYER: (Purpose.EMPLOYMENT, RecipientKind.EMPLOYER, Scope.ATTENDANCE),
            Audience.COURT: (Purpose.COURT, RecipientKind.COURT, Scope.ATTENDANCE),
            Audience.INSURER: (Purpose.PAYMENT, RecipientKind.INSURER, Scope.ATTENDANCE),
            Audience.PROVIDER: (Purpose.CARE, RecipientKind.PROVIDER, Scope.ATTENDANCE),
        }[audience]
        consent = signs(cast.alice, offered(cast, purpose, recipient(cast, kind), [scope]))
        report = made(cast.carol, cast, wanted(audience, consent=consent))
        found = rows(service.download(cast.carol, report.pk)[1])
        assert never.isdisjoint(found[0])
        assert {row["notice"] for row in found} == {drawing.NOTICE}
        assert "Bruno" not in repr(found)

    def test_an_adjustment_holds_and_stands_beside_what_was_signed(self, cast: Cast) -> None:
        record = gather.records_of(file(cast), *FEBRUARY).get(meeting__held_on=date(2026, 2, 5))
        change = attendance.Change(credited_minutes=85, late=False)
        attendance.adjust(cast.mina, record, change, reason="Took part by phone.", typed_name="Mina Park")
        report = made(cast.carol, cast, wanted())
        (row,) = [r for r in rows(service.download(cast.carol, report.pk)[1]) if r["date"] == "2026-02-05"]
        assert (row["minutes"], row["late"]) == ("85", "no")
        assert row["changes"].startswith(
            "1: 70 min partial late -> 85 min partial; Took part by phone.; Mina Park; "
        )

    def test_an_adjustment_tells_nobody_more_than_their_columns(self, cast: Cast) -> None:
        record = gather.records_of(file(cast), *FEBRUARY).get(meeting__held_on=date(2026, 2, 5))
        change = attendance.Change(credited_minutes=60, late=False)
        attendance.adjust(cast.mina, record, change, reason="Left twice.", typed_name="Mina Park")
        insurer = recipient(cast, RecipientKind.INSURER)
        consent = signs(cast.alice, offered(cast, Purpose.PAYMENT, insurer))
        report = made(cast.carol, cast, wanted(Audience.INSURER, consent=consent))
        (row,) = [r for r in rows(service.download(cast.carol, report.pk)[1]) if r["date"] == "2026-02-05"]
        assert row["changes"].startswith("1: 66 min -> 60 min; Left twice.; Mina Park; ")

    @pytest.mark.parametrize(
        ("payer", "claimed"),
        [
            (Payer.QUARTER_HOURS, [("", "6"), ("", "6"), ("", "4"), ("", "0"), ("", "3"), ("", "")]),
            (Payer.HOURS, [("", "1"), ("", "1"), ("", "1"), ("", "0"), ("", "0"), ("", "")]),
            (Payer.PER_DIEM, [("", ""), ("H0015", "1"), ("", "0"), ("", "0"), ("", "0"), ("", "")]),
            (
                Payer.PER_SESSION,
                [("90853", "1"), ("90853", "1"), ("90853", "1"), ("", "0"), ("90834", "1"), ("", "")],
            ),
        ],
    )
    def test_units_are_the_payers_and_say_so_in_the_rows(
        self, cast: Cast, payer: Payer, claimed: list[tuple[str, str]]
    ) -> None:
        """Of two sessions on a Tuesday; 66 minutes without any bridging; an absence; 50 alone; one that does not
        count."""
        signed(cast, evening(3) + timedelta(hours=2), {cast.alice: 90})
        consent = signs(cast.alice, offered(cast, Purpose.PAYMENT, recipient(cast, RecipientKind.INSURER)))
        report = made(cast.carol, cast, wanted(Audience.INSURER, consent=consent, payer=payer))
        found = rows(service.download(cast.carol, report.pk)[1])
        assert [row["claim_minutes"] for row in found] == ["90", "90", "66", "0", "50", "60"]
        assert [(row["code"], row["units"]) for row in found] == claimed

    def test_minutes_of_who_never_came_into_the_room_are_not_told_as_video(self, cast: Cast) -> None:
        record = gather.records_of(file(cast), *FEBRUARY).get(meeting__held_on=date(2026, 2, 10))
        change = attendance.Change(credited_minutes=45, status=AttendanceStatus.PARTIAL)
        attendance.adjust(cast.mina, record, change, reason="By telephone.", typed_name="Mina Park")
        report = made(cast.carol, cast, wanted())
        found = rows(service.download(cast.carol, report.pk)[1])
        assert [row["delivery"] for row in found] == ["video", "video", "other", "video", "video"]

    def test_hours_of_fifty_minutes_are_said(self, cast: Cast) -> None:
        signed(cast, evening(17), {cast.alice: 90}, hour_minutes=50)
        content = service.preview(cast.carol, file(cast), wanted())
        assert content.hour_minutes == (50, 60)

    def test_what_nobody_signed_is_left_out_and_counted(self, cast: Cast) -> None:
        content = service.preview(cast.carol, file(cast), wanted())
        assert content.unsigned == 0
        span = Span(evening(18), evening(18) + timedelta(hours=1))
        schedule(cast.north, MeetingKind.PROCESS_GROUP, span, facilitators=[cast.mina], cohort=cast.evening)
        assert service.preview(cast.carol, file(cast), wanted()).unsigned == 1

    def test_staff_stand_with_the_licences_that_counted_on_the_day(self, cast: Cast) -> None:
        Licence.objects.create(person=cast.mina, state="NY", number="012345", until=date(2026, 2, 10))
        Licence.objects.create(person=cast.mina, state="NJ", number="77", since=date(2026, 2, 4))
        Licence.objects.create(person=cast.theo, state="NY")
        content = service.preview(cast.carol, file(cast), wanted())
        assert [", ".join(entry.staff) for entry in content.entries] == [
            "Mina Park (NY 012345), Theo Okafor (NY)",
            "Mina Park (NJ 77, NY 012345), Theo Okafor (NY)",
            "Mina Park (NJ 77, NY 012345), Theo Okafor (NY)",
            "Mina Park (NJ 77)",
            "Mina Park (NJ 77), Theo Okafor (NY)",
        ]

    def test_cells_that_look_like_formulas_are_defused(self, cast: Cast) -> None:
        Person.objects.filter(pk=cast.alice.pk).update(given_name="=HYPERLINK(1)", family_name="")
        report = made(cast.carol, cast, wanted())
        assert {row["client"] for row in rows(service.download(cast.carol, report.pk)[1])} == {
            "'=HYPERLINK(1)"
        }

    def test_everybody_of_one_meeting_for_its_facilitators(self, cast: Cast) -> None:
        meeting = gather.records_of(file(cast), *FEBRUARY).earliest("meeting__starts_at").meeting
        order = service.order_meeting(cast.mina, meeting, Format.CSV)
        tasks.make_reports()
        order.refresh_from_db()
        assert order.report_id is not None
        found = rows(service.download(cast.mina, order.report_id)[1])
        assert [(row["client"], row["minutes"]) for row in found] == [
            ("Alice Haddad", "90"),
            ("Bruno Silva", "90"),
        ]
        with pytest.raises(NotFound):
            service.download(cast.alice, order.report_id)
        with pytest.raises(NotAllowed):
            service.order_meeting(cast.alice, meeting, Format.CSV)
        with pytest.raises(Invalid):
            service.order_meeting(cast.mina, cast.individual, Format.CSV)


class TestLetOut:
    """To outside parties only under a consent in force that names them and the purpose."""

    def test_it_is_frozen_logged_and_bound_to_its_consent(self, cast: Cast) -> None:
        consent = court(cast)
        report = made(cast.carol, cast, wanted(Audience.COURT, consent=consent))
        told = Disclosure.objects.get()
        assert (told.consent, told.recipient, told.patient) == (consent, consent.recipient, cast.alice)
        assert (told.via, told.reference, told.sha256) == ("report", str(report.pk), report.sha256)
        assert (told.by, told.scopes, told.purpose) == (cast.carol, ["attendance"], "court")
        made_row = AuditEvent.objects.get(act="report.made")
        assert made_row.reason == report.sha256

    @pytest.mark.parametrize(
        "consent",
        [
            lambda cast: None,
            lambda cast: offered(cast),  # not signed
            lambda cast: signs(
                cast.alice,
                offered(cast, Purpose.EMPLOYMENT, recipient(cast, RecipientKind.EMPLOYER)),
            ),
            lambda cast: signs(cast.alice, offered(cast, scopes=[Scope.TESTS])),
        ],
        ids=["none", "unsigned", "another purpose", "another scope"],
    )
    def test_not_without_one_that_matches(self, cast: Cast, consent: object) -> None:
        assert callable(consent)
        with pytest.raises(service.ConsentOver):
            service.order(cast.carol, file(cast), wanted(Audience.COURT, consent=consent(cast)))
        assert not ReportOrder.objects.exists()

    def test_not_with_another_clients(self, cast: Cast) -> None:
        theirs = signs(cast.bruno, offered(cast, of=cast.bruno))
        with pytest.raises(NotFound):
            service.order(cast.carol, file(cast), wanted(Audience.COURT, consent=theirs))

    def test_taken_back_between_the_order_and_its_making_none_is_made(self, cast: Cast) -> None:
        consent = court(cast)
        order = service.order(cast.carol, file(cast), wanted(Audience.COURT, consent=consent))
        consents.end(cast.alice, consent)
        tasks.make_reports()
        order.refresh_from_db()
        assert (order.state, order.why) == (State.REFUSED, "no-consent")
        assert not Report.objects.exists()
        assert not Disclosure.objects.exists()

    def test_taken_back_while_it_is_drawn_none_is_made(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        consent = court(cast)
        order = service.order(cast.carol, file(cast), wanted(Audience.COURT, consent=consent))
        write = making.write

        def slow(*given: object) -> bytes:
            consents.end(cast.alice, consent)
            return write(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(making, "write", slow)
        tasks.make_reports()
        order.refresh_from_db()
        assert (order.state, Report.objects.count(), Disclosure.objects.count()) == (State.REFUSED, 0, 0)

    def test_taken_back_or_expired_it_is_not_given_out_any_more(
        self, cast: Cast, time: time_machine.Traveller
    ) -> None:
        consent = court(cast)
        report = made(cast.carol, cast, wanted(Audience.COURT, consent=consent))
        service.download(cast.carol, report.pk)
        time.shift(timedelta(days=91))
        with pytest.raises(service.ConsentOver):
            service.download(cast.carol, report.pk)
        time.shift(timedelta(days=-91))
        consents.end(cast.alice, consent)
        with pytest.raises(service.ConsentOver):
            service.download(cast.carol, report.pk)
        assert AuditEvent.objects.filter(act="report.download", outcome="refused").count() == 2
        ((_, standing),) = service.reports_of(cast.carol, file(cast))
        assert standing.closed

    def test_who_lost_the_right_meanwhile_gets_none(self, cast: Cast) -> None:
        order = service.order(cast.carol, file(cast), wanted())
        end_membership(cast.carol.memberships.get(role=Role.COORDINATOR))
        tasks.make_reports()
        order.refresh_from_db()
        assert order.state == State.REFUSED

    @pytest.mark.parametrize("who", ["mina", "bruno", "omar", "otto", "sofia", "nora", "ines", "ada"])
    def test_a_report_does_not_exist_for_anybody_else(self, cast: Cast, who: str) -> None:
        report, someone = made(cast.carol, cast, wanted()), getattr(cast, who)
        for act in (
            lambda: service.order(someone, file(cast), wanted()),
            lambda: service.preview(someone, file(cast), wanted()),
            lambda: service.reports_of(someone, file(cast)),
            lambda: service.download(someone, report.pk),
        ):
            with pytest.raises(NotFound):
                act()

    def test_clients_get_their_own_copy_and_no_other(self, cast: Cast) -> None:
        own = made(cast.alice, cast, wanted(Audience.CLIENT))
        chart = made(cast.carol, cast, wanted())
        assert service.download(cast.alice, own.pk)
        with pytest.raises(NotFound):
            service.download(cast.alice, chart.pk)
        with pytest.raises(NotAllowed):
            service.order(cast.alice, file(cast), wanted())
        assert [report.pk for report, _ in service.reports_of(cast.alice, file(cast))] == [own.pk]
        assert not Disclosure.objects.exists()

    def test_another_person_does_not_follow_an_order(self, cast: Cast) -> None:
        order = service.order(cast.carol, file(cast), wanted())
        assert service.order_of(cast.carol, order.pk) == order
        with pytest.raises(NotFound):
            service.order_of(cast.ines, order.pk)


class TestFrozen:
    def test_the_bytes_that_were_hashed_are_the_bytes_that_are_downloaded(self, cast: Cast) -> None:
        report = made(cast.carol, cast, wanted())
        first = service.download(cast.carol, report.pk)[1]
        assert service.download(cast.carol, report.pk)[1] == first
        assert verifying.verify_file(first).verdict == 0
        assert b"Alice" not in bytes(Report.objects.get().ciphertext)

    def test_a_change_afterwards_makes_it_superseded_and_leaves_it_as_it_is(self, cast: Cast) -> None:
        report = made(cast.carol, cast, wanted())
        before = service.download(cast.carol, report.pk)[1]
        record = gather.records_of(file(cast), *FEBRUARY).earliest("meeting__starts_at")
        attendance.adjust(
            cast.mina, record, attendance.Change(credited_minutes=80), reason="Phone.", typed_name="Mina Park"
        )
        ((_, standing),) = service.reports_of(cast.carol, file(cast))
        assert standing.superseded
        assert service.download(cast.carol, report.pk)[1] == before

    def test_more_signed_in_its_period_supersedes_it_and_outside_of_it_does_not(self, cast: Cast) -> None:
        made(cast.carol, cast, wanted())
        signed(cast, evening(1, month=3) - timedelta(hours=3), {cast.alice: 90})
        assert not service.reports_of(cast.carol, file(cast))[0][1].superseded
        signed(cast, evening(20), {cast.alice: 90})
        assert service.reports_of(cast.carol, file(cast))[0][1].superseded

    def test_a_claim_that_lapsed_is_taken_over_and_made_once(
        self, cast: Cast, time: time_machine.Traveller
    ) -> None:
        order = service.order(cast.carol, file(cast), wanted())
        ReportOrder.objects.update(state=State.MAKING, attempts=1, claimed_until=people.MORNING)
        tasks.make_reports()
        assert not Report.objects.exists()  # somebody is at it
        time.shift(timedelta(seconds=1))
        tasks.make_reports()
        tasks.make_reports()
        order.refresh_from_db()
        assert (order.state, Report.objects.count()) == (State.MADE, 1)

    def test_a_fault_is_tried_again_and_then_said(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> bytes:
            raise drawing.Undrawn("ended with 1")

        monkeypatch.setattr(drawing, "draw", broken)
        order = service.order(cast.carol, file(cast), wanted(format_=Format.PDF))
        tasks.make_reports()
        order.refresh_from_db()
        assert (order.state, order.attempts) == (State.FAILED, making.MOST_ATTEMPTS)
