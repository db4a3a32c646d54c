"""Calculations as people and models write them, and what they come to: each row is a text that was tried."""

import time

import pytest

from agent.calculating.limits import NotReadable, TooLarge
from agent.calculating.values import CannotWork
from agent.calculating.working import work_out

ROWS = [
    # Arithmetic
    ("36*14", "36*14 = 504"),
    ("What is 36 times 14?", "36*14 = 504"),
    ("36*14 = ?", "36*14 = 504"),
    ("36 × 14 ÷ 2", "36*14/2 = 252"),
    ("３６＊１４", "36*14 = 504"),
    ("1,234 * 5", "1234*5 = 6170"),
    ("$5 * 3", "5*3 = 15"),
    ("0.1 + 0.2", "0.1 + 0.2 = 0.3"),
    ("10.5/3.3", "10.5/3.3 = 3.18181818182 (rounded; exactly 35/11)"),
    ("1/3", "1/3 ≈ 0.333333333333"),
    ("10/4", "10/4 = 5/2 = 2.5"),
    ("2^3^2", "2^3^2 = 512"),
    ("-2^2", "-2^2 = -4"),
    ("7//2", "7 // 2 = 3"),
    ("17 % 5", "17 mod 5 = 2"),
    ("7^(10^10) mod 13", "7^10^10 mod 13 = 9"),
    ("15% of 80", "15%*80 = 12"),
    ("20% off 50", "50*(1 - 20/100) = 40"),
    ("3/4 of 100", "3/4*100 = 75"),
    ("sqrt(2)*sqrt(8)", "sqrt(2)*sqrt(8) = 4"),
    ("√50", "sqrt(50) = 5*sqrt(2) ≈ 7.07106781187"),
    ("5!", "5! = 120"),
    ("12 choose 3", "binomial(12, 3) = 220"),
    ("C(5,2)", "binomial(5, 2) = 10"),
    ("gcd(12, 18)", "gcd(12, 18) = 6"),
    ("the average of 3, 4 and 8", "mean(3, 4, 8) = 5"),
    ("sum of 1, 2, 3", "sum(1, 2, 3) = 6"),
    ("1 + 2 + ... + 100", "sum(1 + 1*k, k, 0, 99) = 5050"),
    ("sum(x**2 for x in range(10))", "sum(x^2, x, 0, 10 - 1) = 285"),
    ("factor 360", "factor(360): 2^3 * 3^2 * 5"),
    ("is 91 prime?", "isprime(91): false (91 = 7 * 13)"),
    ("17 in binary", "bin(17): 0b10001"),
    ("22/7 rounded to 3 decimal places", "round(22/7, 3) = 3.143"),
    ("N(pi, 20)", "N(pi, 20) = 3.1415926535897932385"),
    ("log_2(8)", "log(8, 2) = 3"),
    ("log(100)", "ln(100) ≈ 4.60517018599"),
    ("sin(30°)", "sin(30°) = 1/2 = 0.5"),
    ("sin(90)", "sin(90) ≈ 0.893996663601 (angle in radians; for degrees write sin(90°))"),
    ("(-8)^(1/3)", "(-8)^(1/3) = 2*(-1)^(1/3) ≈ 1 + 1.73205080757i (the complex principal root; the real one is root(-8, 3))"),
    ("(2+3i)*(1-i)", "(2 + 3*i)*(1 - i) = 5 + i"),
    ("e^(i*pi)", "e^(i*pi) = -1"),
    ("a = 5; b = 6; a*b", "a*b = 30"),
    ("f(x) = x^2 + 1; f(3)", "f(3) = 10"),
    ("from sympy import *\nx = symbols('x')\nsolve(x**2 - 4, x)", "x^2 - 4: x = -2 or x = 2"),
    ("```python\nmath.sqrt(16) + 1\n```", "sqrt(16) + 1 = 5"),
    # Equations
    ("solve x^2-5x+6=0", "x^2 - 5*x + 6 = 0: x = 2 or x = 3"),
    ("2x + 3 = 7", "2*x + 3 = 7: x = 2"),
    ("find x if 2x+5=13", "2*x + 5 = 13: x = 4"),
    ("x = 5 + 3", "x = 8"),
    ("2+2=5", "2 + 2 = 5: false: the left side is 4, the right side is 5"),
    ("x + y = 10, x - y = 2", "x = 6, y = 4"),
    ("solve x+y=3 and x-y=1 for x and y", "x + y = 3, x - y = 1: x = 2, y = 1"),
    ("x^2 + y^2 = 25 and x + y = 7", "x = 3, y = 4; or x = 4, y = 3"),
    ("x^2+1=0", "x^2 + 1 = 0: x = -i or x = i (no real number solves it; these are complex)"),
    ("x^3 - 3x + 1 = 0", "x^3 - 3*x + 1 = 0: x ≈ -1.87938524157 or x ≈ 0.347296355334 or x ≈ 1.53208888624"),
    ("cos(x) = x", "cos(x) = x: x ≈ 0.739085133215 (found by numbers between -50 and 50)"),
    ("|x - 3| = 5", "abs(x - 3) = 5: x = -2 or x = 8"),
    ("x^2 < 4", "x^2 < 4: -2 < x < 2"),
    ("solve F = m*a for a", "F = m*a: a = F/m"),
    ("sqrt(x) = -1", "sqrt(x) = -1: no x solves it"),
    # Calculus
    ("diff(sin(x), x)", "diff(sin(x), x) = cos(x)"),
    ("d/dx x^3", "diff(x^3, x) = 3*x^2"),
    ("derivative of x^3 at x = 2", "subs(diff(x^3), x = 2) = 12"),
    ("integrate(x^2, x)", "integrate(x^2, x) = x^3/3 + C"),
    ("integrate x^2 from 0 to 3", "integrate(x^2, 0, 3) = 9"),
    ("∫_0^π sin(x) dx", "integrate(sin(x), x, 0, pi) = 2"),
    ("Integrate[x^2, {x, 0, 1}]", "integrate(x^2, [x, 0, 1]) = 1/3 ≈ 0.333333333333"),
    ("limit(sin(x)/x, x, 0)", "limit(sin(x)/x, x, 0) = 1"),
    ("limit(1/x, x, 0)", "limit(1/x, x, 0): no limit: from the left it is -oo, from the right oo"),
    ("sum 1/n^2 for n = 1 to infinity", "sum(1/n^2, n, 1, infinity) = pi^2/6 ≈ 1.64493406685"),
    ("sum(i^2, i, 1, 10)", "sum(i^2, i, 1, 10) = 385"),
    ("series(sin(x), x, 0, 6)", "series(sin(x), x, 0, 6) = x - x^3/6 + x^5/120 + O(x^6)"),
    ("expand (x+1)^3", "expand((x + 1)^3) = x^3 + 3*x^2 + 3*x + 1"),
    ("(x^2-1)/(x-1)", "(x^2 - 1)/(x - 1) = x + 1"),
    ("x^2 - 5x + 6", "x^2 - 5*x + 6 = (x - 3)*(x - 2); it is 0 for x = 2 or x = 3"),
    ("3 1/2 + 1", "3 + 1/2 + 1 = 9/2 = 4.5"),
    (r"3\frac{1}{2} + 1", "3 + 1/2 + 1 = 9/2 = 4.5"),
    ("9.8 m/s^2 * 3 s", "9.8 m/s^2 * 3 s = 29.4 m/s"),
    ("arcsin(0.5) in degrees", "arcsin(0.5) = 30 degrees"),
    ("solve v = u + at for a", "v = u + a*t: a = (-u + v)/t"),
    ("What value of x makes 3x - 7 = 11?", "3*x - 7 = 11: x = 6"),
    ("3x - 7 = 11; x = ?", "3*x - 7 = 11: x = 6"),
    ("sum of the squares of 1 to 20", "sum(k^2, k, 1, 20) = 2870"),
    ("increase 80 by 25%", "80*(1 + 25/100) = 100"),
    ("ten plus five", "10 + 5 = 15"),
    # Matrices
    ("[[1,2],[3,4]] * [[5,6],[7,8]]", "[[1, 2], [3, 4]]*[[5, 6], [7, 8]] = [[19, 22], [43, 50]]"),
    ("Matrix([[1,2],[3,4]]).det()", "det(matrix([[1, 2], [3, 4]])) = -2"),
    ("inverse of [[1,2],[3,4]]", "inverse([[1, 2], [3, 4]]) = [[-2, 1], [3/2, -1/2]]"),
    # LaTeX
    (r"\frac{1}{2} + \frac{1}{3}", "1/2 + 1/3 = 5/6 ≈ 0.833333333333"),
    (r"$\sqrt[3]{27}$", "root(27, 3) = 3"),
    (r"\int_0^1 x^2 \, dx", "integrate(x^2, x, 0, 1) = 1/3 ≈ 0.333333333333"),
    (r"\sum_{k=1}^{10} k^2", "sum(k^2, k, 1, 10) = 385"),
    (r"\lim_{x \to 0} \frac{\sin x}{x}", "limit(sin(x)/x, x, 0) = 1"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}^{-1}", "matrix([[1, 2], [3, 4]])^(-1) = [[-2, 1], [3/2, -1/2]]"),
    (r"\begin{cases} x+y=3 \\ x-y=1 \end{cases}", "x = 2, y = 1"),
    # Units
    ("3 km to miles", "3 km = 1.86411357671 miles (rounded; exactly 15625/8382)"),
    ("5 ft 3 in in cm", "5 ft 3 in = 160.02 cm"),
    ("60 mph in m/s", "60 mph = 26.8224 m/s"),
    ("3 km / 20 min in km/h", "3 km / 20 min = 9 km/h"),
    ("60 km / 2 h", "60 km / 2 h = 30 km/h"),
    ("5 kg * 9.8 m/s^2", "5 kg * 9.8 m/s^2 = 49 N"),
    ("how many seconds are in a day", "1 day = 86400 seconds"),
    ("100 F to C", "100 F = 37.7777777778 °C (rounded; exactly 340/9)"),
    ("8 GB / (100 Mbps) in seconds", "8 GB / (100 Mbps) = 640 seconds"),
    ("100 square feet to square meters", "100 feet^2 = 9.290304 meters^2"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "told"), ROWS, ids=[row[0] for row in ROWS])
