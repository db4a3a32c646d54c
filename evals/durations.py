"""Seconds in, a duration for people out."""


def duration_text(seconds: float) -> str:
    """A duration that nobody needs to the second.

    >>> [duration_text(each) for each in (0, 0.2, 42, 59.6, 90, 3000, 3599, 7400, 200_000)]
    ['0 s', '1 s', '42 s', '1 min', '2 min', '50 min', '1 h', '2 h 3 min', '56 h']
    """
    whole = max(1, round(seconds)) if seconds > 0 else 0
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes >= 24 * 60:
        return f"{round(minutes / 60)} h"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
