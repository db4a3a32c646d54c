"""The Code tab in Chromium, over a scripted engine and the real sandbox: rounds, tests, runs by hand, versions."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from model.code_events import Program, Task, TestCase, TestReport
from model.events import AnswerDelta, Asked, Event, Finished
from model.store import Store
from tests.chat_page import allow_long_thinking, another, scripted_app
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

DOUBLE = "def {name}(numbers):\n    return [{body} for n in numbers]"


def answer(name: str, body: str) -> str:
    return f"Here it is:\n\n```python\n{DOUBLE.format(name=name, body=body)}\n```"


def asserts_of(name: str) -> str:
    return f"assert {name}([1, 2, 3]) == [2, 4, 6]\nassert {name}([]) == []\nassert {name}([-1]) == [-2]"


PATIENT = "def patient(n):\n    time.sleep(100 if n > 1 else 0)\n    return n"
TURNS = [
    {"match": "fails .*mend\\(", "thinking": "It squares.", "answer": answer("mend", "2 * n")},
    {"match": "mend\\(", "thinking": "Square each.", "answer": answer("mend", "n * n")},
    {"match": "fails .*later\\(", "thinking": "Doubled, not squared.", "answer": answer("later", "2 * n")},
    {"match": "later\\(", "thinking": "Step {n} of many.\n\n", "repeat": 6000, "answer": answer("later", "n * n")},
    {"match": "never\\(", "thinking": "I try.", "answer": answer("never", "0")},
    {"match": "talk", "thinking": "No idea.", "answer": "I would rather talk."},
    {"match": "give the whole of it", "thinking": "Still none.", "answer": "I would rather talk."},
    {"match": "patient\\(", "thinking": "Wait.", "answer": f"```python\nimport time\n{PATIENT}\n```"},
    {"match": "long", "thinking": "Step {n} of many.\n\n", "repeat": 6000, "answer": answer("long", "2 * n")},
    {
        "match": "Do not write the program",
        "thinking": "Usual ones.",
        "answer": "```python\nassert bare([2]) == [5]\n```",
    },
    {"match": "bare\\(", "thinking": "Double.", "answer": answer("bare", "2 * n")},
    {"match": "", "thinking": "Double each.", "answer": answer("double", "2 * n")},
]
STORED = "stored-outcomes"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one task, whose program met every outcome; a real one with all would take a minute."""
    folder = tmp_path_factory.mktemp("code-data")
    store = Store(folder)
    store.create(STORED, Asked("Every outcome"), title="Every outcome", owner="")
    cases = [
        TestCase("1", "passed", 0.002, "f('right')", "1", "1"),
        TestCase("2", "wrong", 0.002, "f('wrong')", "1", "<b>2</b>"),
        TestCase("3", "error", 0.002, "f('raise')", "1", None, "ValueError: no good (line 8)"),
        TestCase("4", "timeout", 6.1, "f('slow')", "1", None, "it took too much time"),
        TestCase("5", "memory", 0.3, "f('big')", "1", None, "it took too much memory"),
        TestCase("6", "not_run", 0.0, "f('late')", "1"),
    ]
    report = TestReport("timeout", tuple(cases), "asserts", level="filter", seconds=6.5, stdout="so far\n" * 3)
    told: list[Event] = [
        Task(STORED, "Every outcome", "assert f('right') == 1", "asserts"),
        AnswerDelta("```\npass\n```", 3),
    ]
    store.append(STORED, [*told, Finished("stop"), Program("def f(how):\n    ..."), report])
    store.close()
    return folder


@pytest.fixture(scope="module")
def address(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory, folder: Path) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, speed=400, data_folder=folder)


@pytest.fixture
def code(page: Page, address: str, errors: list[str]) -> Page:
    page.goto(address)
    return opened(page)


def opened(page: Page) -> Page:
    page.get_by_role("tab", name="Code", exact=True).click()
    expect(page.locator("#code-isolation")).to_contain_text("Programs run isolated")
    return page


