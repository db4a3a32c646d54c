"""An answer of several parts in, the parts out: split at commas that stand in no brackets."""

OPENING, CLOSING = "([{", ")]}"


def split_top(text: str, separators: str = ",;") -> list[str]:
    """The parts of a text between commas that stand in no brackets.

    >>> split_top("1, f(2, 3), {4,5}")
    ['1', 'f(2, 3)', '{4,5}']
    """
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text) and text[at + 1] in "{}":
            depth += 1 if text[at + 1] == "{" else -1
            at += 2
            continue
        depth += (character in OPENING) - (character in CLOSING)
        if depth == 0 and character in separators:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [part.strip() for part in [*parts, text[start:]]]


def encloses(text: str) -> bool:
    """Whether the first bracket of a text is closed by its last one.

    >>> encloses("(1, 2)"), encloses("(1), (2)")
    (True, False)
    """
    depth = 0
    for at, character in enumerate(text):
        depth += (character in OPENING) - (character in CLOSING)
        if depth == 0 and at < len(text) - 1:
            return False
    return True
