"""Papers: what they say, who signs them, when they count, and when they stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection

from sessions.audit.models import AuditEvent
from sessions.consents import service
from sessions.consents.models import Consent, ConsentEnd, How
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import clock
from sessions.core.errors import Invalid, NotAllowed, NotFound
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import end_membership
from sessions.programs import episodes
from sessions.programs.clients import client_file
from sessions.programs.episode_models import Episode, EpisodeFactKind
from tests import cast as people
from tests.cast import Cast
from tests.service.papers import file, in_days, offered, recipient, signs

DAY = timedelta(days=1)


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(people.MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(time: time_machine.Traveller, db: None) -> Cast:
    return people.assemble()


def of(cast: Cast) -> Episode:
    return Episode.objects.get(person=cast.alice)


def live(cast: Cast, consent: Consent, scope: Scope = Scope.ATTENDANCE) -> bool:
    found = service.live_consent(
        program_id=cast.north.pk,
        patient=consent.patient,
        recipient=consent.recipient,
        purpose=Purpose(consent.purpose),
        scope=scope,
        at=clock.now(),
    )
    return found == consent


def test_a_paper_says_everything_that_a_consent_must_say(cast: Cast) -> None:
    said = service.read(offered(cast))
    text = said.dump()
    for element in (
        "Alice Haddad",  # patient
        "North",  # discloser
        "Kings County Drug Court, 1 Main Street",  # recipient
        "which sessions I attended",  # what
        "probation officer",  # purpose
        "Until the end of May 31, 2026",  # expiry
        "take this back at any time",  # right to revoke
        "42 CFR part 2",  # redisclosure
        "my typed name is my signature",  # intent
    ):
        assert element in text


def test_a_paper_is_in_its_clients_language(cast: Cast) -> None:
    Person.objects.filter(pk=cast.alice.pk).update(language="es")
    consent = offered(cast)
    said = service.read(consent)
    assert (consent.language, said.language) == ("es", "es")
    assert "Quién soy" in [part.heading for part in said.parts]


def test_a_paper_counts_from_its_signature_and_for_nothing_else(cast: Cast) -> None:
    consent = offered(cast)
    assert not live(cast, consent)
    signs(cast.alice, consent)
    assert live(cast, consent)
    assert not live(cast, consent, Scope.TESTS)
    asked = {"program_id": cast.north.pk, "patient": cast.alice, "recipient": consent.recipient}
    ours = {**asked, "purpose": Purpose.COURT, "scope": Scope.ATTENDANCE, "at": clock.now()}
    elsewhere = recipient(cast, RecipientKind.COURT, "Another court")
    assert service.live_consent(**ours)  # type: ignore[arg-type]
    for other in (
        {"program_id": cast.south.pk},
        {"patient": cast.bruno},
        {"recipient": elsewhere},
        {"purpose": Purpose.EMPLOYMENT},
        {"at": clock.now() - timedelta(seconds=1)},
    ):
        assert service.live_consent(**{**ours, **other}) is None  # type: ignore[arg-type]


def test_the_signature_keeps_name_intent_time_and_the_hash_of_what_was_read(cast: Cast) -> None:
    consent = offered(cast)
    signature = service.sign(
        cast.alice, consent, typed_name=" alice  HADDAD ", sha256=consent.sha256, agreed=True
    )
    assert (signature.signed_by, signature.signed_at) == (cast.alice, clock.now())
    assert signature.sha256 == consent.sha256
    assert signature.intent == service.read(consent).intent
    event = AuditEvent.objects.get(act="consent.sign", outcome="allowed")
    assert (event.actor_id, event.reason) == (cast.alice.pk, consent.sha256)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"typed_name": "Alice"}, service.WrongName),
        ({"typed_name": "Mina Park"}, service.WrongName),
        ({"agreed": False}, Invalid),
        ({"sha256": "0" * 64}, service.NotTheseWords),
    ],
)
def test_no_signature_without_name_intent_and_words(
    cast: Cast, change: dict[str, object], refusal: type[Exception]
) -> None:
    consent = offered(cast)
    given = {"typed_name": "Alice Haddad", "sha256": consent.sha256, "agreed": True} | change
    with pytest.raises(refusal):
        service.sign(cast.alice, consent, **given)  # type: ignore[arg-type]
    assert not live(cast, consent)


def test_one_signs_once_and_never_what_is_over(cast: Cast, time: time_machine.Traveller) -> None:
    consent = signs(cast.alice, offered(cast))
    with pytest.raises(service.NotYours):
        signs(cast.alice, consent)
    service.end(cast.alice, consent)
    with pytest.raises(service.Over):
        signs(cast.alice, consent)
    late = offered(cast, days=1)
    time.shift(3 * DAY)
    with pytest.raises(service.Over):
        signs(cast.alice, late)


def test_taking_back_ends_it_at_once_and_twice_is_once(cast: Cast) -> None:
    consent = signs(cast.alice, offered(cast))
    service.end(cast.alice, consent)
    assert not live(cast, consent)
    service.end(cast.alice, consent)
    assert ConsentEnd.objects.get().how == How.REVOKED


@pytest.mark.django_db(transaction=True)
def test_who_rests_on_it_hears_when_it_ends() -> None:
    cast = people.assemble()
    heard: list[Consent] = []

    def hear(consent: Consent, **_: object) -> None:
        heard.append(consent)

    service.ended.connect(hear)
    try:
        consent = signs(cast.alice, offered(cast))
        service.end(cast.alice, consent)
    finally:
        service.ended.disconnect(hear)
    assert heard == [consent]


def test_how_a_paper_ends_before_it_is_signed(cast: Cast) -> None:
    declined, withdrawn, replaced = (
        offered(cast, to=recipient(cast, RecipientKind.COURT, name)) for name in ("One", "Two", "Three")
    )
    service.end(cast.alice, declined)
    service.end(cast.carol, withdrawn)
    offered(cast, to=replaced.recipient)
    hows = dict(ConsentEnd.objects.values_list("consent_id", "how"))
    assert hows == {declined.pk: How.DECLINED, withdrawn.pk: How.WITHDRAWN, replaced.pk: How.REPLACED}


def test_a_newer_paper_replaces_the_older_when_it_is_signed_and_not_before(cast: Cast) -> None:
    first = signs(cast.alice, offered(cast))
    second = offered(cast, scopes=[Scope.ATTENDANCE, Scope.TESTS], to=first.recipient)
    assert second.number == 2
    assert live(cast, first)
    signs(cast.alice, second)
    assert live(cast, second)
    assert not live(cast, first)
    assert ConsentEnd.objects.get(consent=first).how == How.REPLACED


def test_it_counts_until_the_end_of_its_last_day_in_the_programmes_zone(
    cast: Cast, time: time_machine.Traveller
) -> None:
    consent = signs(cast.alice, offered(cast, days=7))  # crosses the change of clocks of 8 March
    midnight = datetime(2026, 3, 10, tzinfo=ZoneInfo("America/New_York"))
    time.move_to(midnight - timedelta(seconds=1))
    assert live(cast, consent)
    time.move_to(midnight)
    assert not live(cast, consent)


def test_it_ends_with_the_episode_at_the_end_of_its_last_day(
    cast: Cast, time: time_machine.Traveller
) -> None:
    consent = signs(cast.alice, offered(cast, days=None, with_episode=True))
    assert live(cast, consent)
    episodes.finish(of(cast), EpisodeFactKind.COMPLETED, in_days(cast, 0), "", by=cast.carol)
    midnight = datetime(2026, 3, 3, tzinfo=ZoneInfo("America/New_York"))
    time.move_to(midnight - timedelta(seconds=1))
    assert live(cast, consent)
    time.move_to(midnight)
    assert not live(cast, consent)


def test_it_counts_through_a_pause_because_a_pause_is_no_end(
    cast: Cast, time: time_machine.Traveller
) -> None:
    consent = signs(cast.alice, offered(cast, days=None, with_episode=True))
    episodes.pause(of(cast), "Surgery.", by=cast.carol)
    time.move_to(clock.now() + timedelta(days=3))
    assert live(cast, consent)
    episodes.finish(of(cast), EpisodeFactKind.DISCHARGED, in_days(cast, 0), "", by=cast.carol)
    time.move_to(clock.now() + timedelta(days=1))
    assert not live(cast, consent)


@pytest.mark.parametrize("days", [None, -1, 731])
def test_no_paper_without_an_end_in_reach(cast: Cast, days: int | None) -> None:
    with pytest.raises(Invalid):
        offered(cast, days=days)


def test_what_does_not_fit_together_is_refused_with_the_reason(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        offered(cast, purpose=Purpose.EMPLOYMENT)
    assert refused.value.text == "This purpose is not for this recipient."


class TestUnderAge:
    """Nobody knows better than the programme's state who signs: it is a setting."""

    def paper(self, cast: Cast, days: int = 365) -> Consent:
        minor = service.Minor(of_age_on=in_days(cast, 100), guardian=cast.omar)
        return offered(cast, days=days, minor=minor)

    def test_both_sign(self, cast: Cast) -> None:
        consent = self.paper(cast)
        signs(cast.omar, consent)
        assert not live(cast, consent)
        signs(cast.alice, consent)
        assert live(cast, consent)
        assert "Guardian: Omar Haddad" in service.read(consent).dump()

    def test_the_guardian_alone_where_the_programme_says_so(self, cast: Cast) -> None:
        cast.north.settings = {"minors_sign": "guardian"}
        cast.north.save()
        consent = self.paper(cast)
        with pytest.raises(service.Over):
            signs(cast.alice, consent)
        assert live(cast, signs(cast.omar, consent))

    def test_the_minor_alone_where_the_programme_says_so(self, cast: Cast) -> None:
        cast.north.settings = {"minors_sign": "minor"}
        cast.north.save()
        assert live(cast, signs(cast.alice, self.paper(cast)))

    def test_a_guardians_word_ends_when_the_client_comes_of_age(
        self, cast: Cast, time: time_machine.Traveller
    ) -> None:
        consent = signs(cast.omar, signs(cast.alice, self.paper(cast)))
        time.move_to(datetime.combine(in_days(cast, 100), datetime.min.time(), ZoneInfo("America/New_York")))
        assert not live(cast, consent)

    def test_the_guardian_is_of_the_household_and_takes_back_too(self, cast: Cast) -> None:
        with pytest.raises(Invalid):
            offered(cast, minor=service.Minor(of_age_on=in_days(cast, 100), guardian=cast.rosa))
        consent = signs(cast.omar, signs(cast.alice, self.paper(cast)))
        service.end(cast.omar, consent)
        assert not live(cast, consent)

    def test_another_guest_of_the_household_has_no_part_in_it(self, cast: Cast) -> None:
        consent = self.paper(cast)
        with pytest.raises(NotFound):
            signs(cast.rosa, consent)


