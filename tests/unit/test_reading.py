"""What is asked twice while one page is looked at is read once; outside of that, every time."""

from __future__ import annotations

import pytest

from sessions.core.reading import once, reading


class Answers:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        return self.asked


def test_inside_the_first_answer_holds_for_each_key() -> None:
    answers = Answers()
    with reading():
        assert [once("a", answers), once("a", answers), once("b", answers)] == [1, 1, 2]


def test_outside_every_question_is_asked() -> None:
    answers = Answers()
    assert [once("a", answers), once("a", answers)] == [1, 2]


def test_the_next_page_asks_again_also_after_an_error() -> None:
    answers = Answers()

    def page() -> None:
        with reading():
            once("a", answers)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        page()
    with reading():
        assert once("a", answers) == 2
    assert once("a", answers) == 3
