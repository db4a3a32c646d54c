import sys
import threading

import mpmath
import pytest

from verify.arithmetic import Claim, ClaimReader, claims_in, counts

HOLDS = [
    "So 17*23 = 391.",
    "17 × 23 = 391",
    r"Then $\frac{3}{4}+\frac18=\frac78$ as wanted.",
    "2^10 = 1024 and that is all",
    "2¹⁰ = 1024",
    "10/4 = 2.5",
    "10/3 = 3.33",
    "22/7 ≈ 3.14",
    "25% = 1/4",
    "(3 + 4)*2 = 14.",
    "5! = 120",
    r"\binom{5}{2} = 10",
    "gcd(12, 18) = 6",
    "sqrt(16) = 4",
    "1,234 + 1 = 1,235",
    "3 x 4 = 12 apples",
    "-3 - 4 = -7",
    "- 3 + 4 = 7",
    "2) 3 + 4 = 7",
    "17^2 = 289 > 280",
    "It holds that 3*4 >= 12, of course.",
    "The two parts (340 + 68 = 408) agree.",
    "7 * 8 = 56 cm",
    "120 – 80 - 15 = 25 more points",
    "18 / 450 x 100 = 4%",
    "$5 + $3 = $8 in all",
    r"90^3=729,\!000",
]
FAILS = [
    ("12 + 9 = 22 then", "21"),
    ("17*24 = 418", "408"),
    ("1/2 + 1/3 = 2/5", "5/6"),
    ("2^10 = 1000", "1024"),
    ("3*4 > 12", "12"),
    ("10/4 = 2", "5/2"),
    ("(3 + 4)*2 = 11", "14"),
]
LEFT_ALONE = [
    "x + 3 = 5",
    "half of 10 + 2 = 7",
    "3x = 12",
    "the sum of 2 and 3 = 5",
    "17 = 2 (mod 5)",
    "17/5 = 3 remainder 2",
    "1 + 2 + ... + 100 = 5050",
    "f(3) = 9 - 1",
    "a_2 = 3 + 4",
    "101_2 = 5",
    "2:30 + 1:15 = 3:45",
    "n = 5",
    "if 3 == 4 + 1:",
    "x => 3 + 4",
    "5*4 = 20 + 3 = 23",
    "3,14 * 2 = 6,28",
    "17 // 5 = 3",
    "3 cm + 4 cm = 8 cm",
    "2 + 2 = 5 million",
    "y1 + 3 = 4 + 4",
    "log 100 + 1 = 3",
    "3.4.5 + 1 = 2",
    "in base 8, 7 + 1 = 10_8",
    r"Proof that $279/99999 = 0.\overline{00279}$:",
]


@pytest.mark.parametrize("text", HOLDS)
def test_claim_that_holds_is_said_to_hold(text: str) -> None:
    assert {claim.outcome for claim in claims_in(text)} == {"holds"}


@pytest.mark.parametrize(("text", "right"), FAILS)
def test_claim_that_does_not_hold_comes_with_the_right_value(text: str, right: str) -> None:
    assert [(claim.outcome, claim.right) for claim in claims_in(text)] == [("fails", right)]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_may_mean_something_else_is_said_neither_to_hold_nor_to_fail(text: str) -> None:
    assert {claim.outcome for claim in claims_in(text)} <= {"not_checkable"} or text.startswith("5*4")


def test_each_pair_of_a_chain_is_a_claim_of_its_own() -> None:
    text = "We get 17*24 = 17*20 + 17*4 = 340 + 68 = 407 in all."
    claims = claims_in(text)
    assert [claim.outcome for claim in claims] == ["holds", "holds", "fails"]
    assert [text[claim.start : claim.end] for claim in claims] == [claim.text for claim in claims]
    assert claims[-1].right == "408"
    assert counts(claims) == {"holds": 2, "fails": 1, "not_checkable": 0}


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_claims_of_a_growing_text_are_those_of_the_whole_one(size: int) -> None:
    text = "First 17*20 = 340. Then 17*4 = 68!\nSo 340 + 68 = 409. Hm, 3.5*2 = 7. Also: 6*7 = 42; done"
    reader = ClaimReader()
    told: list[Claim] = []
    for start in range(0, len(text), size):
        told += reader.feed(text[start : start + size])
    told += reader.finish()
    assert told == reader.claims == claims_in(text)
    assert [claim.outcome for claim in told] == ["holds", "holds", "fails", "holds", "holds"]


@pytest.mark.parametrize("size", [1, 61, 4_100, 20_000])
def test_sentence_that_is_too_long_is_left_alone_wherever_its_text_is_cut(size: int) -> None:
    text = "So 2 + 2 = 4. " + "and on, 3 + 3 = 7, " * 300 + "which ends. Then 4 + 4 = 9. " + "on, 5 + 5 = 9, " * 300
    reader = ClaimReader()
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size])
    assert [claim.text for claim in reader.claims] == ["2 + 2 = 4", "4 + 4 = 9"]
    assert reader.finish() == [] and reader.claims == claims_in(text)


def test_rest_is_told_without_being_read() -> None:
    reader = ClaimReader()
    assert reader.feed("First 2 + 2 = 4. Then 3 + 3 = 7") != []
    assert [claim.text for claim in reader.rest()] == ["3 + 3 = 7"]
    reader.feed("5 or so")
    assert [claim.text for claim in reader.finish()] == ["3 + 3 = 75"]
    assert [(claim.text, claim.start) for claim in reader.claims] == [("2 + 2 = 4", 6), ("3 + 3 = 75", 22)]


def test_claim_too_large_to_be_worked_out_is_left_alone_at_once() -> None:
    assert [claim.outcome for claim in claims_in("9^9^9^9 + 1 = 10")] == ["not_checkable"]
    assert [claim.outcome for claim in claims_in("(" * 200 + "1" + ")" * 200 + " + 1 = 2")] == ["not_checkable"]


def test_right_value_of_thousands_of_digits_is_told_by_its_size() -> None:
    claims = claims_in("2^20000 - 1 = 2 and 2^20000/3^200 = 5.")
    assert [(claim.outcome, claim.right) for claim in claims] == [
        ("fails", "3.9802768e+6020"),
        ("fails", "1.4985193e+5925"),
    ]


def test_claims_read_by_several_threads_at_once_are_those_that_one_finds() -> None:
    text = "".join(f"2^0.5 + {number}^0.5 = {number}^0.5 + sqrt(2). " for number in range(2, 60))
    found: list[str] = []

    def read() -> None:
        found.extend(claim.outcome for claim in claims_in(text))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(12):
            mpmath.mp.dps = 15
            threads = [threading.Thread(target=read) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
        mpmath.mp.dps = 15
    assert len(found) == 12 * 4 * 58 and set(found) == {"holds"}
