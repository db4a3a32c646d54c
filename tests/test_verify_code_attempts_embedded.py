"""Tasks given to the embedded model's real weights: it writes, is tested, is asked again, and what is said of it is true."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.catalog import EMBEDDED
from model.events import Asked, Sampling
from model.host import ModelHost
from model.runs import Runs
from model.settings import Settings
from model.store import Store
from tests.scripted_tasks import at_its_end, prompts_of
from verify.code.attempts import Attempts
from verify.code.judge import CodeJudge
from verify.code.task import CodedTask
from verify.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def attempts(
    shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory, engine_name: str
) -> Iterator[Attempts]:
    settings = Settings(shared_data_folder, engine=engine_name)
    host = ModelHost(settings)
    host.load(EMBEDDED)
    host.engine(wait_seconds=600)
    made, judge = Runs(Store(tmp_path_factory.mktemp("runs")), host, settings), CodeJudge()
    yield Attempts(made, judge)
    made.close()
    judge.close()
    host.close()
    made.store.close()


def worked_on(attempts: Attempts, statement: str, **given: object) -> CodedTask:
    sampling = Sampling(seed=3, max_new_tokens=300)
    started = attempts.start(statement, budget=150, sampling=sampling, **given)  # type: ignore[arg-type]
    return at_its_end(attempts, attempts._runs, started[0], seconds=300)


def test_function_of_the_embedded_model_passes_and_does_so_outside_of_the_loop(attempts: Attempts) -> None:
    coded = worked_on(attempts, "Write a function to double a number.", tests="assert double(4) == 8")
    assert coded.standing == "passes" and coded.best and coded.best.program
    with Sandbox() as sandbox:
        assert sandbox.run(f"{coded.best.program.source}\nprint(double(-21))").stdout == "-42\n"


def test_function_that_the_embedded_model_cannot_write_is_asked_for_again_with_the_failing_case_first(
    attempts: Attempts,
) -> None:
    tests = "assert swap_case('') == ''\nassert swap_case('Ab1') == 'aB2'"
    coded = worked_on(attempts, "Write a function to swap the case of a string.", tests=tests, n_rounds=2)
    assert [each.number for each in coded.rounds] == [1, 2] and coded.standing == "fails"
    asked = attempts._runs.store.events(coded.rounds[1].run_id, 0, 1)[0]
    assert isinstance(asked, Asked) and asked.history == () and asked.sampling.temperature == 0.6
    _, prompt = prompts_of(attempts._runs, coded)[1]
    report = coded.rounds[0].report("given")
    if report and report.smallest and report.smallest.expected is not None:
        first = f"assert {report.smallest.given} == {report.smallest.expected}"
        assert prompt.index(first) < prompt.rindex("assert ") or prompt.count("assert ") == 1