def test_work_out_gives_an_exact_result(asked: str, told: str) -> None:
    assert work_out(asked) == told


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("9**9**9", r"9\^387420489 has about 369,693,100 digits, and the limit is 10,000"),
        ("10**10**10", "about 10,000,000,000 digits"),
        ("2^-(10^9)", "digits"),
        ("factorial(10**9)", "too large for factorial, which goes up to 3,000"),
        ("(10^5)!!", "too large"),
        ("fibonacci(10**9)", "too large"),
        ("binomial(10**9, 5*10**8)", "too large"),
        ("1e999999999", "exponents go up to 5,000"),
        ("N(pi, 10**9)", "too large for the number of digits"),
        ("product(k, k, 1, 10**6)", "too large"),
        ("[[1,2],[3,4]]^100000", "too large for the power of a matrix"),
        ("diff(x^2, x, 10**6)", "too large for the order of a derivative"),
    ],
)
def test_work_out_refuses_at_once_what_would_take_for_ever(asked: str, said: str) -> None:
    began = time.thread_time()
    with pytest.raises(TooLarge, match=said):
        work_out(asked)
    assert time.thread_time() - began < 5


@pytest.mark.parametrize(
    "asked",
    [
        "__import__('os').system('id')",
        "().__class__.__bases__[0].__subclasses__()",
        "open('/etc/passwd').read()",
        "eval('1+1')",
        "exec('import os')",
        "lambda x: x",
        "x.__class__",
        "symbols('x').__class__",
        "getattr(1, 'x')",
        "globals()",
        "f'{1}'",
        "1 if 1 else 2",
        "(x := 1)",
        "[x for x in y]",
        "os.system('id')",
        "Symbol('x').func",
        "print(open)",
        "Function('f')(x)",
        "(" * 500 + "1" + ")" * 500,
        "sin(" * 70 + "1" + ")" * 70,
        "2^" * 200 + "2",
        "-" * 1500 + "1",
        "1+" * 1200 + "1",
        "[" * 1500,
        "|" * 300,
        "x" * 5000,
        "\\frac{" * 100,
        "\ud800",
        "",
        "What is the capital of France?",
        "5 +",
        "3 4",
    ],
)
def test_work_out_reads_nothing_that_is_no_calculation(asked: str) -> None:
    with pytest.raises((NotReadable, CannotWork)):
        work_out(asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("1/0", "Division by zero"),
        ("tan(pi/2)", "not defined"),
        ("foo(3)", "no function 'foo'"),
        ("sqr(4)", "There is sqrt"),
        ("3 km + 2 hours", "a length and a time"),
        ("3 km", "To convert it, name the unit, as in 3 km to miles"),
        ("5 m to kg", "A length cannot be told in kg, which is a mass"),
        ("5 eur to usd", "it changes every day"),
        ("diff(x*y)", "several variables"),
        ("a*b = 12", "say which"),
        ("limit(sin(x), x, oo)", "between -1 and 1"),
        ("inverse of [[1,2],[2,4]]", "no inverse"),
        ("det([[1,2],[3]])", "different lengths"),
        ("gcd()", "as in gcd"),
        ("sqrt()", "takes 1 argument"),
    ],
)
def test_work_out_says_why_there_is_no_result(asked: str, said: str) -> None:
    with pytest.raises((CannotWork, NotReadable), match=said):
        work_out(asked)
