"""Headings of days: the browser's day counts, not the server's; and a zone that nobody knows does no harm."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ui.day_groups import heading_of, zone_of


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOW = at("2026-03-04T12:00:00")  # a Wednesday


@pytest.mark.parametrize(
    ("when", "heading"),
    [
        ("2026-03-04T00:00:00", "Today"),
        ("2026-03-03T23:59:59", "Yesterday"),
        ("2026-03-02T10:00:00", "Monday"),
        ("2026-02-26T10:00:00", "Thursday"),
        ("2026-02-25T10:00:00", "25 February"),
        ("2026-02-02T10:00:00", "2 February"),
        ("2026-02-01T10:00:00", "February 2026"),
        ("2025-12-31T10:00:00", "December 2025"),
        ("2026-03-05T10:00:00", "Today"),
    ],
)
def test_heading_names_the_day_then_the_date_then_the_month(when: str, heading: str) -> None:
    assert heading_of(at(when), NOW, UTC) == heading


def test_heading_is_that_of_the_browsers_day() -> None:
    late, now = at("2026-03-03T23:30:00"), at("2026-03-04T00:30:00")
    assert heading_of(late, now, UTC) == "Yesterday"
    assert heading_of(late, now, ZoneInfo("Asia/Shanghai")) == "Today"


@pytest.mark.parametrize("name", ["", "Nowhere/City", "America", "/etc/passwd", "../../etc/passwd", "a\0b", "é" * 300])
def test_zone_that_does_not_exist_is_this_machines_own(name: str) -> None:
    assert zone_of(name) is None
