"""An English way of asking for a calculation in, a call of a function out: *the roots of x^2 - 4* is one of `solve`."""

import re
from collections.abc import Callable

_I = re.IGNORECASE
_NAME = r"[a-zA-Z]\w*"
_LISTS = (
    ("gcd", r"gcd|greatest common (?:divisor|factor)|highest common factor"),
    ("lcm", r"lcm|least common multiple|lowest common multiple"),
    ("mean", r"(?:arithmetic )?(?:mean|average)"), ("median", r"median"), ("mode", r"mode"),
    ("stdev", r"(?:population )?standard deviation"), ("variance", r"(?:population )?variance"),
    ("samplestdev", r"sample standard deviation"), ("samplevariance", r"sample variance"),
    ("max", r"max(?:imum)?|largest"), ("min", r"min(?:imum)?|smallest"),
    ("sum", r"sum"), ("product", r"product"),
)  # fmt: skip
_ONE = {
    "factor": r"factor(?:i[sz]e)?(?: completely)?|(?:prime )?factori[sz]ation of|prime factors of|factors? of",
    "expand": r"expand|expansion of", "simplify": r"simplify|simplification of", "divisors": r"divisors of",
    "det": r"det(?:erminant)?(?: of)?", "inv": r"inverse of|invert", "transpose": r"transpose(?: of)?",
    "rank": r"rank of", "eigenvals": r"eigen\s?values of", "eigenvects": r"eigen\s?vectors of", "trace": r"trace of",
    "apart": r"partial fractions? (?:decomposition )?of",
}  # fmt: skip


_SERIES = {
    "squares": "k^2", "cubes": "k^3", "integers": "k", "numbers": "k", "odd numbers": "2k-1", "even numbers": "2k",
}  # fmt: skip


def as_calls(text: str) -> str:
    """The text with what is asked for as a call of a function.

    >>> as_calls("derivative of x^3 with respect to x"), as_calls("x + y = 3 and x - y = 1 for x, y")
    ('diff(x^3, x)', 'solve([x + y = 3, x - y = 1], [x, y])')
    """
    for _ in range(4):
        before = text
        for rewrite in _REWRITES:
            text = rewrite(text).strip()
        if text == before:
            break
    return text


def for_unknown(text: str) -> str:
    """`find x if 2x + 5 = 13` with the unknown at the end; empty if it is nothing of the kind."""
    text = re.sub(
        rf"\A(?:for )?what values? of ({_NAME}) (?:makes?|satisf(?:y|ies)|solves?|gives?|does|is)",
        r"find \1:",
        text,
        flags=_I,
    )
    found = re.fullmatch(
        rf"(?:solve|find|what is)\s+(?:for\s+)?({_NAME})\s*(?::|,|\b(?:if|in|when|such that|where|given(?: that)?)\b)"
        r"\s*(.+[=<>].+)",
        text,
        _I | re.DOTALL,
    )
    if found:
        return f"solve {found[2]} for {found[1]}"
    behind = re.fullmatch(
        rf"(?:if\s+|given(?: that)?\s+)?(.+[=<>].+?)\s*[,;]\s*(?:then\s+)?"
        rf"(?:(?:find|what is|determine)\s+({_NAME})|({_NAME})\s*=\s*)",
        text,
        _I | re.DOTALL,
    )
    return f"solve {behind[1]} for {behind[2] or behind[3]}" if behind else ""


def _solve(text: str) -> str:
    found = re.fullmatch(
        r"(?:solve|find|roots? of|zeros? of|(?:real )?solutions? (?:of|to))\s*(?:the\s+)?(?:following\s+)?"
        r"(?:(?:system|set) of )?(?:quadratic |linear |cubic )?"
        r"(?:equations?|inequalit(?:y|ies)|system|polynomial|roots? of|zeros? of)?\s*:?\s*(?!\()(.+?)",
        text,
        _I | re.DOTALL,
    )
    body = found[1] if found else text
    wanted = re.fullmatch(
        rf"(.+?)[\s,;]*(?:and )?(?:\bsolve )?\bfor\s+({_NAME}(?:\s*(?:,|and)\s*{_NAME})*)", body, _I | re.DOTALL
    )
    if not found and not (wanted and re.search(r"[=<>]", wanted[1]) and not re.search(r"\bfor\s+\w+\s*=", body)):
        return text
    unknowns = re.sub(r"\s*(?:,|\band\b)\s*", ", ", wanted[2]) if wanted else ""
    parts = re.split(r"\s*(?:;|\n|,|\band\b|&&)\s*", wanted[1] if wanted else body)
    listed = ", ".join(part for part in parts if part.strip())
    if found and not wanted and re.fullmatch(rf"(.+[=<>].+),\s*{_NAME}", listed):
        listed, _, unknowns = listed.rpartition(", ")
    return f"solve([{listed}]{', ' if unknowns else ''}{f'[{unknowns}]' if ',' in unknowns else unknowns})"


