"""Answers that are worth what the reference is: which of them are in its form, and which only quote or leave work undone."""

import pytest

from verify.answer_form import form_fault


@pytest.mark.parametrize(
    ("gold", "candidate"),
    [
        pytest.param("391", "391", id="the same"),
        pytest.param("1250", "1,250", id="comma in thousands"),
        pytest.param("12.60", r"\$12.60", id="dollars"),
        pytest.param("20", r"20\%", id="percent"),
        pytest.param("-1/2", r"\frac{-1}{2}", id="minus inside the fraction"),
        pytest.param("0.5", r"\frac{1}{2}", id="fraction for a decimal"),
        pytest.param("5/2", r"2\frac{1}{2}", id="mixed number"),
        pytest.param("2^3 * 5", r"2 \times 2 \times 2 \times 5", id="powers written out"),
        pytest.param("2^3 * 5", r"5 \cdot 2^3", id="factors in another order"),
        pytest.param("yes", r"\text{Yes}", id="a word"),
        pytest.param("x^2+1", "1+x^2", id="terms in another order"),
        pytest.param("3", "x = 3", id="equation"),
        pytest.param("391", "17 * 23 = 391", id="chain"),
        pytest.param("y = 2x + 1", "y = 1 + 2x", id="line"),
        pytest.param("x^2 + y^2 = 4", "y^2 + x^2 = 4", id="equation for an equation"),
        pytest.param("90", r"90^\circ", id="degrees"),
        pytest.param("1/2", r"\frac{1}{2}\text{ of the cake}", id="part of something"),
        pytest.param("7", "seven", id="word for a number"),
        pytest.param("300000000", r"3 \times 10^8", id="scientific notation"),
        pytest.param("-0.00012", r"-1.2 \times 10^{-4}", id="small number in scientific notation"),
        pytest.param("20%", r"\frac{1}{5}", id="fraction for a percentage"),
        pytest.param("1024", r"1024\text{ subsets}", id="unit"),
        pytest.param(r"\sqrt{2}", r"\sqrt{2}", id="root"),
    ],
)
def test_answer_in_the_form_of_its_reference_has_no_fault(gold: str, candidate: str):
    assert form_fault(gold, candidate, "What is it?") == ""


@pytest.mark.parametrize(
    ("gold", "candidate", "question", "fault"),
    [
        pytest.param("391", r"17 \cdot 23", "What is 17 * 23?", "not worked out", id="product quoted"),
        pytest.param("391", "x = 17 * 23", "", "not worked out", id="product with a name"),
        pytest.param("391", "= 17 * 23", "", "not worked out", id="product behind an equals sign"),
        pytest.param("391", "5 = 17 * 23", "", "not worked out", id="product behind a number"),
        pytest.param("x = 391", "x = 17 * 23", "", "not worked out", id="product for a value with a name"),
        pytest.param("391", r"17 \cdot 23 \text{ cm}", "", "not worked out", id="product with a unit"),
        pytest.param("391", "17 * 23 dollars", "", "not worked out", id="product of money"),
        pytest.param("391", r"\sum_{i=1}^{391} 1", "", "not worked out", id="sum sign"),
        pytest.param("391", "Work out 17 * 23 now", "", "not worked out", id="sentence with a product"),
        pytest.param("2", "50 % 4 in python", "", "not worked out", id="remainder of a program"),
        pytest.param("50", "what share of 100 is 50", "Say what share of 100 is 50.", "question says", id="question"),
        pytest.param(
            "0.78", "39/50", "Convert 39/50 to a decimal.", "question says", id="fraction quoted for a decimal"
        ),
        pytest.param("0.78", "x = 39/50", "Convert 39/50 to a decimal.", "question says", id="named fraction quoted"),
        pytest.param("500", r"5 \times 10^2", "What is 5 * 10^2?", "question says", id="scientific notation quoted"),
        pytest.param("391000", r"391 \cdot 10^3", "", "not worked out", id="factor of ten"),
        pytest.param("13", r"\sqrt{169}", "", "not worked out", id="root left"),
        pytest.param("391", "782/2", "", "not worked out", id="whole number as a fraction"),
        pytest.param("3/4", "6/8", "Simplify 6/8.", "lowest terms", id="fraction quoted"),
        pytest.param("5/4", r"1\frac{2}{8}", "", "lowest terms", id="mixed number not in lowest terms"),
        pytest.param("3/4", "1/2 + 1/4", "What is 1/2 + 1/4?", "not worked out", id="sum of fractions"),
        pytest.param("2^3 * 5", "40", "Factor 40.", "taken apart", id="number for its factors"),
        pytest.param("2^3 * 5", "8 * 5", "Factor 40.", "taken apart", id="factors that are not prime"),
        pytest.param("x^2-1", "(x-1)*(x+1)*(x+2)/(x+2)", "", "not worked out", id="expression not cancelled"),
        pytest.param("x^2+3x+2", "(x+1)(x+2)", "Expand (x+1)(x+2).", "question says", id="expression quoted"),
    ],
)
def test_answer_that_leaves_the_work_undone_has_a_fault(gold: str, candidate: str, question: str, fault: str):
    assert fault in form_fault(gold, candidate, question)


def test_number_with_a_unit_of_the_question_is_no_quotation():
    assert form_fault("5", "5 cm", "One side is 5 cm long. How long is the one across?") == ""


def test_number_of_the_question_is_not_taken_apart_and_another_one_is_worked_out():
    assert form_fault("2^3 * 5", "40", "Write 40 as a product of primes.") != ""
    assert form_fault("2^{10}", "1024", "How many subsets have 10 things?") == ""
