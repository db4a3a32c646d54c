"""The last rule: what it could not read in time is read when it is asked again."""

from typing import Any

import pytest
from math_verify import parse

from verify import symbolic


def test_what_was_not_read_once_is_read_the_next_time(monkeypatch: pytest.MonkeyPatch):
    given: list[str] = []

    def slow_at_first(text: str, **options: Any) -> Any:
        given.append(text)
        return [] if len(given) == 1 else parse(text, **options)

    monkeypatch.setattr(symbolic, "parse", slow_at_first)
    symbolic._read.cache_clear()
    form = r"\frac{q^2}{q+3}"
    assert symbolic._parsed(form) == ()
    assert (bool(symbolic._parsed(form)), bool(symbolic._parsed(form))) == (True, True)
    assert len(given) == 2  # what was read is kept
