"""A text that may be long in, one that a model can be told out: with a note of how much was left out."""


def middle_cut(text: str, max_characters: int) -> str:
    r"""A text, of a long one its beginning and its end; a line between them says how much is missing.

    >>> middle_cut("one two", 10), middle_cut("a" * 30 + "b" * 10, 20)
    ('one two', 'aaaaaaaaaaaaaaa\n[20 characters left out]\nbbbbb')
    """
    if len(text) <= max_characters:
        return text
    n_last = max_characters // 4
    n_first = max_characters - n_last
    left_out = len(text) - max_characters
    return f"{text[:n_first]}\n[{left_out:,} characters left out]\n{text[-n_last:]}"
