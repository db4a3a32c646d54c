import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model.branching import Branch
from model.comparing import compare
from model.errors import RunNotFound
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.comparing import Comparing, difference_words, row_parts
from ui.endpoints import Endpoints

TURNS = [
    Turn("One step, number {n}.\n\n", "At last.", match="slow", repeat=2000),
    Turn("Two and two.\n\nThat is four.", "It is 4.\n\nSurely."),
]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    settings = Settings(tmp_path)
    made = Runs(Store(tmp_path), ModelHost(settings, engine=ScriptedEngine(TURNS, tokens_per_second=500)), settings)
    yield made
    made.close()
    made.store.close()


def ended(runs: Runs, run_id: str) -> str:
    follower = runs.attach(run_id)
    for _ in follower:
        pass
    follower.close()
    while runs.is_live(run_id):
        time.sleep(0.01)
    return run_id


@pytest.fixture
def comparing(runs: Runs) -> Comparing:
    return Comparing(runs, lambda run_id: f"follow {run_id}")


def opened(comparing: Comparing, run_id: str) -> dict[str, Any]:
    value, _ = asyncio.run(comparing.on_open(run_id))
    return dict(value)


def test_view_opens_on_a_run_beside_the_one_that_it_came_out_of(runs: Runs, comparing: Comparing):
    first = ended(runs, runs.start("2+2?"))
    second = ended(runs, runs.branch(first, Branch()))
    third = ended(runs, runs.branch(first, Branch(thinking="Two and two.\n\nThat is five.", answers_now=True)))
    assert [opened(comparing, each)[side] for each in (first, second, third) for side in ("left", "right")] == [
        *(first, second),
        *(first, second),
        *(first, third),
    ]


def test_view_names_each_run_by_number_way_tokens_and_the_first_line_of_its_answer(runs: Runs, comparing: Comparing):
    first = ended(runs, runs.start("2+2?"))
    ended(runs, runs.branch(first, Branch(answers_now=True)))
    ended(runs, runs.branch(first, Branch(thinking="Four.", answers_now=True)))
    n_tokens = runs.store.row(first).thinking_tokens
    assert [words for _, words in opened(comparing, first)["runs"]] == [
        f"1 · asked first · {n_tokens} thinking tokens · It is 4.",
        "2 · new answer · It is 4.",
        "3 · edited thinking · It is 4.",
    ]


def test_view_says_of_a_run_that_it_goes_on_and_later_how_it_ended(runs: Runs, comparing: Comparing):
    first = ended(runs, runs.start("2+2?"))
    second = runs.branch(first, Branch(question="slow"), budget="high")
    assert opened(comparing, second)["runs"][1][1] == "2 · another question · still going on"
    runs.stop(second)
    ended(runs, second)
    assert opened(comparing, second)["runs"][1][1].endswith(" · no answer")


def test_view_sets_the_thinkings_beside_each_other_and_tells_whether_the_answers_are_the_same(
    runs: Runs, comparing: Comparing
):
    first = ended(runs, runs.start("2+2?"))
    second = ended(runs, runs.branch(first, Branch(thinking="Two and two.\n\nThat is five.", answers_now=True)))
    value = comparing.value(first, second)
    assert value["thinking"]["rows"] == [["same", "Two and two."], ["changed", "That is ", "four", ".", "five", "."]]
    assert value["thinking"]["words"].startswith("The same for 23 characters; they part in paragraph 2.")
    assert value["answer"] == {
        "words": "The same text: 17 characters.",
        "rows": [["same", "It is 4."], ["same", "Surely."]],
    }


def test_value_of_a_run_that_is_not_there_is_refused(runs: Runs, comparing: Comparing):
    with pytest.raises(RunNotFound):
        comparing.value(ended(runs, runs.start("2+2?")), "nobody")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("a\n\nb", "a", ["only_left", "b"], id="only left"),
        pytest.param("a", "a\n\n  b\n", ["only_right", "  b"], id="an indent is kept, a line's end is not"),
        pytest.param(
            "a\n\nSo four", "a\n\nYes four", ["changed", "", "So", " four", "Yes", " four"], id="from the start"
        ),
        pytest.param("a\n\nSo", "a\n\nSo is it", ["changed", "So", "", "", " is", " it"], id="one goes on"),
    ],
)
def test_row_parts_are_the_texts_without_the_blank_lines_around_them(left, right, expected):
    assert row_parts(next(row for row in compare(left, right).rows if row.kind != "same")) == expected


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ("", "", "Neither has a thinking."),
        ("Four.", "Four.", "The same text: 5 characters."),
        ("Four.", "Two.", "They differ from the first character on. 0 paragraphs the same, 1 changed."),
        ("Four.", "", "They differ from the first character on. 0 paragraphs the same, 1 only on the left."),
    ],
)
def test_difference_words_say_where_two_texts_part(left: str, right: str, words: str):
    assert difference_words(compare(left, right), left, "thinking") == words


@pytest.fixture
def endpoints(runs: Runs) -> Endpoints:
    return Endpoints(runs, runs.host, runs.settings)


def test_compare_gives_scripts_the_first_difference_and_counts(runs: Runs, endpoints: Endpoints):
    first = ended(runs, runs.start("2+2?"))
    second = ended(
        runs, runs.branch(first, Branch(thinking="Two and two.\n\nThat is five.\n\nOr so.", answers_now=True))
    )
    found = asyncio.run(endpoints.compare(first, second))
    assert found["thinking"] == {
        "is_same": False,
        "first_difference": {"characters": len("Two and two.\n\nThat is f"), "paragraph": 2},
        "paragraphs": {"same": 1, "changed": 1, "only_first": 0, "only_second": 1},
    }
    assert found["answer"]["is_same"] and found["answer"]["first_difference"] is None
    assert (found["run_id"], found["other_run_id"]) == (first, second)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda endpoints, run_id: endpoints.compare(run_id, "nobody"), "nobody"),
        (lambda endpoints, run_id: endpoints.compare(run_id, 7), "other_run_id is a number, 7; give a string"),
        (lambda endpoints, run_id: endpoints.samples(run_id, 9), "k is a number, 9; give a whole number from 2 to 8"),
        (lambda endpoints, run_id: endpoints.samples("nobody", 2), "no run 'nobody' to ask again"),
    ],
)
def test_endpoints_refuse_with_a_sentence(runs: Runs, endpoints: Endpoints, call: Callable[..., Any], why: str):
    first = ended(runs, runs.start("2+2?"))
    with pytest.raises(Exception, match=why):
        asyncio.run(call(endpoints, first))


def test_samples_gives_scripts_the_ids_of_runs_that_go_on(runs: Runs, endpoints: Endpoints):
    first = ended(runs, runs.start("2+2?"))
    given = asyncio.run(endpoints.samples(first, 2))
    assert given["run_ids"] == [row.id for row in runs.store.siblings(first)][1:] and len(given["run_ids"]) == 2
    assert given["text"] == "2 runs started. Read each with /attach."
