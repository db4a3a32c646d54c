"""What may look like a fault and is none, and what must not be missed for it; claims of real texts, read by hand."""

import json
from pathlib import Path

import pytest

from verify.arithmetic import ClaimReader, claims_in

LEFT_ALONE = [
    "9 = 8 + 1 in binary is 1000 + 0001 = 1001",
    "8 + 1 = 1000 + 0001",
    "0110 + 0001 = 0111",
    "In base 8, 7 + 1 = 10.",
    "In hexadecimal we have 9 + 1 = A.",
    "working in base 5: 3 + 4 = 12",
    "Modulo 7, 5 + 4 = 2.",
    "(mod 12) 8 + 7 = 3",
    "5 * 3 = 1 mod 7",
    "5 + 4 ≡ 2 (mod 7), i.e. 5 + 4 = 2 in Z_7",
    "On a clock, 9 + 5 = 2.",
    "10:30 + 45 = 11:15",
    "If 2 + 2 = 5, then pigs fly.",
    "Suppose that 3 + 4 = 8.",
    "Assume 1 + 1 = 3 for contradiction.",
    "Is 7 * 8 = 54?",
    "Is it true that 12 + 13 = 26?",
    "Can 3 * 4 = 11 be right?",
    "It is not true that 3 + 4 = 8.",
    "This does not mean 2 + 2 = 5.",
    "The claim 6 * 7 = 41 is false.",
    "He wrongly wrote 17 + 5 = 23.",
    "2 + 2 = 5 is wrong",
    "x = 3 + 4i = 5",
    "3 4 = 12",
    "the 2 + 3 = 5th element",
    "a[2 + 3] = 7",
    "f(2 + 3) = 7",
    "P(2) = 1/6 + 1/6",
    "log 8 + 1 = 4",
    "Let n! = 24, so 4 ! = 24 and 3!! = 3",
    "1 + 2 + 3 + ... = -1/12",
    "1/2 + 1/4 + 1/8 + ... = 1",
    "1 + 1/2 + ... + 1/10 = 2.93",
    "0.999... = 1 and 0.333... * 3 = 1",
    "3.14... + 1 = 4.14",
    "3 km + 200 m = 3.2 km",
    "1 hour + 30 minutes = 90 minutes",
    "5 dollars + 20 cents = 5.20 dollars",
    "$5M + $3M = $8M",
    "20% + 5 = 25",
    "100 + 10% = 110",
    "50 - 20% = 40",
    "12 + 15 = 27 thousand",
    "2 x 3 = 6x",
    "3x + 2 = 11 means x = 3",
    "2(x+1) = 6 + 2",
    "y_1 + 2 = 5",
    "x^2 + 1 = 5",
    "x2 + 3 = 7",
    "sum_{i=1}^{3} i = 1 + 2",
    "\\sum_{k=1}^{3} k = 1 + 2 + 4",
    "\\int_0^1 2 dx = 2 + 1",
    "a_{n+1} = 2 + 3",
    "\\frac{1}{2} + x = 1",
    "v1.2 + 3 = 4",
    "12/25/2024 = 2024",
    "2024-12-25 = 1987 + 1",
    "192.168.0.1/24 = 256",
    "3:2 = 6:4",
    "ratio 1 : 2 = 3 : 6",
    "5 choose 2 = 10",
    "C(5,2) = 10 and 5C2 = 10 + 1",
    "17 = 3 * 5 remainder 2",
    "17 / 5 = 3 R 2",
    "23 // 7 = 3",
    "7 % 3 = 1",
    "5 & 3 = 1",
    "5 | 3 = 7",
    "5 ^ 3 = 6 (bitwise xor)",
    "1 << 3 = 8 + 1",
    "if (a + 1 == 2 + 2)",
    "for i in range(3): x = 1 + i",
    "x += 3 = 4",
    "1e3 + 1 = 1001",
    "1.5e-3 * 2 = 0.003",
    "|3 - 5| = 2 + 1x",
    "-3 < x < 5 + 1",
    "3 < y = 4 + 1",
    "4 = 2² but √4 = ±2",
    "x = ±3 + 1",
    "8 = 2 + 2 + 2 + 2x",
    "五加三: 5 + 3 = 八",
    "半径为3的圆面积 3 * 3 * π = 9",
    "10 的 20% + 1 = 3",
    "(1, 2) + (3, 4) = (4, 6)",
    "[1, 2] + [3] = [1, 2, 3]",
    "{1} + {2} = {3}",
    '"2" + "2" = "22"',
    "'1' + '1' = 11",
    "2 + 3 = ?",
    "12 + ___ = 20",
    "12 + □ = 20",
    "1 + 2 = 3 + x",
    "B: 100→150(50)+150→175(25)+50→25(25)=225",
    "64+ + +16=81",
    "0x80/2 != 0x80",
    "[3 < 2 < 1]",
    "0.7 (7/10) + 0.7 (7/10) = 1.4",
    "Better: PV at t=2 = 120,000/(0.09-0.025)",
    "$M = 4.93 \\times 10^{27}/1.99 \\times 10^2 = 4.93 \\times 10^{27}/199$",
    "x = 1,846,154 / (1.09)^3 = $1,846,154 / 1.295",
    "We work modulo 5 here. Then 2^2 + 1 = 0 and 3^2 + 1 = 0.",
]
HOLDS = [
    "1 - \\sqrt{3} \\approx 1 - 1.732 = -0.732",
    "So 2*\\sqrt{2} ≈ 2*1.414 ≈ 2.828",
    "100/7 ≈ 14.29 ≈ 14.3",
    "\\( 24 - 30 = -6 \\), so that is done",
    "We get $3 + 4 = 7$.",
    "\\[ 3 + 4 = 7 \\]",
    "先算5×4=20，然后20×3=60，接着60×2=120",
    "所以12+30=42。",
    "Total: 3*4 + 2*5 = 12 + 10 = 22.",
    "9 + 10 = 19, 19 + 11 = 30.",
    "1/3 = 0.333...",
    "2/3 ≈ 0.667",
    "22/7 = 3.142857...",
    "7 * 11 * 13 = 1001",
    "\\frac{6 + 2}{4} = 2",
    "\\dfrac{1}{2} + \\dfrac{1}{3} = \\dfrac{5}{6}",
    "2^{10} = 1024",
    "15% of 200 is 30, since 0.15 * 200 = 30",
    "$12 + $8 = $20",
    "(3)(4) = 12",
    "3(4 + 1) = 15",
    "-5 + 3 = -2",
    "−5 + 3 = −2",
    "5 - (-3) = 8",
    "1,000 + 2,500 = 3,500",
    "* 3 + 4 = 7",
    "**3 + 4 = 7**",
    "Step 2: 3 + 4 = 7",
    "(a) 3 + 4 = 7",
    "3 + 4 = 7 (since 3 < 4)",
    "x = 3 + 4 = 7",
    "Then n = 2*3 + 1 = 7.",
    "√16 + 1 = 5",
    "5! = 120 ways",
    "0.1 + 0.2 = 0.3",
    "10^{-2} = 0.01",
    "8/2 = 4; 4/2 = 2",
    "so the area is 5*3 = 15 square units",
    "that gives 45 / 60 = 0.75 hours",
    "Check: 2(17) + 1 = 35 ✓",
    "PV = 120,000 / 0.065 = $1,846,154",
    "(1.728 \\times 10^6)^2 = 2.986 \\times 10^{12}",
    "28% = 28",
    "20 \\times 86400 = 1.728 \\times 10^6",
]
FAILS = [
    "2^20000 = 5 + 1",
    "So 7200+1800=8000. Good.",
    "Check: 84/8=11.",
    "Then \\( \\frac{5 + 1 - 1}{4} = 1.5 \\), which is fine.",
]
ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "arithmetic_claims.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_not_claimed_in_ordinary_numbers_is_left_alone(text: str) -> None:
    assert {claim.outcome for claim in claims_in(text)} <= {"not_checkable"}


