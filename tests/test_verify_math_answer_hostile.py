"""Outputs that are written to stall, bloat or fool whoever checks them."""

import time
from collections.abc import Iterator

import pytest

from verify.extraction import final_answer
from verify.math_answer import MathJudge


@pytest.fixture(scope="module")
def judge() -> Iterator[MathJudge]:
    with MathJudge(2) as judge:
        yield judge


def boxed(answer: str) -> str:
    return rf"<think>x</think>\boxed{{{answer}}}"


# Compared with the gold answer 5.
ANSWERS = {
    "tower of powers": boxed("9^{9^{9^{9^{9}}}}"),
    "tower in plain text": boxed("9^9^9^9"),
    "tower with signs of Python": boxed("9**9**9**9"),
    "root of a tower": boxed(r"\sqrt[9^{9^9}]{9^{9^{9}}}"),
    "hidden power": boxed(r"(10^{6}+1)^{(10^{6}+1)}"),
    "power in a logarithm": boxed(r"\log_{2}(2^{2^{2^{2^{2^{2}}}}})"),
    "power in a sine": boxed(r"\sin(10^{10^{10}})"),
    "factorial of a power": boxed(r"(10^{10})!"),
    "double factorials": boxed("99!!!!!!!!"),
    "binomial of powers": boxed(r"\binom{10^{9}}{10^{8}}"),
    "power of a fraction": boxed(r"\left(\frac{123456789}{987654321}\right)^{987654321}"),
    "exponent of ten": boxed("1e999999999"),
    "large scientific": boxed(r"1\times 10^{999999999}"),
    "mixed number of a tower": boxed(r"3\frac{1}{9^{9^{9^9}}}"),
    "long percent": boxed("9" * 1900 + "%"),
    "long repeating decimal": boxed(r"0.\overline{" + "142857" * 300 + "}"),
    "long base": boxed("F" * 1800 + "_{16}"),
    "sum to a tower": boxed(r"\sum_{k=1}^{9^{9^9}} k^{k^k}"),
    "product": boxed(r"\prod_{k=1}^{1000000} k"),
    "limit": boxed(r"\lim_{x\to 0}\frac{\sin(\tan(\sin(\tan x)))}{x^{x^{x}}}"),
    "nested integrals": boxed(r"\int_0^1\int_0^1\int_0^1 \sqrt{x^{y^z}+y^{z^x}}\,dx\,dy\,dz"),
    "polynomial of degree a million": boxed(r"(x+1)^{1000000}"),
    "power of a power of a sum": boxed(r"((x+y)^{99}+(x-y)^{99})^{99}"),
    "determinant": boxed(
        r"\begin{vmatrix}"
        + r"\\".join("&".join(f"x_{{{i}{j}}}" for j in range(12)) for i in range(12))
        + r"\end{vmatrix}"
    ),
    "matrix": boxed(
        r"\begin{pmatrix}" + r"\\".join("&".join("9^{9^9}" for _ in range(8)) for _ in range(8)) + r"\end{pmatrix}"
    ),
    "list of towers": boxed(", ".join("9^{9^{9}}" for _ in range(50))),
    "sets in sets": boxed(r"\{" * 120 + "5" + r"\}" * 120),
    "tuples in tuples": boxed("(" * 300 + "5,5" + ")" * 300),
    "many signs": boxed("-" * 1900 + "5"),
    "many plus minus": boxed(r"\pm" * 400 + "5"),
    "many bars": boxed("|" * 1800 + "5"),
    "many primes": boxed("f" + "'" * 1800),
    "many equals": boxed("x=" * 800 + "6"),
    "many inequalities": boxed("1<" * 800 + "x"),
    "many unions": boxed(r"(0,1)\cup" * 200 + "(1,2)"),
    "many or": boxed("x<1 or " * 200 + "x>2"),
    "degrees of degrees": boxed("5" + r"^\circ" * 600),
    "unclosed fractions": boxed(r"\frac" * 500),
    "roots in roots": boxed(r"\sqrt{" * 200 + "5" + "}" * 200),
    "marks of text in each other": boxed(r"\text{" * 200 + "5" + "}" * 200),
    "brackets that cross": boxed("([{" * 200 + ")]}" * 200),
    "code": boxed("().__class__.__bases__[0].__subclasses__()"),
    "lambda": boxed("(lambda: [0 for _ in iter(int, 1)])()"),
    "template": boxed("{{7*7}}${jndi:ldap://x}"),
    "bidirectional": boxed("\u202e5\u202c1"),
    "NUL": boxed("\x00\x00" * 500 + "6"),
    "combining marks": boxed("6" + "\u0301" * 1500),
    "digits of other scripts": boxed("٦" * 1500),
    "superscripts": boxed("9" + "⁹" * 1500),
    "vulgar fractions": boxed("½" * 1500),
    "two hundred variables": boxed("+".join(f"x_{{{number}}}" for number in range(200))),
    "two thousand terms": boxed("+".join("1" for _ in range(950))),
}
# Texts written against the patterns that look for an answer.
TEXTS = {
    "spaces": "The answer is" + " " * 100_000,
    "spaces and stars": "answer" + " * " * 40_000,
    "answers": "The answer is " * 8_000,
    "answers without spaces": "answer:" * 15_000,
    "unclosed formulas": "$x = " * 20_000,
    "unclosed displays": r"\[ x = " * 15_000,
    "openings and closings": r"\( \) " * 16_000,
    "equals": "= " * 50_000,
    "copulas": "is " * 30_000,
    "colons": ": " * 50_000,
    "digits": "5" * 100_000,
    "digits and commas": "5," * 50_000,
    "digits and slashes": "5/" * 50_000,
    "digits and spaces of three": "555 " * 25_000,
    "dots": "." * 100_000,
    "sentence ends": "A. " * 30_000,
    "brackets with commas": "(1,2" * 25_000,
    "open brackets": "[" * 100_000,
    "bullets": "- x = 6\n" * 12_000,
    "numbered": "1. " * 30_000,
    "hashes": "#### " * 20_000,
    "tags": "<answer>" * 12_000,
    "closings of thinking": "</think>" * 12_000,
    "openings of thinking": "<think>" * 14_000,
    "thinking in thinking": "<think>" * 5_000 + "5" + "</think>" * 5_000,
    "special tokens": "<|im_start|>" * 8_000,
    "negations": r"not \boxed{5} " * 7_000,
    "unclosed boxes": r"\boxed{5 " * 11_000,
    "empty boxes": r"\boxed{}" * 12_000,
    "boxes in boxes": r"\boxed{" * 3_000 + "6" + "}" * 3_000,
    "box without braces": r"\boxed " * 14_000,
    "retractions": r"\boxed{6} wait, actually " * 4_000,
    "corrections": r"\boxed{6} wait, " + "it is " * 16_000,
    "out of": "of the 6 " * 11_000,
    "letters": "option A is " * 8_000,
    "chinese": "答案" * 50_000,
    "chinese without spaces": "无" * 100_000,
    "units": "5 " + "square " * 14_000 + "cm",
    "one word": "a" * 100_000,
    "underscores": "_" * 100_000,
    "backslashes": "\\" * 100_001,
    "braces": "{" * 50_000 + "}" * 50_000,
    "lines": "\n" * 100_000,
    "tabs": "\t" * 100_000 + "is",
    "marks of emphasis": "**" * 50_000,
    "fences": "```\n" * 25_000,
    "quotes": '"answer": "' * 9_000,
    "surrogates": "\ud800" * 50_000,
    "sides of which": "which is " * 12_000,
    "chains": "6 = " * 25_000,
    "open sums": "(6 + " * 20_000,
    "roots": "√(" * 50_000,
    "bold numbers": "**6** " * 16_000,
    "numbers in words": "six hundred " * 8_000,
    "letters and signs": "x + " * 25_000,
    "lists in plain text": "6, " * 33_000,
    "formulas that end sentences": "$6.$ A " * 14_000,
    "formulas set by themselves": r"\[6\]A" * 16_000,
    "reasons": "because 6, " * 9_000,
    "reasons with colons": "since a: " * 11_000,
    "drawings": "[asy]" * 20_000,
    "remarks": "(about 6 " * 11_000,
    "checks": "\nCheck: " * 12_000,
    "lists announced": "Answer:\na:\n" * 8_000,
    "alignments": r"\begin{align}6" * 7_000,
    "rows": r"\begin{align}" + r"x&=6\\" * 12_000 + r"\end{align}",
    "right to left": "\u202e" * 100_000,
}


@pytest.mark.parametrize("output", [*ANSWERS.values(), *TEXTS.values()], ids=[*ANSWERS, *TEXTS])
def test_hostile_output_is_never_correct_and_holds_up_nobody(judge: MathJudge, output: str) -> None:
    began = time.monotonic()
    verdict = judge.judge("5", output)
    assert verdict.outcome != "correct", verdict
    assert time.monotonic() - began < 60  # 4 s on a machine with nothing else to do
    assert judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"


@pytest.mark.parametrize("output", ANSWERS.values(), ids=list(ANSWERS))
def test_hostile_reference_holds_up_nobody_either(judge: MathJudge, output: str) -> None:
    gold = output.removeprefix(r"<think>x</think>\boxed{").removesuffix("}")
    began = time.monotonic()
    assert judge.judge(gold, r"\boxed{5}").outcome != "correct"
    assert time.monotonic() - began < 60
    assert judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"


@pytest.mark.parametrize("output", TEXTS.values(), ids=list(TEXTS))
def test_looking_for_an_answer_in_a_hostile_text_is_soon_over(output: str) -> None:
    began = time.thread_time()
    final_answer(output)
    assert time.thread_time() - began < 6  # 0.5 s on a machine with nothing else to do
