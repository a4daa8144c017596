"""What a programme decides for itself, from its pages: rules, tracks, kinds, groups, licences, staff."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.core.errors import Invalid, NotFound
from sessions.messages.models import Message
from sessions.people.access import Act, may
from sessions.people.models import Membership, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join
from sessions.programs import house, kinds, service, staffing
from sessions.programs import settings as rules
from sessions.programs.kinds import MeetingKind
from sessions.programs.licences import Licence
from sessions.programs.models import Cohort, Program
from tests.cast import MORNING, Cast, assemble

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


@pytest.fixture
def ines(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ines)
    return client


@pytest.fixture
def carol(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.carol)
    return client


def held(cast: Cast) -> Program:
    return Program.objects.get(pk=cast.north.pk)


def filled(client: Client, address: str) -> dict[str, Any]:
    """The form of a page as a browser would send it back."""
    form = client.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None and value is not False}


class TestRules:
    def test_they_are_kept_from_one_page_and_words_of_others_stay(self, cast: Cast, ines: Client) -> None:
        Program.objects.filter(pk=cast.north.pk).update(settings={"something_else": [1, 2]})
        address = reverse("program-settings", args=[cast.north.pk])
        typed = filled(ines, address) | {"planning_weeks": "4", "chat_keep_days": "7", "minors_sign": "minor"}
        assert ines.post(address, typed).status_code == 302
        kept = held(cast)
        assert kept.rules.planning_weeks == 4
        assert (kept.settings["chat_keep_days"], kept.settings["minors_sign"]) == (7, "minor")
        assert kept.settings["something_else"] == [1, 2]
        row = AuditEvent.objects.filter(act="program.settings").latest("at")
        assert (row.actor_id, row.scope) == (cast.ines.pk, cast.north.pk)

    def test_what_does_not_fit_is_said_at_its_field_and_nothing_is_kept(
        self, cast: Cast, ines: Client
    ) -> None:
        address = reverse("program-settings", args=[cast.north.pk])
        typed = filled(ines, address) | {"planning_weeks": "0", "days_a_week": "2", "minutes_a_day": "60"}
        answer = ines.post(address, typed)
        assert answer.status_code == 422
        form = answer.context["form"]
        assert set(form.errors) == {"planning_weeks", "minutes_a_day"}
        assert form["days_a_week"].value() == "2"
        assert held(cast).settings == {}


class TestTracks:
    def typed(self, **more: Any) -> dict[str, Any]:
        return {
            "name": "Afternoon",
            "weekdays": ["0", "2", "4"],
            "start": "13:00",
            "end": "16:00",
            "break_start": "14:00",
            "break_end": "14:10",
            "second_start": "15:00",
            "second_end": "15:10",
            **more,
        }

    def test_one_is_added_changed_and_taken_away(self, cast: Cast, ines: Client) -> None:
        new = reverse("track-new", args=[cast.north.pk])
        assert ines.post(new, self.typed()).status_code == 302
        track = held(cast).rules.tracks[2]
        assert track.breaks == (("14:00", "14:10"), ("15:00", "15:10"))
        assert track.weekdays == (0, 2, 4)
        page = ines.get(reverse("tracks", args=[cast.north.pk])).content.decode()
        assert "Monday, Wednesday and Friday" in page
        assert "break 3:00\xa0PM to 3:10\xa0PM" in page
        one = reverse("track", args=[cast.north.pk, 2])
        assert ines.post(one, filled(ines, one) | {"end": "17:00"}).status_code == 302
        assert held(cast).rules.tracks[2].end == "17:00"
        ines.post(reverse("track-remove", args=[cast.north.pk, 2]))
        assert [each.name for each in held(cast).rules.tracks] == ["Day", "Evening"]

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            pytest.param({"end": "12:00"}, "end", id="ends before it starts"),
            pytest.param({"break_end": ""}, "break_end", id="half a break"),
            pytest.param({"break_start": "12:30"}, "break_start", id="a break outside"),
            pytest.param({"second_start": "14:05"}, "second_start", id="two breaks at once"),
            pytest.param({"weekdays": []}, "weekdays", id="no day"),
            pytest.param({"name": "evening"}, "name", id="a name that is taken"),
            pytest.param({"start": "noon"}, "start", id="no time"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(
        self, cast: Cast, ines: Client, wrong: dict[str, Any], field: str
    ) -> None:
        answer = ines.post(reverse("track-new", args=[cast.north.pk]), self.typed(**wrong))
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {field}

    def test_a_new_series_begins_with_the_hours_of_a_track(self, cast: Cast, carol: Client) -> None:
        page = carol.get(reverse("series-new", args=[cast.north.pk]), {"track": "0"})
        form = page.context["form"]
        assert (form["start"].value(), form["break_start"].value()) == ("09:00", "10:25")


class TestKinds:
    def test_a_rule_of_ones_own_holds_and_the_default_is_not_written(self, cast: Cast, ines: Client) -> None:
        address = reverse("kind", args=[cast.north.pk, "twelve_step"])
        typed = {"creditable": "on", "largest": "20", "attend": ["client", "family"]}
        assert ines.post(address, typed).status_code == 302
        holds = kinds.of(held(cast).settings, MeetingKind.TWELVE_STEP)
        assert (holds.creditable, holds.largest) == (True, 20)
        assert holds.attend == {RoomRole.CLIENT, RoomRole.FAMILY}
        ines.post(address, {"largest": "30", "attend": ["client", "alumnus"]})
        assert held(cast).settings["kinds"] == {}

    def test_nobody_at_all_is_no_rule(self, cast: Cast, ines: Client) -> None:
        answer = ines.post(reverse("kind", args=[cast.north.pk, "process_group"]), {"largest": "0"})
        assert set(answer.context["form"].errors) == {"largest", "attend"}

    def test_a_kind_that_is_none_is_not_there(self, cast: Cast, ines: Client) -> None:
        assert ines.get(reverse("kind", args=[cast.north.pk, "party"])).status_code == 404


class TestGroups:
    def test_one_is_made_with_who_leads_it(self, cast: Cast, carol: Client) -> None:
        typed = {"name": "Saturday", "capacity": "8", "facilitators": [str(cast.theo.pk)]}
        assert carol.post(reverse("cohort-new", args=[cast.north.pk]), typed).status_code == 302
        made = Cohort.objects.get(name="Saturday")
        assert (made.capacity, list(made.facilitators.all())) == (8, [cast.theo])
        assert carol.post(reverse("cohort-new", args=[cast.north.pk]), typed).status_code == 422
        page = carol.get(reverse("cohorts", args=[cast.north.pk])).content.decode()
        assert "Led by Theo Okafor" in page
        assert "0 of 8 places taken" in page

    def test_who_leads_is_taken_off_and_undone(self, cast: Cast, carol: Client) -> None:
        address = reverse("cohort-leader", args=[cast.north.pk, cast.evening.pk, cast.theo.pk, "take"])
        page = carol.post(address, follow=True).content.decode()
        assert cast.theo not in cast.evening.facilitators.all()
        assert "Theo Okafor leads this group no more." in page
        undo = address.replace("/take", "/give")
        assert f'action="{undo}"' in page
        page = carol.post(undo, {"undo": "1"}, follow=True).content.decode()
        assert "Undone. Theo Okafor leads this group." in page
        assert cast.theo in cast.evening.facilitators.all()

    def test_only_staff_of_the_programme_lead_a_group(self, cast: Cast, carol: Client) -> None:
        address = reverse("cohort", args=[cast.north.pk, cast.evening.pk])
        answer = carol.post(address, {"which": "leader", "person": str(cast.otto.pk)})
        assert answer.status_code == 422
        with pytest.raises(Invalid):
            house.give_cohort(cast.evening, cast.otto, by=cast.carol)

    def test_a_group_of_another_programme_is_not_there(self, cast: Cast, carol: Client) -> None:
        southern = Cohort.objects.get(program=cast.south)
        assert carol.get(reverse("cohort", args=[cast.north.pk, southern.pk])).status_code == 404
        with pytest.raises(NotFound):
            house.change_cohort(southern, "Mine", None, by=cast.carol)


class TestLicences:
    def test_what_ends_soon_stands_first_and_who_has_none_is_named(self, cast: Cast, carol: Client) -> None:
        new = reverse("licence-new", args=[cast.north.pk])
        for state, until in (("NY", ""), ("NJ", "2026-03-20"), ("CT", "2026-02-01")):
            typed = {"person": str(cast.mina.pk), "state": state, "until": until}
            assert carol.post(new, typed).status_code == 302
        page = carol.get(reverse("licences", args=[cast.north.pk]))
        assert [row["licence"].state for row in page.context["rows"]] == ["CT", "NJ", "NY"]
        assert [row["state"] for row in page.context["rows"]] == ["over", "soon", ""]
        assert page.context["states"] == [("NJ", "Mina Park"), ("NY", "Mina Park")]
        assert "18 days left" in page.content.decode()
        assert page.context["without"] == ["Carol Reyes", "Theo Okafor"]

    def test_wrong_days_are_said_at_the_field(self, cast: Cast, carol: Client) -> None:
        row = Licence.objects.create(person=cast.mina, state="NY")
        address = reverse("licence", args=[cast.north.pk, row.pk])
        answer = carol.post(address, {"state": "NY", "since": "2026-03-02", "until": "2026-03-01"})
        assert set(answer.context["form"].errors) == {"until"}
        assert carol.post(address, {"state": "NY", "until": "2027-03-01"}).status_code == 302
        assert Licence.objects.get().until == date(2027, 3, 1)

    def test_nobody_elses_staff(self, cast: Cast, carol: Client) -> None:
        row = Licence.objects.create(person=cast.otto, state="IL")
        assert carol.get(reverse("licence", args=[cast.north.pk, row.pk])).status_code == 404
        typed = {"person": str(cast.otto.pk), "state": "NY"}
        assert carol.post(reverse("licence-new", args=[cast.north.pk]), typed).status_code == 422


class TestStaff:
    def typed(self, **more: str) -> dict[str, str]:
        return {
            "given_name": "Lena",
            "family_name": "Brandt",
            "email": "Lena@example.org",
            "role": "facilitator",
            "language": "en",
            **more,
        }

    def test_somebody_is_invited_and_chooses_a_password(self, cast: Cast, ines: Client) -> None:
        answer = ines.post(reverse("staff-invite", args=[cast.north.pk]), self.typed())
        assert answer.status_code == 302
        lena = Person.objects.get(email="lena@example.org")
        assert not lena.has_usable_password()
        assert may(lena, Act.OFFER_HOURS, cast.north)
        assert Message.objects.get(person=lena).template == "staff.welcome"
        assert "not been here yet" in ines.get(reverse("staff", args=[cast.north.pk])).content.decode()

    def test_whether_an_address_was_known_does_not_show(self, cast: Cast, ines: Client) -> None:
        address = reverse("staff-invite", args=[cast.north.pk])
        known = ines.post(address, self.typed(email="otto@example.org"), follow=True)
        new = ines.post(address, self.typed(), follow=True)
        said = [str(m) for page in (known, new) for m in page.context["messages"]]
        assert said[0] == said[1]
        cast.otto.refresh_from_db()
        assert cast.otto.name == "Otto Lind"

    def test_a_role_is_given_ended_and_given_back(self, cast: Cast, ines: Client) -> None:
        ines.post(
            reverse("staff-role", args=[cast.north.pk]), {"person": str(cast.mina.pk), "role": "coordinator"}
        )
        row = Membership.objects.get(person=cast.mina, role=Role.COORDINATOR)
        end = reverse("staff-act", args=[cast.north.pk, row.pk, "end"])
        page = ines.post(end, follow=True).content.decode()
        assert not may(cast.mina, Act.SCHEDULE, cast.north)
        undo = reverse("staff-act", args=[cast.north.pk, row.pk, "give"])
        assert undo in page
        assert "Undone." in ines.post(undo, {"undo": "1"}, follow=True).content.decode()
        assert may(cast.mina, Act.SCHEDULE, cast.north)
        acts = AuditEvent.objects.filter(subject_id=str(cast.mina.pk), actor_id=cast.ines.pk)
        assert [*acts.order_by("seq").values_list("act", flat=True)] == [
            "membership.began",
            "membership.ended",
            "membership.began",
        ]

    def test_sessions_of_who_goes_are_counted(self, cast: Cast, ines: Client) -> None:
        row = cast.mina.memberships.get()
        page = ines.post(reverse("staff-act", args=[cast.north.pk, row.pk, "end"]), follow=True)
        assert "3 sessions to come are still theirs" in page.content.decode()

    def test_a_programme_keeps_an_administrator(self, cast: Cast, ines: Client) -> None:
        row = cast.ines.memberships.get()
        end = reverse("staff-act", args=[cast.north.pk, row.pk, "end"])
        assert "Give somebody else this role first" in ines.post(end, follow=True).content.decode()
        join(cast.theo, cast.north.pk, Role.ADMINISTRATOR)
        assert ines.post(end).headers["Location"] == "/"
        assert ines.get(reverse("staff", args=[cast.north.pk])).status_code == 404

    def test_a_clients_membership_is_none_of_these(self, cast: Cast, ines: Client) -> None:
        row = cast.alice.memberships.get()
        assert ines.post(reverse("staff-act", args=[cast.north.pk, row.pk, "end"])).status_code == 404
        with pytest.raises(NotFound):
            staffing.give(cast.north, cast.alice, Role.COORDINATOR, by=cast.ines)


class TestOnCall:
    def test_coordinators_and_administrators_say_who_is(
        self, cast: Cast, carol: Client, ines: Client
    ) -> None:
        theos, minas = cast.theo.memberships.get(), cast.mina.memberships.get()
        page = carol.get(reverse("on-call", args=[cast.north.pk])).content.decode()
        assert "Nobody is on call" in page
        assert "Nobody is on call" in carol.get("/").content.decode()
        assert reverse("on-call", args=[cast.north.pk]) in carol.get("/").content.decode()
        said = carol.post(reverse("on-call-set", args=[cast.north.pk, theos.pk, "on"]), follow=True)
        assert "Theo Okafor is on call" in said.content.decode()
        assert said.context["rows"][0] == theos
        ines.post(reverse("on-call-set", args=[cast.north.pk, minas.pk, "on"]))
        assert "On call: Mina Park and Theo Okafor." in carol.get("/").content.decode()
        carol.post(reverse("on-call-set", args=[cast.north.pk, theos.pk, "off"]))
        assert list(Membership.objects.filter(on_call=True)) == [minas]
        acts = AuditEvent.objects.filter(subject_id=str(cast.theo.pk), act__endswith="-call")
        assert [*acts.order_by("seq").values_list("act", "actor_id")] == [
            ("membership.on-call", cast.carol.pk),
            ("membership.off-call", cast.carol.pk),
        ]

    def test_it_is_the_person_who_is_on_call_whichever_their_roles(self, cast: Cast, carol: Client) -> None:
        join(cast.theo, cast.north.pk, Role.COORDINATOR)
        rows = carol.get(reverse("on-call", args=[cast.north.pk])).context["rows"]
        assert [row.person.name for row in rows] == ["Carol Reyes", "Mina Park", "Theo Okafor"]
        Membership.objects.filter(person=cast.theo).update(on_call=True)  # as it was once possible
        carol.post(reverse("on-call-set", args=[cast.north.pk, rows[2].pk, "off"]))
        assert not Membership.objects.filter(on_call=True).exists()

    def test_only_who_leads_sessions_and_works_here(self, cast: Cast, carol: Client) -> None:
        for person in (cast.alice, cast.otto):
            row = person.memberships.get()
            assert carol.post(reverse("on-call-set", args=[cast.north.pk, row.pk, "on"])).status_code == 404
        row = cast.ines.memberships.get()
        said = carol.post(reverse("on-call-set", args=[cast.north.pk, row.pk, "on"]), follow=True)
        assert "Only who leads sessions can be on call." in said.content.decode()
        assert not Membership.objects.filter(on_call=True).exists()


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"name": "X", "start": "9", "end": "12:00"}, id="no time"),
        pytest.param({"name": "X", "start": "09:00", "end": "12:00", "breaks": [["10:00"]]}, id="half"),
        pytest.param({"name": "X", "start": "09:00", "end": "12:00", "breaks": 7}, id="no list"),
        pytest.param({"name": "X", "start": "09:00", "end": "12:00", "colour": "red"}, id="a stranger"),
        pytest.param({"start": "09:00", "end": "12:00"}, id="no name"),
    ],
)
def test_a_track_that_is_none_is_never_kept(stored: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        rules.track(stored)
    assert rules.check({"tracks": [stored]}) == {"tracks": "HH:MM–HH:MM"}
    assert rules.read({"tracks": [stored]}).tracks == rules.DEFAULT.tracks


class TestHowManyCome:
    def test_a_session_for_more_people_than_its_kind_takes_is_refused(
        self, cast: Cast, carol: Client
    ) -> None:
        house.set_kind(cast.north, MeetingKind.PROCESS_GROUP, rules.KindRule(largest=1), by=cast.ines)
        typed = {
            "kind": "process_group",
            "cohort": str(cast.evening.pk),
            "facilitators": [str(cast.theo.pk)],
            "starts_on": "2026-03-04",
            "start": "09:00",
            "end": "10:00",
        }
        answer = carol.post(reverse("meeting-new", args=[cast.north.pk]), typed)
        assert answer.status_code == 422
        assert "more people than this kind of session takes" in answer.content.decode()
        series = typed | {"weekdays": ["2"], "every": "1"}
        assert carol.post(reverse("series-new", args=[cast.north.pk]), series).status_code == 422

    def test_without_places_of_its_own_a_group_takes_as_many_as_its_series(
        self, cast: Cast, carol: Client
    ) -> None:
        assert service.places(cast.evening) is None
        typed = {
            "kind": "process_group",
            "cohort": str(cast.evening.pk),
            "facilitators": [str(cast.theo.pk)],
            "starts_on": "2026-03-04",
            "start": "09:00",
            "end": "10:00",
            "weekdays": ["2"],
            "every": "1",
        }
        assert carol.post(reverse("series-new", args=[cast.north.pk]), typed).status_code == 302
        assert service.places(cast.evening) == 10