def _derivative(text: str) -> str:
    leibniz = re.fullmatch(r"d(?:\^(\d))?\s*/\s*d\s*([a-z])(?:\^\d)?\s*(.+)", text, _I | re.DOTALL)
    if leibniz:
        return _diff(leibniz[3], leibniz[2], leibniz[1] or "1")
    found = re.fullmatch(
        rf"(?:(first|second|third|fourth|\d)(?:st|nd|rd|th)?\s+)?(?:partial )?"
        rf"(?:derivative of|differentiate|derive)\s+(.+?)"
        rf"(?:\s*(?:,|with respect to|wrt|w\.r\.t\.?|by)\s*({_NAME}))?",
        text,
        _I | re.DOTALL,
    )
    if not found:
        return text
    order = {"first": "1", "second": "2", "third": "3", "fourth": "4"}.get((found[1] or "1").lower(), found[1] or "1")
    if found[3]:
        return _diff(found[2], found[3], order)
    return f"diff({found[2]})" if order == "1" else f"diff({found[2]}, {order})"


def _diff(body: str, name: str, order: str) -> str:
    return f"diff({body}, {name})" if order == "1" else f"diff({body}, {name}, {order})"


def _integral(text: str) -> str:
    sign = re.fullmatch(
        r"(?:definite |indefinite )?(?:integral|integrate|int|antiderivative)\s*(?:of\s+)?"
        r"(?:_\s*(\([^()]*\)|-?[\w.]+)\s*\^\s*(\([^()]*\)|-?[\w.]+))?\s*(?!\(\s*[^()]*,)(.+?)\s*\*?\s*\bd\s?([a-zA-Z])\b"
        r"(?:\s*,?\s*(?:from|between)\s+(.+?)\s+(?:to|and)\s+(.+))?",
        text,
        _I | re.DOTALL,
    )
    if sign:
        low, high = sign[1] or sign[5], sign[2] or sign[6]
        return f"integrate({sign[3]}, {sign[4]}, {low}, {high})" if low else f"integrate({sign[3]}, {sign[4]})"
    found = re.fullmatch(
        rf"(?:definite |indefinite )?(?:integral of|integrate|antiderivative of)\s+(.+?)"
        rf"(?:\s*(?:,|with respect to|wrt|by)\s*({_NAME}))?"
        rf"(?:\s*,?\s*(?:from|between|on|over)\s+(?:({_NAME})\s*=\s*)?(.+?)\s+(?:to|and)\s+(.+))?",
        text,
        _I | re.DOTALL,
    )
    if not found:
        return text
    name = found[2] or found[3]
    parts = [found[1], *([name] if name else []), *([found[4], found[5]] if found[4] else [])]
    return f"integrate({', '.join(parts)})"


def _limit(text: str) -> str:
    found = re.fullmatch(
        r"(?:limit of|lim(?:it)?)\s+(.+?)\s*(?:,\s*)?\bas\s+([a-z]\w*)\s*(?:approaches|goes to|tends to|->|to)\s*(.+?)"
        r"(?:\s+from\s+(?:the\s+)?(left|right|above|below))?",
        text,
        _I | re.DOTALL,
    )
    if found:
        return f"limit({found[1]}, {found[2]}, {found[3]}{', ' + found[4].lower() if found[4] else ''})"
    arrow = re.fullmatch(
        r"lim(?:it)?\s*_?\s*\(?\s*([a-z]\w*)\s*->\s*([-+]?\w+(?:/\w+)?)([-+]?)\s*\)?\s*(?:of\s+)?(.+)",
        text,
        _I | re.DOTALL,
    )
    if arrow:
        return f"limit({arrow[4]}, {arrow[1]}, {arrow[2]}{', ' + arrow[3] if arrow[3] else ''})"
    return text


def _range(text: str) -> str:
    kind = r"(?P<kind>sum|product)"
    patterns = (
        rf"{kind}\s+(?:of\s+)?(?P<body>.+?)\s*,?\s+(?:for|from|over)"
        r"\s+(?P<k>[a-z]\w*)\s*(?:=|from)\s*(?P<a>.+?)\s+to\s+(?P<b>.+)",
        rf"{kind}\s+(?:from|over)\s+(?P<k>[a-z]\w*)\s*=\s*(?P<a>\S+)\s+to\s+(?P<b>\S+)\s+(?:of\s+)?(?P<body>.+)",
        rf"{kind}\s+of\s+(?:all\s+)?(?:the\s+)?(?:integers|numbers|whole numbers|natural numbers)"
        r"\s+(?:from|between)\s+(?P<a>\S+)\s+(?:to|and)\s+(?P<b>\S+)",
    )
    powers = re.fullmatch(
        r"(?:the\s+)?sum of (?:the )?(squares|cubes) (?:of|from) (?:the )?(?:integers |numbers )?"
        r"(?:from )?(\S+) (?:to|through) (\S+)",
        text,
        _I,
    )
    if powers:
        return f"sum(k^{2 if powers[1].lower() == 'squares' else 3}, k, {powers[2]}, {powers[3]})"
    first = re.fullmatch(
        r"(?:the\s+)?sum of (?:the )?first (\w+) (?:positive |natural )?"
        r"(squares|cubes|integers|numbers|odd numbers|even numbers)",
        text,
        _I,
    )
    if first:
        return f"sum({_SERIES[first[2].lower()]}, k, 1, {first[1]})"
    for pattern in patterns:
        found = re.fullmatch(pattern, text, _I | re.DOTALL)
        if found:
            named = found.groupdict()
            k = named.get("k") or "k"
            return f"{named['kind'].lower()}({named.get('body') or k}, {k}, {named['a']}, {named['b']})"
    return text