def solve(page: Page, task: str, tests: str = "", hidden: str = "") -> None:
    page.locator("#code-task textarea").fill(task)
    page.locator("#code-tests textarea").fill(tests)
    if hidden:
        page.locator("#hidden-drawer > button").click()
        page.locator("#code-hidden textarea").fill(hidden)
    page.locator("#code-task textarea").press("Control+Enter")


def expect_result(page: Page, label: str, standing: str) -> None:
    expect(page.locator("#code-result .label")).to_have_text(label)
    expect(page.locator(f"#code-result .result[data-standing={standing}]")).to_be_visible()


def write(page: Page, program: str) -> None:
    page.locator("#code-program .cm-content").fill(program)


def expect_program(page: Page, piece: str) -> None:
    expect(page.locator("#code-program .cm-content")).to_contain_text(piece)


def test_program_that_passes_is_said_to_pass_with_its_tests_below(code: Page):
    solve(code, "Write double(numbers).", asserts_of("double"))
    expect_result(code, "Passes 3 of 3 given tests", "passes")
    expect(code.locator("#code-tests-told")).to_have_text("Asserts 3 tests of double")
    expect_program(code, "2 * n")
    expect(code.locator("#code-table .state.passed")).to_have_count(3)
    expect(code.locator("#code-thinking .log")).to_have_text("Double each.")
    expect(code.locator("#code-answer")).to_contain_text("Here it is:")
    expect(code.locator("#code-status .text")).to_have_text("Done")
    with code.expect_download() as taken:
        code.locator("#code-download").click()
    assert taken.value.suggested_filename == "write-double-numbers.py"
    assert Path(taken.value.path()).read_text() == DOUBLE.format(name="double", body="2 * n") + "\n"
    with code.expect_download() as taken:
        code.locator("#code-report").click()
    told = json.loads(Path(taken.value.path()).read_text())
    assert (told["standing"], told["report"]["passed"], told["tests"]) == ("passes", 3, asserts_of("double"))


