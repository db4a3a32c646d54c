"""When something was in, the heading that it stands under in a list out: Today, Monday, 3 November, May 2026."""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

_DAYS_BY_NAME = 7
_DAYS_BY_DATE = 31


def zone_of(name: str) -> tzinfo | None:
    """The time zone that a browser named, or None (this machine's own) where there is no such zone here.

    >>> zone_of("Asia/Shanghai"), zone_of("../etc/passwd"), zone_of("")
    (zoneinfo.ZoneInfo(key='Asia/Shanghai'), None, None)
    """
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, KeyError, OSError):  # no key of the form; no such zone; a folder of zones ("America")
        return None


def heading_of(at: float, now: float, zone: tzinfo | None) -> str:
    """The heading for Unix second `at`, seen from `now`.

    >>> from datetime import UTC
    >>> [heading_of(1_764_000_000 - days * 86_400, 1_764_000_000, UTC) for days in (-1, 0, 1, 2, 6, 7, 30, 31)]
    ['Today', 'Today', 'Yesterday', 'Saturday', 'Tuesday', '17 November', '25 October', 'October 2025']
    """
    day = datetime.fromtimestamp(at, zone)
    days = (datetime.fromtimestamp(now, zone).date() - day.date()).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    if days < _DAYS_BY_NAME:
        return f"{day:%A}"
    return f"{day.day} {day:%B}" if days < _DAYS_BY_DATE else f"{day:%B %Y}"


def clock_of(at: float, zone: tzinfo | None) -> str:
    """The time of day.

    >>> from datetime import UTC
    >>> clock_of(1_764_000_000, UTC), date_of(1_764_000_000, UTC)
    ('16:00', '24 Nov 2025, 16:00')
    """
    return f"{datetime.fromtimestamp(at, zone):%H:%M}"


def date_of(at: float, zone: tzinfo | None) -> str:
    """Date and time of day."""
    day = datetime.fromtimestamp(at, zone)
    return f"{day.day} {day:%b %Y}, {day:%H:%M}"
