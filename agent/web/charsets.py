"""The bytes of a text and what its server said of them in, the text out."""

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})|<\?xml[^>]{0,100}encoding=[\"']([\w.:-]{2,40})", re.I
)
# What pages call these, and what browsers read them as (WHATWG's encoding standard).
_READ_AS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_SAMPLE_BYTES = 50_000


def decoded(content: bytes, charset: str = "", is_html: bool = False) -> str:
    """A text from its bytes: by its mark, its server's word, its own word, what UTF-8 allows, or a guess.

    >>> decoded("Grüße".encode("latin-1"), "ISO-8859-1")
    'Grüße'
    >>> decoded('<meta charset="windows-1251">Привет'.encode("cp1251"), is_html=True)
    '<meta charset="windows-1251">Привет'
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    for name in (charset, _named_in(content) if is_html else ""):
        if known := _codec(name):
            return content.decode(known, "replace")
    try:
        # The last character may have been cut through: it is left out.
        return codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return content.decode(_guessed(content), "replace")


def _named_in(content: bytes) -> str:
    found = _META.search(content[:4096])
    return (found[1] or found[2]).decode("ascii", "ignore") if found else ""


def _codec(name: str) -> str:
    """Python's name of an encoding of text, as browsers understand it; empty if there is none."""
    try:
        known = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return ""
    is_text = getattr(known, "_is_text_encoding", False)
    # A page that names these in ASCII is not in them; UTF-7 hides tags.
    if not is_text or known.name.startswith(
        ("utf-16", "utf-32", "utf-7", "idna", "punycode", "unicode", "raw", "undefined")
    ):
        return ""
    return _READ_AS.get(known.name, known.name)


def _guessed(content: bytes) -> str:
    import charset_normalizer

    best = charset_normalizer.from_bytes(content[:_SAMPLE_BYTES]).best()
    return _codec(best.encoding) or "cp1252" if best else "cp1252"
