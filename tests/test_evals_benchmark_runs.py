"""A benchmark is run by a scripted engine: begun, stopped, killed, resumed, and read from its file."""

import contextlib
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges
from evals.loaded_problems import Loaded, load_problems
from evals.result_file import ResultWriter, read_result
from model.engine import collect
from model.errors import BadInput, EngineError, ModelNotReady
from model.events import PromptRead
from model.host import ModelHost
from model.runs import Runs
from model.scripted import Turn
from model.serving import Given
from model.settings import Settings
from model.store import Store
from tests.sums_benchmark import (
    PROBLEMS,
    SUMS,
    CountingEngine,
    N,
    load_sums,
    right_turns,
    runs_with,
    turn,
)

# No thinking at the tests' speed ends before this.
ENDLESS = Turn("And on it goes, number {n}.\n\n", "never", repeat=20_000)
LONG_SECONDS = 120.0


def done(runs: BenchmarkRuns, name: str, phase: str = "done") -> Any:
    state = runs.wait(name, LONG_SECONDS)
    assert (state.phase, state.note) == (phase, state.note if phase == "failed" else "")
    return runs.result(name)


def lines_of(path: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [line for line in lines if line["type"] == kind]


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + LONG_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_benchmark_runs_ask_and_judge_every_problem(judges: Judges, tmp_path: Path):
    turns = [turn(2, "It is 5."), *right_turns()]
    runs = runs_with(CountingEngine(turns), judges, tmp_path)
    name = runs.start("sums")
    result = done(runs, name)
    assert {key[0]: judged.outcome for key, judged in result.judgements.items()} == {
        f"sum-{n}": "wrong" if n == 2 else "correct" for n in range(N)
    }
    sample = result.samples["sum-1", 0]
    assert (sample.thinking.strip(), sample.answer.strip()) == ("Let me add them up.", "It is 2.")
    assert (sample.finish_reason, sample.error) == ("stop", "") and sample.thinking_tokens > 0
    read = read_result(result.path)
    assert (read.samples, read.judgements) == (result.samples, result.judgements)
    assert [session["end"] for session in read.sessions] == ["done"]
    assert runs.going is None and [each.path for each in runs.results()] == [result.path]


def test_head_says_all_that_a_figure_depends_on(judges: Judges, tmp_path: Path):
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    head = done(runs, runs.start("sums", limit=2, budget=64, max_new_tokens=500)).head
    assert (head["benchmark"], head["profile"], head["samples"], head["budget"]) == ("sums", "quick", 1, 64)
    assert head["sampling"] == {"temperature": 0.6, "top_p": 0.95, "top_k": 40, "max_new_tokens": 500}
    assert (head["model"], head["precision"], head["data"]["problems"]) == ("scripted", "none", N)
    assert len(head["problems"]) == 2 and head["prompt"][0]["content"].endswith("?")
    assert head["versions"]["transformers"] and len(head["problems_sha256"]) == 64


def test_limited_run_asks_the_problems_that_a_longer_one_asks_first(judges: Judges, tmp_path: Path):
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    three, all_of_them = (done(runs, runs.start("sums", limit=limit)).problems for limit in (3, 0))
    assert three == all_of_them[:3] and sorted(all_of_them) == [f"sum-{n}" for n in range(N)]


def test_samples_of_a_problem_are_asked_behind_one_another_each_with_its_own_seed(judges: Judges, tmp_path: Path):
    engine = CountingEngine(right_turns(), slots=1)
    runs = runs_with(engine, judges, tmp_path)
    result = done(runs, runs.start("sums", samples=3, seed=7))
    problems = [request.messages[-1].content for request in engine.requests]
    assert problems == [question for question in dict.fromkeys(problems) for _ in range(3)]
    seeds = [request.sampling.seed for request in engine.requests]
    assert len(set(seeds)) == 3 * N and None not in seeds
    again = CountingEngine(right_turns(), slots=1)
    more = runs_with(again, judges, tmp_path / "again")
    done(more, more.start("sums", samples=3, seed=7))
    assert [request.sampling.seed for request in again.requests] == seeds
    assert all(judged.class_of == 0 for judged in result.judgements.values())


def test_samples_of_a_problem_wait_until_its_prompt_was_read_once(judges: Judges, tmp_path: Path):
    class Watched(CountingEngine):
        """Notes the questions that are asked while the same one is still being read for the first time."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.read: set[str] = set()
            self.too_early: list[str] = []

        def stream(self, request: Any, steering: Any) -> Any:
            question = request.messages[-1].content
            if self.asked[question] and question not in self.read:
                self.too_early.append(question)
            for event in super().stream(request, steering):
                if isinstance(event, PromptRead):
                    self.read.add(question)
                yield event

    engine = Watched(right_turns(), slots=4, prompt_seconds=0.05)
    runs = runs_with(engine, judges, tmp_path)
    result = done(runs, runs.start("sums", samples=4))
    assert engine.too_early == [] and len(result.judgements) == 4 * N


def test_equal_answers_of_a_problem_are_one_class(judges: Judges, tmp_path: Path):
    said = [turn(1, "It is two.", times=1), turn(1, "It is TWO.", times=1), turn(1, "It is three.")]
    turns = [*said, *right_turns()]
    runs = runs_with(CountingEngine(turns, slots=1), judges, tmp_path)
    result = done(runs, runs.start("sums", samples=4))
    classes = [result.judgements["sum-1", number].class_of for number in range(4)]
    assert classes[0] == classes[1] and classes[2] == classes[3] != classes[0]


def test_published_profile_cuts_nothing_and_takes_its_own_number_of_samples(judges: Judges, tmp_path: Path):
    looping = turn(3, "It is 6.", thinking="Wait, let me check that again.\n\n", repeat=60)
    unclosed = turn(4, "", thinking="I think it is 8.", is_closed=False)
    engine = CountingEngine([looping, unclosed, *right_turns()])
    runs = runs_with(engine, judges, tmp_path)
    result = done(runs, runs.start("sums", profile="published"))
    assert len(result.samples) == 4 * N and all(request.is_uncut for request in engine.requests)
    assert result.head["budget"] is None and result.head["sampling"]["max_new_tokens"] == 32_768
    assert result.judgements["sum-3", 0].outcome == "correct"
    # Strictly there is no answer; under QwQ's own rule the whole text is one.
    judged = result.judgements["sum-4", 0]
    assert (judged.outcome, judged.qwq_outcome) == ("wrong", "correct")
    with pytest.raises(BadInput, match="without a thinking budget"):
        runs.start("sums", profile="published", budget="low")


def test_stopped_result_keeps_what_was_finished_and_a_resume_does_the_rest_once(judges: Judges, tmp_path: Path):
    endless = [turn(n, "", thinking=ENDLESS.thinking, repeat=ENDLESS.repeat) for n in (0, 3)]
    # One problem after the other, so that what stands before the first endless one is finished.
    slow = CountingEngine([*endless, *right_turns()], slots=1, tokens_per_second=500.0)
    runs = runs_with(slow, judges, tmp_path)
    name = runs.start("sums", budget="high")
    order = runs.result(name).problems
    n_before = min(order.index("sum-0"), order.index("sum-3"))
    wait_until(lambda: runs.state(name).done == n_before and runs.state(name).running)
    with pytest.raises(BadInput, match="goes on now"):
        runs.start("sums")
    runs.stop(name)
    result = done(runs, name, "stopped")
    assert slow.live_requests() == 0
    assert list(result.samples) == [(problem, 0) for problem in order[:n_before]] == list(result.judgements)
    rest = CountingEngine(right_turns())
    again = runs_with(rest, judges, tmp_path)
    assert again.state(name).phase == "stopped"
    again.resume(name)
    whole = done(again, name)
    assert sum(rest.asked.values()) == N - n_before and whole.is_done
    assert Counter(line["problem"] for line in lines_of(whole.path, "sample")) == Counter(order)
    assert [session["end"] for session in whole.sessions] == ["stopped", "done"]
    with pytest.raises(BadInput, match="is complete"):
        again.resume(name)


def test_killed_run_is_resumed_with_nothing_lost_and_nothing_done_twice(judges: Judges, tmp_path: Path):
    n_written, n_samples = 5, 8
    script = tmp_path / "script.json"
    short = {"thinking": "Quick.", "answer": "\\boxed{18}", "times": n_written}
    endless = {"thinking": ENDLESS.thinking, "answer": "", "repeat": ENDLESS.repeat}
    script.write_text(json.dumps({"tokens_per_second": 200, "slots": 2, "turns": [short, endless]}))
    path = tmp_path / "result.jsonl"
    command = [sys.executable, "-m", "evals.run", "gsm8k", "--data", "sample", "--limit", "4", "--samples", "2"]
    command += ["--profile", "published", "--script", str(script), "--out", str(path)]
    child = subprocess.Popen(command, env=os.environ | {"WORKINGS_DATA": str(tmp_path)}, stderr=subprocess.PIPE)
    try:
        # Two more are begun that do not end: it stays like this until it is killed.
        wait_until(lambda: child.poll() is not None or _n_lines(path) >= 1 + 2 * n_written)
        assert child.poll() is None, child.stderr and child.stderr.read()
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    before = path.read_bytes()
    assert (before.count(b'"type": "sample"'), before.count(b'"type": "judgement"')) == (n_written, n_written)
    path.write_bytes(before + b'{"type": "sample", "problem": "gsm8')  # as if it had been killed while it wrote
    engine = CountingEngine([Turn("Quick.", "\\boxed{3}")])
    runs = runs_with(engine, judges, tmp_path, load=load_problems)
    name = runs.know(path)
    assert (runs.state(name).phase, runs.state(name).done) == ("stopped", n_written)
    runs.resume(name)
    result = done(runs, name)
    assert path.read_bytes().startswith(before)
    assert sum(engine.asked.values()) == n_samples - n_written
    keys = [(line["problem"], line["number"]) for line in lines_of(path, "sample")]
    assert sorted(keys) == sorted((problem, number) for problem in result.problems for number in range(2))
    assert len(lines_of(path, "judgement")) == n_samples


def _n_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_sample_written_before_a_kill_is_judged_by_the_resume_without_asking_again(judges: Judges, tmp_path: Path):
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    path = done(runs, runs.start("sums")).path
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"type": "judgement"' not in line), "utf-8")
    engine = CountingEngine(right_turns())
    again = runs_with(engine, judges, tmp_path)
    again.resume(path.stem)
    assert len(done(again, path.stem).judgements) == N and not engine.asked


def test_full_disk_ends_the_run_with_a_sentence_and_a_resume_does_the_rest(
    judges: Judges, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synced, has_room = os.fsync, iter([True])

    def fsync(file: int) -> None:
        if not next(has_room, False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced(file)

    monkeypatch.setattr("evals.result_file.os.fsync", fsync)
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    name = runs.start("sums")
    state = runs.wait(name, 60)
    assert state.phase == "failed" and "cannot be written: No space left on device. What is done is kept" in state.note
    monkeypatch.undo()
    runs.resume(name)
    assert sorted(key[0] for key in done(runs, name).samples) == [f"sum-{n}" for n in range(N)]


def test_sample_at_which_the_engine_fails_once_is_tried_again(judges: Judges, tmp_path: Path):
    engine = CountingEngine(right_turns(), fails={"1+1?": 1})
    runs = runs_with(engine, judges, tmp_path)
    result = done(runs, runs.start("sums"))
    assert engine.asked["1+1?"] == 2
    assert all(judged.outcome == "correct" for judged in result.judgements.values())


def test_sample_that_always_fails_is_stored_with_its_error_and_asked_again_by_a_resume(judges: Judges, tmp_path: Path):
    runs = runs_with(CountingEngine(right_turns(), fails={"1+1?": 99}), judges, tmp_path)
    name = runs.start("sums")
    result = done(runs, name)
    assert result.samples["sum-1", 0].error == "The device is on fire."
    assert result.judgements["sum-1", 0].outcome == "undecided"
    engine = CountingEngine(right_turns())
    again = runs_with(engine, judges, tmp_path)
    again.resume(name)
    assert done(again, name).judgements["sum-1", 0].outcome == "correct"
    assert engine.asked == {"1+1?": 1}
    assert read_result(result.path).samples["sum-1", 0].error == ""


def test_engine_that_fails_at_everything_ends_the_run_instead_of_spoiling_the_rest(judges: Judges, tmp_path: Path):
    engine = CountingEngine(right_turns(), fails={f"{n}+{n}?": 99 for n in range(N)}, slots=1)
    runs = runs_with(engine, judges, tmp_path)
    name = runs.start("sums")
    result = done(runs, name, "failed")
    assert runs.state(name).note == "The device is on fire." and len(result.samples) < 3
    again = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    assert (again.state(name).phase, again.state(name).note) == ("failed", "The device is on fire.")
    again.resume(name)
    assert all(judged.outcome == "correct" for judged in done(again, name).judgements.values())


def test_model_that_is_exchanged_in_mid_run_writes_nothing_into_the_result(judges: Judges, tmp_path: Path):
    class Exchanged(CountingEngine):
        """Gives way to another model after three requests."""

        def stream(self, request: Any, steering: Any) -> Any:
            if sum(self.asked.values()) == 3:
                host.use(other)
                raise EngineError("The engine was closed in mid-run.")
            return super().stream(request, steering)

    class Host(ModelHost):
        def use(self, engine: CountingEngine) -> None:
            self._serving = Given(engine)

    other = CountingEngine(right_turns())
    other.model = "another"
    host = Host(Settings(tmp_path), Exchanged(right_turns(), slots=1))
    runs = BenchmarkRuns(host, judges, tmp_path, load_sums)
    name = runs.start("sums")
    result = done(runs, name, "failed")
    assert "begun with the model 'scripted', and now it is 'another'" in runs.state(name).note
    assert len(result.samples) == 3 == len(result.judgements) and not other.asked


def test_benchmark_leaves_slots_to_others_when_told_to(judges: Judges, tmp_path: Path):
    engine = CountingEngine([ENDLESS], tokens_per_second=200.0, slots=4)
    runs = runs_with(engine, judges, tmp_path, spare_slots=1)
    name = runs.start("sums", budget="high")
    wait_until(lambda: len(runs.state(name).running) == 3 and engine.live_requests() == 3)
    runs.close(LONG_SECONDS)


def test_prompt_that_is_too_long_is_that_problems_error_alone(judges: Judges, tmp_path: Path):
    long = [*PROBLEMS, *(_long_problem(n) for n in range(4))]
    engine = CountingEngine(right_turns(), context_tokens=200, slots=1)
    runs = runs_with(engine, judges, tmp_path, load=lambda *_: Loaded(SUMS, long, {"source": "sample", "sha256": "0"}))
    result = done(runs, runs.start("sums"))
    assert sum("Start a new chat" in sample.error for sample in result.samples.values()) == 4
    assert sum(judged.outcome == "correct" for judged in result.judgements.values()) == N


def _long_problem(n: int) -> Any:
    message = PROBLEMS[0].messages[0]
    return replace(PROBLEMS[0], id=f"long-{n}", messages=(replace(message, content="word " * 400),))


def test_judge_that_trips_leaves_that_sample_undecided(judges: Judges, tmp_path: Path, caplog: Any):
    runs = runs_with(CountingEngine([turn(2, "I trip"), *right_turns()]), judges, tmp_path)
    judged = done(runs, runs.start("sums")).judgements["sum-2", 0]
    assert (judged.outcome, judged.reason) == ("undecided", "The judge failed: ValueError: a bug of the judge")


def test_result_is_not_gone_on_with_by_another_model_or_other_problems(judges: Judges, tmp_path: Path):
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    path = done(runs, runs.start("sums")).path
    lines = path.read_text("utf-8").splitlines(keepends=True)
    unfinished = [line for line in lines if '"problem": "sum-1"' not in line]
    path.write_text("".join(unfinished), "utf-8")
    other = CountingEngine(right_turns())
    other.model = "another"
    with pytest.raises(BadInput, match="begun with the model 'scripted', and now it is 'another'"):
        runs_with(other, judges, tmp_path).resume(path.stem)
    gone = Loaded(SUMS, PROBLEMS[2:], {"source": "sample", "sha256": "1"})
    with pytest.raises(BadInput, match="not in the data any more"):
        runs_with(CountingEngine(right_turns()), judges, tmp_path, load=lambda *_: gone).resume(path.stem)
    changed = [replace(problem, gold="0") for problem in PROBLEMS]
    with pytest.raises(BadInput, match="The data has changed"):
        runs_with(
            CountingEngine(right_turns()),
            judges,
            tmp_path,
            load=lambda *_: load_sums("sums", "")._replace(problems=changed),
        ).resume(path.stem)


def test_file_that_is_being_written_is_not_resumed_by_another(judges: Judges, tmp_path: Path):
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    path = done(runs, runs.start("sums")).path
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3]), "utf-8")
    writer = ResultWriter(path)
    with contextlib.closing(writer), pytest.raises(BadInput, match="Another process is writing"):
        runs.results()  # reading it does not give the lock away
        runs_with(CountingEngine(right_turns()), judges, tmp_path).resume(path.stem)
    runs_with(CountingEngine(right_turns()), judges, tmp_path).resume(path.stem)


@pytest.mark.parametrize("name", ["../etc/passwd", "", "a/b", "no-such-result"])
def test_benchmark_runs_know_no_names_but_those_of_their_results(judges: Judges, tmp_path: Path, name: str):
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    for ask in (runs.state, runs.result, runs.resume):
        with pytest.raises(BadInput, match="There is no result"):
            ask(name)


def test_benchmark_runs_refuse_what_cannot_be_run(judges: Judges, tmp_path: Path):
    runs = runs_with(CountingEngine(right_turns()), judges, tmp_path)
    for asked in ({"limit": -1}, {"samples": -1}, {"profile": "fast"}, {"budget": "a lot"}, {"max_new_tokens": 0}):
        with pytest.raises(BadInput):
            runs.start("sums", **asked)
    with pytest.raises(BadInput, match="no benchmark"):
        runs.start("products")
    taken = tmp_path / "taken.jsonl"
    taken.write_text("mine\n")
    with pytest.raises(BadInput, match="There is a file"):
        runs.start("sums", out=taken)
    assert taken.read_text() == "mine\n" and runs.results() == [] and runs.going is None
    empty = BenchmarkRuns(ModelHost(Settings(tmp_path)), judges, tmp_path, load_sums)
    with pytest.raises(ModelNotReady):
        empty.start("sums")


def test_close_stops_what_goes_on(judges: Judges, tmp_path: Path):
    engine = CountingEngine([ENDLESS], tokens_per_second=200.0)
    runs = runs_with(engine, judges, tmp_path)
    name = runs.start("sums", budget="high")
    wait_until(lambda: any(each.tokens for each in runs.state(name).running))
    runs.close(LONG_SECONDS)
    assert (runs.going, engine.live_requests(), runs.state(name).phase) == (None, 0, "stopped")


def test_question_at_the_page_does_not_wait_for_a_sample_which_goes_on_where_it_was(judges: Judges, tmp_path: Path):
    engine = CountingEngine([Turn("Two and two.", "Four.", match="quick"), ENDLESS], tokens_per_second=300.0, slots=1)
    benchmarks = runs_with(engine, judges, tmp_path / "results")
    name = benchmarks.start("sums", limit=1, budget=2000)
    wait_until(lambda: any(running.tokens > 100 for running in benchmarks.state(name).running))
    host = benchmarks._host
    runs = Runs(Store(tmp_path), host, Settings(tmp_path))
    began = time.monotonic()
    events = [event for events in runs.attach(runs.start("quick")) for event in events]
    assert collect(events).answer == "Four."
    took, (running,) = time.monotonic() - began, benchmarks.state(name).running
    assert running.tokens < 2000, "the sample had not ended"
    result = done(benchmarks, name)
    (sample,) = result.samples.values()
    numbers = [int(number) for number in re.findall(r"number (\d+)", sample.thinking)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 100, "nothing was lost or written twice"
    assert took < 30 and sample.seconds < 2200 / 300 + 10
    runs.close()
    runs.store.close()
