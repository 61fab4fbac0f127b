"""Answers that are kept while nothing changed."""

from api.styles import answers
from api.styles.answers import Answers, made_of


def test_an_answer_is_made_once_for_a_state() -> None:
    kept, made = Answers(), []

    def make() -> bytes:
        made.append(1)
        return b"x" * 10

    first = kept.get("a", 1, make)
    assert kept.get("a", 1, make) is first
    assert kept.get("a", 2, make) is not first
    assert kept.get("b", 2, make).tag == first.tag  # the same bytes, the same tag
    assert len(made) == 3
    kept.close()
    kept.get("a", 2, make)
    assert len(made) == 4


def test_memory_is_bounded_and_the_newest_stay(monkeypatch) -> None:
    monkeypatch.setattr(answers, "MOST_BYTES", 100)
    kept = Answers()
    for n in range(5):
        kept.get(n, 0, lambda n=n: bytes([n]) * 40)
    made: list[int] = []
    kept.get(4, 0, lambda: made.append(4) or b"")
    kept.get(0, 0, lambda: made.append(0) or b"")
    assert made == [0]


def test_short_answers_are_sent_as_they_are() -> None:
    assert made_of(b"short").packed == b""
    assert 0 < len(made_of(b"long" * 1000).packed) < 200
    assert made_of(b"long" * 1000) == made_of(b"long" * 1000)
