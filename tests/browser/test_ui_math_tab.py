"""The Math tab in Chromium, over a scripted engine: verdicts, evidence, votes, own answers, many problems."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import allow_long_thinking, another, scripted_app
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

# A static range has no text of its own.
TEXT_OF_RANGE = "range.startContainer.data.slice(range.startOffset, range.endOffset)"

PROGRAM = "for n in range(9):\n    if n * n == 16:\n        print('<i>trying</i>')\n        print(n)"
# A script writes some of its turns a number of times only: each try asks another of these.
HALVES = [f"half of {number}" for number in range(1, 6)]
halves = itertools.cycle(HALVES)


def half_turns(half: str) -> list[dict[str, Any]]:
    """What the chains of such a problem write: three of five say the same, in two ways."""
    said = (("Half of it.", "0.5", 2), ("One over two.", "\\frac{1}{2}", 1), ("A third, perhaps?", "3", 0))
    return [
        {"match": half, "thinking": thinking, "answer": f"It is $\\boxed{{{answer}}}$.", "times": times}
        for thinking, answer, times in said
    ]


TURNS = [
    {"match": "Python program", "thinking": "A loop will do.", "answer": f"Here:\n\n```python\n{PROGRAM}\n```"},
    {"match": "long", "thinking": "Step {n} of many.\n\n", "repeat": 3000, "answer": "\\boxed{1}"},
    *(turn for half in HALVES for turn in half_turns(half)),
    {"match": "cut", "thinking": "Step {n}.\n\n", "repeat": 60, "answer": "It is $\\boxed{7}$."},
    {"match": "slip", "thinking": "So 2 + 2 = 4. Then 4 * 3 = 13, I think. And 13 - 3 = 10.", "answer": "\\boxed{10}"},
    {"match": "2x", "thinking": "Take one away, then halve.", "answer": "So $x = \\boxed{3}$."},
    {"match": "", "thinking": "Two and two make four.", "answer": "It is $\\boxed{4}$."},
]


@pytest.fixture(scope="module")
def address(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, speed=400)


@pytest.fixture
def math(page: Page, address: str, errors: list[str]) -> Page:
    page.goto(address)
    page.get_by_role("tab", name="Math").click()
    expect(page.locator("#math-problem textarea")).to_be_visible()
    return page


def solve(page: Page, problem: str, gold: str = "", chains: str = "") -> None:
    page.locator("#math-problem textarea").fill(problem)
    page.locator("#math-gold input").fill(gold)
    if chains:
        page.locator("#math-chains-number input").click()
        page.get_by_role("option", name=chains, exact=True).click()
    page.locator("#math-solve").click()


def expect_verdict(page: Page, standing: str) -> None:
    expect(page.locator(f"#math-verdict .verdict[data-standing='{standing}']")).to_be_visible()


@pytest.mark.parametrize(("gold", "standing", "label"), [("4", "correct", "Correct"), ("5", "wrong", "Wrong")])
def test_answer_stands_above_the_panes_with_its_verdict_and_the_reason(
    math: Page, gold: str, standing: str, label: str
):
    solve(math, "What is 2 + 2?", gold)
    expect_verdict(math, standing)
    expect(math.locator("#math-verdict .label")).to_have_text(label)
    expect(math.locator("#math-final .katex")).to_contain_text("4")
    expect(math.locator("#math-thinking .log")).to_have_text("Two and two make four.")
    expect(math.locator("#math-answer")).to_contain_text("It is")
    with math.expect_download() as taken:
        math.locator("#math-download").click()
    assert f"Verdict: {standing}: " in Path(taken.value.path()).read_text()
    math.locator("#math-verdict summary").click()
    expect(math.locator("#math-verdict dd").first).to_have_text(gold)


def test_equation_without_a_known_answer_has_evidence_and_no_verdict(math: Page):
    solve(math, "Solve $2x + 1 = 7$ for $x$.")
    expect_verdict(math, "evidence")
    expect(math.locator("#math-verdict .evidence")).to_contain_text("satisfies")
    expect(math.locator("#math-verdict")).not_to_contain_text("Correct")


def test_answer_that_nothing_can_check_is_called_not_checked(math: Page):
    solve(math, "How many legs has a cat?")
    expect_verdict(math, "not checked")
    math.locator("#math-new-gold input").fill("four")
    math.locator("#math-new-gold input").press("Enter")
    expect(math.locator("#math-verdict .verdict:not([data-standing='not checked'])")).to_be_visible()
    math.locator("#math-new-gold input").fill("4")
    math.locator("#math-check-again").click()
    expect_verdict(math, "correct")


def test_check_program_is_asked_for_and_shown_with_its_output_as_evidence(math: Page):
    solve(math, "How many legs has a cow?")
    expect_verdict(math, "not checked")
    math.locator("#math-ask-program").click()
    expect_verdict(math, "evidence")
    said = math.locator("#math-verdict .evidence")
    expect(said).to_contain_text("printed 4 too. It can be wrong in the same way.")
    said.get_by_text("Program and output").click()
    expect(said.locator("pre.source")).to_have_text(PROGRAM)
    expect(said.locator("pre.output")).to_have_text("<i>trying</i>\n4\n")
    expect(said.locator(".limits")).to_contain_text("512 MiB")
    expect(math.locator("#math-verdict")).not_to_contain_text("Correct")
    # The run that wrote it can be opened, and the answer stays where it is.
    math.locator("#math-chains .open", has_text="Check program").click()
    expect(math.locator("#math-thinking .log")).to_have_text("A loop will do.")
    expect(math.locator("#math-chain")).to_have_text("Check program")
    expect(math.locator("#math-final .katex")).to_contain_text("4")
    expect(math.locator("#math-problem textarea")).to_have_value("How many legs has a cow?")


def test_chinese_reader_solves_a_problem_and_reads_what_its_check_program_says(browser: Browser, address: str):
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.get_by_role("tab", name="数学").click()
    solve(page, "How many legs has a cow?")
    expect_verdict(page, "not checked")
    page.get_by_role("button", name="请模型写检验程序").click()
    expect_verdict(page, "evidence")
    expect(page.locator("#math-verdict .evidence")).to_contain_text("只根据题目编写的程序也输出了 4。")
    context.close()


def test_chains_vote_and_each_can_be_opened(math: Page):
    solve(math, f"What is {next(halves)}?", chains="Solve × 5")
    expect_verdict(math, "evidence")
    rows = math.locator("#math-chains tbody tr")
    expect(rows).to_have_count(5)
    expect(math.locator("#math-verdict .evidence")).to_contain_text("samples say")
    expect(math.locator("#math-chains tr.won")).to_have_count(3)
    expect(math.locator("#math-chains .tally")).to_contain_text("3 :")
    # Those that cannot change the vote may have been stopped before they wrote a word; the three that won it were not.
    for row in (math.locator("#math-chains tr.won").nth(place) for place in range(3)):
        name, thought = row.locator(".open").text_content(), "Half of it."
        if "frac" in (row.locator(".answer").text_content() or ""):
            thought = "One over two."
        row.locator(".open").focus()
        row.locator(".open").press("Enter")
        expect(math.locator("#math-chain")).to_have_text(f"{name} of 5")
        expect(math.locator("#math-thinking .log")).to_have_text(thought)
    # What is opened is read; the final answer stays that of the vote.
    math.locator("#math-chains tr:not(.won) .open").first.click()
    expect(math.locator("#math-chain")).to_contain_text("of 5")
    expect(math.locator("#math-final .katex")).not_to_contain_text("3")


def test_problem_is_set_as_it_is_typed(math: Page):
    math.locator("#math-problem textarea").press_sequentially(r"Is $\frac{1}{2}$ <b>more</b> than 5*3*2?")
    expect(math.locator("#math-preview .katex .mfrac")).to_be_visible()
    expect(math.locator("#math-preview")).to_contain_text("<b>more</b> than 5*3*2?")
    math.locator("#math-problem textarea").fill("No maths, $5 and $10")
    expect(math.locator("#math-preview .katex")).to_have_count(0)


def test_reload_in_mid_run_comes_back_to_the_problem_and_stop_ends_it(math: Page):
    allow_long_thinking(math, "math-")
    solve(math, "A long one", "1")
    expect(math.locator("#math-thinking .log")).to_contain_text("Step 3 of many.")
    math.reload()
    expect(math.locator("#math-problem textarea")).to_have_value("A long one")
    expect(math.locator("#math-thinking .log")).to_contain_text("Step 9 of many.")
    assert (math.locator("#math-thinking .log").text_content() or "").startswith("Step 1 of many.")
    math.keyboard.press("Escape")
    expect_verdict(math, "undecided")
    expect(math.locator("#math-continue")).to_be_visible()


def test_answer_now_ends_the_thinking_with_an_answer_that_is_checked(math: Page):
    allow_long_thinking(math, "math-")
    solve(math, "A long one", "1")
    expect(math.locator("#math-thinking .log")).to_contain_text("Step 3 of many.")
    math.locator("#math-answer-now").click()
    expect_verdict(math, "correct")


def test_refused_problem_says_why_and_stays(math: Page):
    math.locator("#math-solve").click()
    expect(math.locator("#math-status .text")).to_contain_text("The problem is empty.")
    solve(math, "What is 2 + 2?", "4" * 2001)
    expect(math.locator("#math-status .text")).to_contain_text("2,001 characters")
    expect(math.locator("#math-problem textarea")).to_have_value("What is 2 + 2?")


def test_own_answer_is_checked_without_a_run(math: Page):
    math.locator("#own-drawer > button").click()
    math.locator("#math-gold input").fill("1/2")
    math.locator("#own-answer input").fill("0.5")
    math.locator("#own-check").click()
    expect(math.locator("#own-verdict .verdict[data-standing=correct]")).to_be_visible()
    math.locator("#math-gold input").fill("")
    math.locator("#math-problem textarea").fill("Solve $2x + 1 = 7$ for $x$.")
    math.locator("#own-answer input").fill("4")
    math.locator("#own-answer input").press("Enter")
    expect(math.locator("#own-verdict .evidence")).to_contain_text("does not satisfy")
    assert "run=" not in math.url


def test_solved_problem_is_listed_and_opens_from_both_lists(math: Page):
    problem = f"{another('What is 2 + 2, listed')}?"
    solve(math, problem, "5")
    expect_verdict(math, "wrong")
    math.locator("#math-new").click()
    expect(math.locator("#math-problem textarea")).to_have_value("")
    expect(math.locator("#math-verdict .verdict")).to_be_hidden()
    math.locator("#solved-drawer > button").click()
    math.locator("#solved .open", has_text=problem).click()
    expect_verdict(math, "wrong")
    expect(math.locator("#math-gold input")).to_have_value("5")
    math.get_by_role("tab", name="Past runs").click()
    math.locator("#runs-list .open", has_text=problem).click()
    expect(math.get_by_role("tab", name="Math")).to_have_attribute("aria-selected", "true")
    expect_verdict(math, "wrong")


def test_many_problems_fill_a_table_that_can_be_taken_along(math: Page, tmp_path: Path):
    file = tmp_path / "problems.csv"
    file.write_text("id,problem,gold\na,What is 2 + 2?,4\nb,What is two and two?,5\nc,How many?,\n")
    math.locator("#batch-drawer > button").click()
    math.locator("#batch-drawer input[type=file], input#batch-choose, #batch-choose input").first.set_input_files(file)
    expect(math.locator("#batch-message")).to_have_text("3 problems read, 2 with a known answer.")
    math.locator("#batch-start").click()
    expect(math.locator("#batch-table .tally")).to_have_text("3 of 3 done · 1 correct · 1 wrong · 1 not checked")
    with math.expect_download() as taken:
        math.locator("#batch-json-lines").click()
    rows = [json.loads(line) for line in Path(taken.value.path()).read_text().splitlines()]
    assert [(row["id"], row["checked"], row["answer"]) for row in rows] == [
        ("a", "correct", "4"),
        ("b", "wrong", "4"),
        ("c", "not checked", "4"),
    ]
    math.locator("#batch-table .open", has_text="two and two").click()
    expect_verdict(math, "wrong")


def test_file_that_cannot_be_read_says_which_line(math: Page, tmp_path: Path):
    file = tmp_path / "problems.jsonl"
    file.write_text('{"problem": "1"}\n{"problem":\n')
    math.locator("#batch-drawer > button").click()
    math.locator("#batch-drawer input[type=file], input#batch-choose, #batch-choose input").first.set_input_files(file)
    expect(math.locator("#batch-message")).to_contain_text("problems.jsonl, line 2: it is no JSON")


def test_sums_of_the_thinking_are_marked_in_its_pane_and_a_click_goes_to_the_slip(math: Page):
    solve(math, "With a slip", "9")
    expect_verdict(math, "wrong")
    expect(math.locator("#math-arithmetic .counts")).to_have_text("2 sums hold · 1 slip")
    math.locator("#math-arithmetic .counts").click()
    marked = "() => [...CSS.highlights.get('workings-slip')].map((range) => [range.toString(), !!range.startContainer"
    marked += ".parentElement.closest('#math-thinking')])"
    math.wait_for_function(
        f"JSON.stringify(({marked.replace('range.toString()', TEXT_OF_RANGE)})()) === '[[\"4 * 3 = 13\",true]]'"
    )
    math.locator("#math-arithmetic .details").click()
    expect(math.locator("#math-arithmetic .slips li")).to_contain_text("should be 12")
    math.locator("#math-new").click()
    expect(math.locator("#math-arithmetic .sums")).to_be_hidden()