class TestFamily:
    def test_a_guest_is_a_recipient_only_of_their_own_client(self, cast: Cast) -> None:
        guest = service.guest_recipient(file(cast), cast.omar)
        consent = signs(
            cast.alice, offered(cast, Purpose.PRESENCE, guest, [Scope.PRESENCE], with_episode=True)
        )
        now = clock.now()
        found = service.live_consent(
            program_id=cast.north.pk,
            patient=cast.alice,
            recipient=cast.omar,
            purpose=Purpose.PRESENCE,
            scope=Scope.PRESENCE,
            at=now,
        )
        assert found == consent
        pairs = service.present_for(cast.north.pk, [cast.omar.pk, cast.rosa.pk], now)
        assert pairs == {(cast.alice.pk, cast.omar.pk)}
        service.end(cast.alice, consent)
        assert service.present_for(cast.north.pk, [cast.omar.pk], now) == frozenset()
        with pytest.raises(Invalid):
            service.guest_recipient(file(cast), cast.rosa)

    def test_calls_after_treatment_are_agreed_to_with_the_programme_itself(self, cast: Cast) -> None:
        us = service.program_recipient(file(cast, cast.ada))
        consent = signs(cast.ada, offered(cast, Purpose.AFTERCARE, us, [Scope.CALLS], of=cast.ada))
        found = service.live_consent(
            program_id=cast.north.pk,
            patient=cast.ada,
            recipient=None,
            purpose=Purpose.AFTERCARE,
            scope=Scope.CALLS,
            at=clock.now(),
        )
        assert found == consent


