"""The agenda of a meeting, written over and over while the group goes through it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sessions.room.agenda import NO_AGENDA, Agenda
from sessions.room.floor_facts import Part

NOW = datetime(2026, 11, 23, 23, tzinfo=UTC)
# Few words and lengths: parts that read alike are the hard ones.
WISHES = st.lists(
    st.builds(
        Part,
        title=st.sampled_from(["Check-in", "Skill"]),
        minutes=st.sampled_from([5, 10]),
        is_break=st.booleans(),
        number=st.integers(0, 20),
    ),
    max_size=12,
)
STEPS = st.lists(WISHES | st.none() | st.integers(0, 11), max_size=12)


def write(agenda: Agenda, wishes: list[Part]) -> Agenda:
    return agenda.written(agenda.numbered(wishes))


@given(STEPS)
def test_what_is_on_stays_on_until_it_is_taken_off_whatever_is_written(
    steps: list[list[Part] | int | None],
) -> None:
    agenda, ever = NO_AGENDA, set[int]()
    for step in steps:
        on, version = agenda.on, agenda.given
        if not isinstance(step, list):
            agenda = agenda.begun(step if step is not None and step < len(agenda.parts) else None, NOW)
        else:
            before = {part.number for part in agenda.parts}
            agenda = write(agenda, step)
            numbers = [part.number for part in agenda.parts]
            assert len(set(numbers)) == len(numbers)
            assert all(numbers)
            assert set(numbers) - before == set(numbers) - ever, "no number is another part's later"
            ever.update(numbers)
            kept = on is not None and on.number in numbers
            assert (agenda.on and agenda.on.number) == (on.number if on and kept else None)
            assert agenda.given > version
        assert agenda.since == (None if agenda.on is None else NOW)
        assert agenda.next is None or 0 <= agenda.next < len(agenda.parts)


def test_a_break_never_becomes_a_part_with_a_name() -> None:
    agenda = write(NO_AGENDA, [Part("", 10, is_break=True), Part("Skill", 10)]).begun(0, NOW)
    pause, skill = agenda.parts
    anew = write(agenda, [Part("Talk", 10, number=pause.number), replace(skill, title="", is_break=True)])
    assert anew.on is None
    assert not {part.number for part in anew.parts} & {pause.number, skill.number}
    assert anew.next == 0


def test_what_comes_next_is_what_came_after_the_part_that_was_taken_off() -> None:
    first = write(NO_AGENDA, [Part("Check-in", 10), Part("Skill", 10), Part("Close", 10)])
    check_in, skill, close = first.parts
    assert (first.next, first.begun(1, NOW).next, first.begun(2, NOW).next) == (0, 2, None)
    anew = write(first.begun(1, NOW), [check_in, Part("Film", 5), close])
    assert (anew.on, anew.next) == (None, 1)
    again = write(anew, [close, check_in, skill])
    assert again.next == 2, "behind the last of what the group has had"
