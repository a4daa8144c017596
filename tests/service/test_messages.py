"""The outbox: each notice once, when it is due and people may be disturbed; carriers that fail, workers that die."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction

from sessions import tasks
from sessions.core import clock as clocks
from sessions.core.errors import Fault
from sessions.messages import channels, consents, service
from sessions.messages.channels import Letter, NotNow, Undeliverable, Unsure
from sessions.messages.models import Channel, Message, MessageState
from sessions.messages.service import Address, queue
from sessions.people.models import Person
from tests.cast import MORNING, Cast, assemble
from tests.service.outbox import DAY, HOUR, MINUTE, NIGHT, Gateway, remind, state


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday, 9 AM in New York."""
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    return assemble()


def test_a_reminder_is_sent_once_however_often_it_is_queued_and_sent(ada: Person) -> None:
    assert remind(ada) == remind(ada)
    tasks.send_messages()
    tasks.send_messages()
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["ada@example.org"], "Your appointment, 10:00 AM")
    assert state() == (MessageState.SENT, "")


def test_it_goes_out_only_if_the_callers_transaction_does(ada: Person) -> None:
    with transaction.atomic():
        remind(ada)
        transaction.set_rollback(True)
    tasks.send_messages()
    assert (mail.outbox, Message.objects.count()) == ([], 0)


def test_it_waits_until_it_is_due(ada: Person, clock: time_machine.Traveller) -> None:
    remind(ada, due_at=MORNING + HOUR)
    tasks.send_messages()
    assert mail.outbox == []
    clock.shift(HOUR)
    tasks.send_messages()
    assert len(mail.outbox) == 1


def test_what_comes_too_late_is_never_sent(ada: Person, clock: time_machine.Traveller) -> None:
    """As after an hour in which nothing ran."""
    remind(ada, due_at=MORNING + HOUR, not_after=MORNING + 2 * HOUR)
    clock.shift(3 * HOUR)
    tasks.send_messages()
    assert (mail.outbox, state()) == ([], (MessageState.EXPIRED, "too-late"))


def test_nobody_is_written_to_at_night(ada: Person, clock: time_machine.Traveller) -> None:
    clock.move_to(NIGHT)
    remind(ada)
    tasks.send_messages()
    assert mail.outbox == []
    clock.shift(9 * HOUR)
    tasks.send_messages()
    assert len(mail.outbox) == 1


def test_who_moved_to_another_zone_is_not_woken_either(ada: Person, clock: time_machine.Traveller) -> None:
    """Queued for 9 AM in New York; in Honolulu that is 4 AM."""
    remind(ada, due_at=MORNING + DAY)
    Person.objects.filter(pk=ada.pk).update(time_zone="Pacific/Honolulu")
    clock.shift(DAY)
    tasks.send_messages()
    assert (mail.outbox, state()) == ([], (MessageState.QUEUED, "quiet-hours"))


def test_ones_own_quiet_hours_hold(ada: Person) -> None:
    from datetime import time

    consents.set_quiet(ada, time(8), time(12))
    remind(ada)
    tasks.send_messages()
    assert mail.outbox == []


def test_a_code_somebody_waits_for_comes_at_night_and_without_consent(
    cast: Cast, gateway: Gateway, clock: time_machine.Traveller
) -> None:
    clock.move_to(NIGHT)
    queue("code", Address("+15550102001"), Channel.SMS, key="code-1", params={"code": "493 018"}, urgent=True)
    tasks.send_messages()
    assert [letter.body for letter in gateway.carried] == ["Your code is 493 018. Do not give it to anybody."]


def test_a_provider_that_cannot_now_is_asked_again_later(
    ada: Person, gateway: Gateway, clock: time_machine.Traveller
) -> None:
    gateway.trouble = [NotNow("http-503"), NotNow("http-503")]
    remind(ada, Channel.SMS)
    tasks.send_messages()
    assert state() == (MessageState.QUEUED, "http-503")
    tasks.send_messages()
    assert len(gateway.trouble) == 1  # not at once
    for pause in (MINUTE, 5 * MINUTE):
        clock.shift(pause)
        tasks.send_messages()
    assert (len(gateway.carried), state()) == (1, (MessageState.SENT, ""))


def test_what_never_works_is_given_up(ada: Person, gateway: Gateway, clock: time_machine.Traveller) -> None:
    gateway.trouble = [NotNow("http-503")] * 99
    remind(ada, Channel.SMS)
    for _ in range(12):
        tasks.send_messages()
        clock.shift(4 * HOUR)
    assert (99 - len(gateway.trouble), state()) == (6, (MessageState.FAILED, "http-503"))


@pytest.mark.parametrize(
    ("trouble", "ended"),
    [(Undeliverable("http-404"), MessageState.FAILED), (Unsure("TimeoutError"), MessageState.UNSURE)],
)
def test_what_is_wrong_for_good_or_perhaps_out_is_not_tried_again(
    ada: Person, gateway: Gateway, clock: time_machine.Traveller, trouble: Exception, ended: MessageState
) -> None:
    gateway.trouble = [trouble]
    remind(ada, Channel.SMS)
    tasks.send_messages()
    clock.shift(HOUR)
    tasks.send_messages()
    assert (gateway.carried, state()[0]) == ([], ended)