NOBODYS = ["nora", "otto", "sofia", "bruno", "omar", "ada"]


@pytest.mark.parametrize("who", NOBODYS)
def test_a_paper_does_not_exist_for_anybody_else(cast: Cast, who: str) -> None:
    consent = signs(cast.alice, offered(cast))
    someone = getattr(cast, who)
    for act in (
        lambda: service.consent_of(someone, consent.pk),
        lambda: signs(someone, consent),
        lambda: service.end(someone, consent),
        lambda: service.offer(
            someone, file(cast), service.Offer(Purpose.COURT, consent.recipient, [Scope.ATTENDANCE], None)
        ),
    ):
        with pytest.raises(NotFound):
            act()
    assert live(cast, consent)
    assert AuditEvent.objects.filter(actor_id=someone.pk, outcome="refused").count() == 4


def test_clients_offer_no_papers_and_coordinators_sign_none(cast: Cast) -> None:
    consent = offered(cast)
    with pytest.raises(NotAllowed):
        signs(cast.carol, consent)
    with pytest.raises(NotAllowed):
        service.offer(
            cast.alice, file(cast), service.Offer(Purpose.COURT, consent.recipient, [Scope.ATTENDANCE], None)
        )


def test_who_has_left_still_reads_and_takes_back_their_own(cast: Cast) -> None:
    consent = signs(cast.alice, offered(cast))
    end_membership(cast.alice.memberships.get(role=Role.CLIENT))
    assert service.consent_of(cast.alice, consent.pk) == consent
    service.end(cast.alice, consent)
    assert not live(cast, consent)