def test_page_goes_on_to_the_round_that_mends_the_program_and_shows_what_it_changed(code: Page):
    solve(code, "Write mend(numbers).", asserts_of("mend"), hidden="assert mend([5]) == [10]\nassert mend([0]) == [1]")
    expect_result(code, "Passes 3 of 3 given tests", "passes")
    # The hidden share stands beside it, and what the tests hold stays hidden.
    expect(code.locator("#code-result .more .fails")).to_have_text("1 of 2 hidden tests")
    rounds = code.locator("#code-timeline .round")
    expect(rounds).to_have_count(2)
    expect(rounds.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(code.locator("#code-thinking .log")).to_have_text("It squares.")
    expect_program(code, "2 * n")
    code.locator("#code-diff summary").click()
    expect(code.locator("#code-diff tr.gone .line")).to_have_text("    return [n * n for n in numbers]")
    expect(code.locator("#code-diff tr.new .line")).to_have_text("    return [2 * n for n in numbers]")
    expect(code.locator("#code-diff tr.new .sign")).to_have_text("+ new")
    expect(code.locator("#code-table")).not_to_contain_text("mend([5])")
    rounds.nth(0).click()
    expect(code.locator("#code-round")).to_have_text("Round 1 of 3")
    expect_program(code, "n * n")
    expect(code.locator("#code-table .state.wrong")).to_have_count(4)
    expect(code.locator("#code-thinking .log")).to_have_text("Square each.")
    # What was chosen is the page's address, and comes back with it.
    code.reload()
    expect(code.locator("#code-round")).to_have_text("Round 1 of 3")
    expect_result(code, "Passes 3 of 3 given tests", "passes")
    expect(code.locator("#code-tests textarea")).to_have_value(asserts_of("mend"))


def test_task_that_no_round_solves_says_how_many_tests_pass_and_what_fails_first(code: Page):
    solve(code, "Write never(numbers).", asserts_of("never"))
    expect(code.locator("#code-timeline .round")).to_have_count(3)
    expect(code.locator("#code-status .text")).to_have_text("Done")
    expect_result(code, "1 of 3 given tests", "fails")
    expect(code.locator("#code-result .reason")).to_have_text(
        "First failure: never([1, 2, 3]) gave [0, 0, 0], not [2, 4, 6]"
    )


def test_answer_without_a_program_is_said_to_have_none(code: Page):
    solve(code, "Please talk.", asserts_of("talk"))
    expect(code.locator("#code-status .text")).to_have_text("Done")
    expect_result(code, "No program", "fails")
    expect(code.locator("#code-timeline .fails").first).to_contain_text("no program")


def test_program_without_given_tests_is_called_not_tested_and_the_models_own_no_proof(code: Page):
    solve(code, "Write bare(numbers).")
    expect_result(code, "Not tested", "none")
    expect(code.locator("#code-result .more")).to_contain_text("0 of 1 model-written tests")
    expect(code.locator("#code-result .more")).to_contain_text("no proof")


def test_every_outcome_of_a_test_is_told_from_the_others_and_unfolds(page: Page, address: str, errors: list[str]):
    page.goto(f"{address}/?run={STORED}")
    expect(page.get_by_role("tab", name="Code", exact=True)).to_have_attribute("aria-selected", "true")
    states = page.locator("#code-table .test .state")
    said = ["✓ passed", "✗ wrong", "✗ error", "✗ too slow", "✗ too much memory", "– not run"]
    expect(states).to_have_text(said)
    expect_result(page, "1 of 6 given tests", "fails")
    # What a program gives back is text, whatever it looks like.
    expect(page.locator("#code-table .got").nth(1)).to_have_text("<b>2</b>")
    error = page.locator("#code-table .open", has_text="f('raise')")
    error.focus()
    error.press("Enter")
    expect(error).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#code-table .more:not([hidden]) dd").last).to_have_text("ValueError: no good (line 8)")
    expect(page.locator("#code-output .stdout")).to_have_text("so far\n" * 3)


def test_program_and_tests_of_ones_own_run_without_a_model(code: Page):
    write(code, "name = input()\nprint('hello', name)")
    code.locator("#stdin-drawer > button").click()
    code.locator("#code-stdin textarea").fill("Ada")
    code.locator("#code-run").click()
    expect(code.locator("#code-output .stdout")).to_have_text("hello Ada\n")
    code.locator("#code-run-tests").click()
    expect(code.locator("#code-status .text")).to_contain_text("There are no tests.")
    code.locator("#code-tests textarea").fill("input: Bob\noutput: hello Bob\n\ninput: Eve\noutput: hello Ada")
    expect(code.locator("#code-tests-told .kind")).to_have_text("Inputs and outputs")
    code.locator("#code-program .cm-content").press("Control+Enter")
    expect_result(code, "1 of 2 given tests", "fails")
    expect(code.locator("#code-table .test .state")).to_have_text(["✓ passed", "✗ wrong"])
    code.locator("#code-tests textarea").fill("assert hello(")
    expect(code.locator("#code-tests-told .bad")).to_be_visible()
    assert "run=" not in code.url


def test_chart_that_a_program_draws_is_shown(code: Page):
    write(code, "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()\nprint('drawn')")
    code.locator("#code-run").click()
    expect(code.locator("#code-output .stdout")).to_have_text("drawn\n", timeout=60_000)
    code.wait_for_function("document.querySelector('#code-output img')?.naturalWidth > 100")


def test_edited_program_becomes_a_version_of_its_round_and_a_look_at_another_keeps_the_edit(code: Page):
    solve(code, "Write mend(numbers), then edit.", asserts_of("mend"))
    expect_result(code, "Passes 3 of 3 given tests", "passes")
    expect_program(code, "2 * n")
    write(code, "def mend(numbers):\n    return 'mine'")
    code.locator("#code-timeline .round").first.click()
    expect_program(code, "n * n")
    code.locator("#code-program-line .action").click()
    expect_program(code, "'mine'")
    code.locator("#code-run-tests").click()
    expect(code.locator("#code-program-line .whose")).to_contain_text("changed by you")
    expect(code.locator("#code-timeline .marks", has_text="edited")).to_have_count(1)
    expect(code.locator("#code-table .state.wrong")).to_have_count(3)
    expect(code.locator("#code-diff summary")).to_contain_text("Your changes: 1 line new")


def test_changed_tests_are_those_of_the_task_from_then_on_for_all_of_its_programs(code: Page):
    solve(code, "Write mend(numbers), then change its tests.", asserts_of("mend"))
    expect_result(code, "Passes 3 of 3 given tests", "passes")
    expect_program(code, "2 * n")
    changed = "assert mend([3]) == [9]\nassert mend([0]) == [0]"
    code.locator("#code-tests textarea").fill(changed)
    code.locator("#code-run-tests").click()
    # The first round's program squares, so by these tests it is the best; the later one is on the page.
    expect_result(code, "Passes 2 of 2 given tests", "passes")
    expect(code.locator("#code-result .about")).to_have_text("Best: Round 1 of 3 · by tests that you changed")
    expect(code.locator("#code-table .test .state")).to_have_text(["✗ wrong", "✓ passed"])
    expect(code.locator("#code-timeline .marks", has_text="edited")).to_have_count(0)
    code.reload()
    expect(code.locator("#code-tests textarea")).to_have_value(changed)
    expect_result(code, "Passes 2 of 2 given tests", "passes")
    with code.expect_download() as taken:
        code.locator("#code-report").click()
    told = json.loads(Path(taken.value.path()).read_text())
    assert told["tests"] == changed and [each["reports"][0]["passed"] for each in told["rounds"]] == [2, 1]


def test_form_and_entry_point_are_found_and_can_be_corrected(code: Page):
    told = code.locator("#code-tests-told")
    code.locator("#code-tests textarea").fill("def check(candidate):\n    assert candidate(3) == 9")
    expect(told).to_contain_text("does not say which function")
    code.locator("#code-task textarea").fill("Write square(n).")
    code.locator("#code-tests textarea").fill("def check(candidate):\n    assert candidate(2) == 4")
    expect(told).to_have_text("check(candidate) 1 test of square")
    write(code, "def twice(n): return n + n\ndef square(n): return n ** n")
    code.locator("#code-run-tests").click()
    expect_result(code, "Passes 1 of 1 given tests", "passes")
    entry_point = code.locator("#code-entry-point").locator("input, textarea")
    code.locator("#code-tests textarea").fill("def check(candidate):\n    assert candidate(3) == 6")
    entry_point.fill("twice")
    expect(told).to_have_text("check(candidate) 1 test of twice")
    code.locator("#code-run-tests").click()
    expect_result(code, "Passes 1 of 1 given tests", "passes")
    entry_point.fill("two words")
    expect(told.locator(".bad")).to_contain_text("give its name alone")
    entry_point.fill("")
    code.locator("#code-tests textarea").fill("assert twice(3) == 6\n>>> twice(4)\n8")
    choice = code.locator("#code-tests-form input")
    choice.click()
    code.get_by_role("option", name="Doctests").click()
    expect(told).to_have_text("Doctests 1 test of twice")
    code.locator("#code-run-tests").click()
    expect(code.locator("#code-table .test .name")).to_have_text("twice(4)")


def test_reload_while_tests_are_run_comes_back_to_the_one_that_runs(code: Page):
    # Each of those that sleep is given 19 seconds.
    tests = "\n".join(f"assert patient({n}) == {n}" for n in range(1, 5))
    solve(code, "Write patient(n).", tests)
    states = ["✓ passed", "… running", "· waiting", "· waiting"]
    expect(code.locator("#code-table .test .state")).to_have_text(states)
    expect(code.locator("#code-status .text")).to_have_text("Running test 2 of 4")
    expect_program(code, "time.sleep")
    code.reload()
    expect(code.locator("#code-table .test .state.waiting").first).to_be_visible()
    expect(code.locator("#code-table .test .state").first).to_have_text("✓ passed")
    expect(code.locator("#code-status .text")).to_contain_text("of 4")
    expect_program(code, "time.sleep")
    code.locator("#code-stop").click()


def test_reload_in_mid_run_comes_back_to_it_and_stop_ends_the_task(code: Page):
    # Long enough to go on for the slowest machine.
    allow_long_thinking(code, "code-")
    solve(code, "A long one", asserts_of("long"))
    expect(code.locator("#code-thinking .log")).to_contain_text("Step 3 of many.")
    code.reload()
    expect(code.locator("#code-task textarea")).to_have_value("A long one")
    expect(code.locator("#code-thinking .log")).to_contain_text("Step 9 of many.")
    assert (code.locator("#code-thinking .log").text_content() or "").startswith("Step 1 of many.")
    code.locator("#code-stop").click()
    expect_result(code, "No program", "none")
    expect(code.locator("#code-continue")).to_be_visible()
    expect(code.locator("#code-timeline .round")).to_have_count(1)


def test_page_that_was_reloaded_in_mid_round_goes_on_to_the_next_one(code: Page):
    allow_long_thinking(code, "code-")
    solve(code, "Write later(numbers), after a long thought", asserts_of("later"))
    expect(code.locator("#code-thinking .log")).to_contain_text("Step 3 of many.")
    code.reload()
    expect(code.locator("#code-thinking .log")).to_contain_text("Step 9 of many.")
    code.locator("#code-answer-now").click()
    expect_result(code, "Passes 3 of 3 given tests", "passes")
    expect(code.locator("#code-round")).to_have_text("Round 2 of 3")
    expect(code.locator("#code-thinking .log")).to_have_text("Doubled, not squared.")


def test_task_is_listed_and_opens_at_its_best_round_from_both_lists(code: Page):
    task = another("Write mend(numbers), listed")
    solve(code, task, asserts_of("mend"))
    expect_result(code, "Passes 3 of 3 given tests", "passes")
    code.locator("#code-new").click()
    expect(code.locator("#code-task textarea")).to_have_value("")
    expect(code.locator("#code-result .result")).to_be_hidden()
    expect(code.locator("#code-program .cm-content")).to_have_text("")
    code.locator("#tasks-drawer > button").click()
    code.locator("#tasks .open", has_text=task).click()
    expect(code.locator("#code-round")).to_have_text("Round 2 of 3")
    code.get_by_role("tab", name="Past runs").click()
    code.locator("#runs-list .open", has_text=task).click()
    expect(code.get_by_role("tab", name="Code", exact=True)).to_have_attribute("aria-selected", "true")
    expect_program(code, "2 * n")


def test_refused_task_says_why_and_stays(code: Page):
    code.locator("#code-solve").click()
    expect(code.locator("#code-status .text")).to_contain_text("The task is empty.")
    solve(code, "Write it.", "these are no tests at all")
    expect(code.locator("#code-status .text")).to_contain_text("no form that is known")
    expect(code.locator("#code-task textarea")).to_have_value("Write it.")


def test_phone_in_the_dark_scrolls_in_one_direction_only(browser: Browser, address: str):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/?run={STORED}")
    expect(page.locator("#code-table .test .state")).to_have_count(6)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("#code-run-tests").evaluate("button => button.getBoundingClientRect().height") >= 36
    expect(page.locator("#code-table thead th:visible")).to_have_text(["Test", "State", "Time"])
    context.close()


def test_chinese_reader_finds_the_tab_in_chinese(browser: Browser, address: str):
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/?run={STORED}")
    expect(page.locator("#code-result .label")).to_have_text("6 个给定测试中通过 1 个")
    expect(page.get_by_role("tab", name="代码", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#code-run-tests")).to_have_text("运行测试")
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_tab_has_no_accessibility_violation(browser: Browser, address: str, scheme: str, width: int):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}/?run={STORED}")
    expect(page.locator("#code-table .test .state")).to_have_count(6)
    page.locator("#code-table .open").first.click()
    page.locator("#hidden-drawer > button").click()
    page.locator("#stdin-drawer > button").click()
    expect(page.locator("#code-stdin textarea")).to_be_visible()
    # It cannot see that code.css darkens the editor's pale colours.
    parts = {"include": [["body"]], "exclude": [["#code-program .cm-line"]]}
    options = {"runOnly": ["wcag2a", "wcag2aa"]}
    results = axe.Axe().run(page, context=parts, options=options).response["violations"]
    assert [(each["id"], node["html"][:160]) for each in results for node in each["nodes"]] == []
    context.close()