def _of_list(text: str) -> str:
    for name, words in _LISTS:
        found = re.fullmatch(rf"(?:the\s+)?(?:{words})\s+of\s*:?\s*(?:the numbers\s+)?(.+)", text, _I | re.DOTALL)
        if found:
            listed = re.sub(r"\s*(?:,\s*and\b|\band\b|;)\s*", ", ", found[1])
            return f"{name}({listed})"
    return text


def _of_one(text: str) -> str:
    for name, words in _ONE.items():
        found = re.fullmatch(
            rf"(?:the\s+)?(?:{words})\s+(?!\()(?:the\s+)?(?:expression|number|matrix|polynomial)?\s*:?\s*(.+)",
            text,
            _I | re.DOTALL,
        )
        found = found or re.fullmatch(rf"(?:the\s+)?(?:{words})\s+(\(.+)", text, _I | re.DOTALL)
        if found:
            return f"{name}({found[1]})"
    numbered = re.fullmatch(r"(?:the\s+)?(\d+)(?:st|nd|rd|th)\s+prime(?:\s+number)?", text, _I)
    following = re.fullmatch(r"(?:the\s+)?next prime (?:number )?(?:after|above) (.+)", text, _I)
    if numbered or following:
        return f"prime({numbered[1]})" if numbered else f"nextprime({following[1] if following else ''})"
    prime = re.fullmatch(r"(?:is|whether|check if)\s+(.+?)\s+(?:is\s+)?(?:an?\s+)?prime(?:\s+number)?", text, _I)
    return f"isprime({prime[1]})" if prime else text


def _put_in(text: str) -> str:
    found = re.fullmatch(
        r"(?!solve\b|find\b)(.+?)\s*,?\s+(?:where|when|if|at|with|given(?: that)?|for|evaluated at)"
        rf"\s+((?:{_NAME}\s*=\s*[^=,]+?(?:\s*(?:,|and)\s*)?)+)",
        text,
        _I | re.DOTALL,
    )
    if not found or re.match(r"(?:sum|product|solve)\b", text, _I):
        return text
    values = re.sub(r"\s*(?:,\s*and\b|\band\b)\s*", ", ", found[2]).strip(", ")
    return f"subs({as_calls(found[1])}, {values})"


def _rounded(text: str) -> str:
    found = re.fullmatch(
        r"(.+?)\s*,?\s+(?:rounded\s+)?(?:to|with|up to)\s+(\d+)\s+"
        r"(?:(decimals?|decimal places|dp|d\.p\.?|places)|significant (?:digits|figures)|digits)",
        text,
        _I | re.DOTALL,
    )
    if found:
        return f"{'round' if found[3] else 'N'}({found[1]}, {found[2]})"
    whole = re.fullmatch(
        r"(?:round\s+(.+?)\s+to|(.+?)\s+rounded to)\s+the nearest (?:whole number|integer|unit)", text, _I
    )
    if whole:
        return f"round({whole[1] or whole[2]})"
    base = re.fullmatch(r"(.+?)\s+(?:in|to|as)\s+(binary|hex(?:adecimal)?|octal)", text, _I)
    if base:
        return f"{ {'b': 'bin', 'h': 'hex', 'o': 'oct'}[base[2][0].lower()] }({base[1]})"
    share = re.fullmatch(
        r"(?:what\s+)?(?:%|percentage)\s*(?:of|\*)?\s*(\S+)\s+is\s+(\S+)"
        r"|(\S+)\s+(?:is|as)\s+(?:what\s+|an?\s+)?%\s*\*?\s*(?:of\s+)?(\S+)",
        text,
        _I,
    )
    if share:
        return f"100 * ({share[2] or share[3]})/({share[1] or share[4]})"
    changed = re.fullmatch(r"(increase|decrease|reduce|raise)\s+(\S+)\s+by\s+(\S+?)\s*%", text, _I)
    if changed:
        return f"{changed[2]} * (1 {'+' if changed[1].lower() in ('increase', 'raise') else '-'} {changed[3]}/100)"
    off = re.fullmatch(r"(\S+?)\s*%\s+off\s+(?:of\s+)?(\S+)", text, _I)
    return f"{off[2]} * (1 - {off[1]}/100)" if off else text


_REWRITES: tuple[Callable[[str], str], ...] = (
    _put_in, _rounded, _range, _integral, _derivative, _limit, _of_list, _of_one, _solve,
)  # fmt: skip