@pytest.mark.parametrize("text", HOLDS)
def test_what_holds_is_found_and_nothing_beside_it_fails(text: str) -> None:
    outcomes = {claim.outcome for claim in claims_in(text)}
    assert "holds" in outcomes and "fails" not in outcomes


@pytest.mark.parametrize("text", FAILS)
def test_fault_is_still_found(text: str) -> None:
    assert "fails" in {claim.outcome for claim in claims_in(text)}


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row['source'][:12]}" for number, row in enumerate(ROWS)])
def test_claim_of_a_real_text_is_marked_as_a_reader_marked_it(row: dict[str, object]) -> None:
    found = [claim for claim in claims_in(str(row["text"])) if (claim.start, claim.end) == (row["start"], row["end"])]
    assert [(claim.outcome, claim.right) for claim in found] == [(row["outcome"], row["right"])]


def test_remainders_are_remembered_however_a_text_arrives() -> None:
    text = "We count modulo 5.\nThen 2^2 + 1 = 0.\n" + "It goes on like this. " * 80 + "At last 7 + 8 = 16."
    reader = ClaimReader()
    told = [
        claim for start in range(0, len(text), 7) for claim in reader.feed(text[start : start + 7])
    ] + reader.finish()
    assert told == claims_in(text)
    assert [claim.outcome for claim in told] == ["not_checkable", "fails"]
