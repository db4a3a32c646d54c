"""What stands round a claim in, whether its author makes it, and in ordinary numbers, out."""

import re
from dataclasses import dataclass

# Before or behind what is not claimed as it stands: supposed, denied, asked, or meant in another arithmetic.
_DOUBTED_BEFORE = re.compile(
    r"\b(?:if|suppos\w+|assum\w+|imagine|whether|false\w*|wrong\w*|incorrect\w*|mistake\w*|contradict\w*|mod(?:ulo)?|base|"
    r"binary|octal|hex\w*|clock|xor|bitwise|bits?)\b|(?:\bnot|n't|\bnever|\binstead\s+of|\brather\s+than)\b[^,:]{0,30}\Z"
    r"|≡|\\equiv|如果|假设|若|不是|错误|进制|模",
    re.IGNORECASE,
)

_DOUBTED_AFTER = re.compile(
    r"[\s$)*]*(?:,?\s*(?:which\s+)?(?:is|was|are|would\s+be)\s+(?:not|false|wrong|incorrect|impossible|absurd|a\s+mistake)"
    r"|,?\s*(?:in|under|with|using)\s+(?:base|binary|octal|hex\w*|mod\w*|\\?(?:mathbb\{)?Z)|\(?\s*\\?[pb]?mod|[✗❌×]|不对|是错)",
    re.IGNORECASE,
)

_DATE = re.compile(r"\d{1,4}\s*[/-]\s*\d{1,2}\s*[/-]\s*\d{1,4}")

# 0.7 (7/10), 25(25): a number with a remark in brackets, or a product; 4/2 \times 10^3: what the slash reaches is open;
# 64+ + +16: something is left out.
_GLOSSED = re.compile(
    r"\d\s+\(|\d\(\s*[\d./]+\s*\)|[-+]\s+[-+]\s*[-+\d]|/\s*[\d.]+\s*(?:\\times|\\cdot|[×*·x])\s*10\s*\^"
)
_MODULAR = re.compile(
    r"\b(?:mod(?:ulo|ular)?|residues?|congruen\w+|legendre|jacobi|binary|octal|hex(?:adecimal)?|bitwise|xor|clock|"
    r"bases?[- ]?(?:\d+|two|three|four|five|six|seven|eight|nine|twelve|sixteen))\b"
    r"|≡|\\equiv|\\[pb]?mod\b|\\mathbb\s*\{?\s*[ZF]\s*\}?\s*_|\bZ_|进制|模|同余",
    re.IGNORECASE,
)
# So long are numbers taken for those of the arithmetic that was last spoken of.
_MODULAR_CHARACTERS = 1_500


@dataclass(slots=True)
class Context:
    """What a text has said so far that matters to its next sentence.

    Args:
        begins_line: Whether the next sentence begins a line.
        n_since_modular: Characters since remainders or another base were last spoken of; `None` if they never were.
    """

    begins_line: bool = True
    n_since_modular: int | None = None

    def read(self, sentence: str) -> None:
        """Go on past a sentence."""
        if plain := sentence.rstrip(" \t"):
            self.begins_line = plain[-1] == "\n"
        if spoken := list(_MODULAR.finditer(sentence)):
            self.n_since_modular = len(sentence) - spoken[-1].end()
        elif self.n_since_modular is not None:
            self.n_since_modular += len(sentence)

    @property
    def is_modular(self) -> bool:
        """Whether whole numbers may be remainders."""
        return self.n_since_modular is not None and self.n_since_modular <= _MODULAR_CHARACTERS


def is_doubted(sentence: str, start: int, end: int) -> bool:
    """Whether what stands round a claim says that its author does not make it, or not in ordinary numbers."""
    claim = sentence[start:end]
    if sentence.rstrip().endswith(("?", "？")) or _DATE.search(claim) or _GLOSSED.search(claim):
        return True
    if re.search(r"%\s*[-+−]|[-+−]\s*\d[\d.]*\s*\\?%", claim):
        return True  # 10% more, or a tenth
    before, after = sentence[max(0, start - 80) : start], sentence[end : end + 40]
    return bool(_DOUBTED_BEFORE.search(before) or _DOUBTED_AFTER.match(after))