def test_a_recipient_of_one_client_is_none_of_another(cast: Cast) -> None:
    court = recipient(cast, RecipientKind.COURT, "One court", of=cast.bruno)
    with pytest.raises(NotFound):
        offered(cast, to=court)
    with pytest.raises(NotFound):
        client_file(cast.south.pk, cast.alice.pk)


def test_the_same_name_and_address_are_one_recipient(cast: Cast) -> None:
    first = recipient(cast, RecipientKind.COURT, "Kings  County")
    assert recipient(cast, RecipientKind.COURT, "kings county") == first
    assert recipient(cast, RecipientKind.PROBATION, "Kings County") != first


def test_names_and_words_do_not_lie_in_the_database_in_clear(cast: Cast) -> None:
    offered(cast)
    with connection.cursor() as cursor:
        for table in ("iop_consent", "iop_recipient"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
            rows = [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]
            assert rows
            assert "Kings County" not in repr(rows)


class TestDisclosing:
    def test_is_logged_under_a_live_consent_that_covers_it(self, cast: Cast) -> None:
        consent = signs(cast.alice, offered(cast))
        row = service.disclose(cast.carol, consent, scopes=[Scope.ATTENDANCE], via="telephone")
        assert (row.patient, row.recipient, row.basis) == (cast.alice, consent.recipient, "consent")
        for scopes in ([Scope.TESTS], [Scope.ATTENDANCE, Scope.TESTS]):
            with pytest.raises(service.NotCovered):
                service.disclose(cast.carol, consent, scopes=scopes, via="telephone")
        service.end(cast.alice, consent)
        with pytest.raises(service.NotCovered):
            service.disclose(cast.carol, consent, scopes=[Scope.ATTENDANCE], via="telephone")