@pytest.mark.parametrize(
    ("idempotent", "handed", "letters", "ended"),
    [
        (False, False, 1, MessageState.SENT),  # died before handing it over: nothing went out
        (False, True, 0, MessageState.UNSURE),  # after it: it may have gone out, so never again
        (True, True, 1, MessageState.SENT),  # the provider knows our id: asked again, it still goes out once
    ],
)
def test_a_worker_that_dies_in_the_middle(
    ada: Person,
    gateway: Gateway,
    clock: time_machine.Traveller,
    idempotent: bool,
    handed: bool,
    letters: int,
    ended: MessageState,
) -> None:
    gateway.idempotent = idempotent
    message = remind(ada, Channel.SMS)
    assert service._claim(clocks.now()) == [message.pk]
    if handed:
        Message.objects.filter(pk=message.pk).update(handed_at=clocks.now())
    tasks.send_messages()
    assert gateway.carried == []  # somebody else has it in hand
    clock.shift(61)
    tasks.send_messages()
    assert (len(gateway.carried), state()[0]) == (letters, ended)


MEANWHILE: dict[str, Callable[[Person, time_machine.Traveller], object]] = {
    "it has become too late": lambda ada, clock: clock.shift(HOUR + MINUTE),
    "night has come": lambda ada, clock: clock.move_to(NIGHT),
    "they have said STOP": lambda ada, clock: consents.heard(Channel.SMS, ada.phone, "Stop"),
    "they want no more": lambda ada, clock: consents.withdraw(ada, Channel.SMS),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_may_have_left_when_a_worker_died_is_never_called_unsent(
    ada: Person, gateway: Gateway, clock: time_machine.Traveller, what: str
) -> None:
    """Nor sent then, or later, though the provider would know our id."""
    late = MORNING + (HOUR if what == "it has become too late" else 3 * DAY)
    message = remind(ada, Channel.SMS, not_after=late)
    assert service._claim(clocks.now()) == [message.pk]
    Message.objects.filter(pk=message.pk).update(handed_at=clocks.now())
    clock.shift(61)
    MEANWHILE[what](ada, clock)
    tasks.send_messages()
    clock.shift(DAY)
    tasks.send_messages()
    assert (gateway.carried, state()) == ([], (MessageState.UNSURE, "no-answer"))


def test_what_is_cancelled_while_a_worker_has_it_in_hand_does_not_go_out(
    ada: Person, gateway: Gateway, clock: time_machine.Traveller
) -> None:
    """Of a batch the second is cancelled while the first is on its way."""
    call = uuid.uuid4()
    remind(ada, Channel.SMS, "call-1")
    clock.shift(1)
    remind(ada, Channel.SMS, "call-2", about=call)
    gateway.meanwhile = lambda: service.cancel(call)
    tasks.send_messages()
    assert len(gateway.carried) == 1
    assert (state("call-1")[0], state("call-2")[0]) == (MessageState.SENT, MessageState.CANCELLED)


def test_two_workers_never_claim_the_same(ada: Person) -> None:
    for number in range(30):
        remind(ada, key=f"call-{number}")
    first, second = service._claim(clocks.now()), service._claim(clocks.now())
    assert (len(first), len(second)) == (20, 10)
    assert not set(first) & set(second)


@pytest.mark.django_db(transaction=True)
def test_workers_that_race_send_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads with connections of their own; on PostgreSQL with SKIP LOCKED, on SQLite one after the other."""
    ours, lock = Gateway(), threading.Lock()
    carried: list[uuid.UUID] = []

    def carry(letter: Letter) -> str:
        with lock:
            carried.append(letter.id)
        return "x"

    monkeypatch.setattr(ours, "carry", carry)
    monkeypatch.setattr(channels, "carrier", lambda channel: ours)
    for number in range(40):
        queue(
            "code", Address("+15550102001"), Channel.SMS, key=f"c{number}", params={"code": "1"}, urgent=True
        )
    failed: list[BaseException] = []

    def work() -> None:
        try:
            service.send_due()
        except BaseException as trouble:
            failed.append(trouble)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failed == []
    assert sorted(carried) == sorted(Message.objects.values_list("pk", flat=True))


def test_what_is_no_longer_needed_is_cancelled(ada: Person) -> None:
    call = uuid.uuid4()
    remind(ada, about=call, due_at=MORNING + HOUR)
    remind(ada, key="sent", about=call)
    tasks.send_messages()
    assert service.cancel(call) == 1
    assert (state()[0], state("sent")[0]) == (MessageState.CANCELLED, MessageState.SENT)


def test_a_message_that_nobody_wrote_is_refused_when_it_is_queued(cast: Cast) -> None:
    with pytest.raises(Fault):
        queue("no.such", cast.ada, Channel.EMAIL, key="x")
    with pytest.raises(Fault):
        queue("appointment.reminder", cast.ada, Channel.EMAIL, key="x")
