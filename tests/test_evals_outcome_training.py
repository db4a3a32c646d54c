import json
import sys
from pathlib import Path

import pytest

from evals.outcome_training import main, parse
from evals.training_runs import is_finished, tokens_of
from model.errors import BadInput

# Stands in for the programs of train/: writes their run folders and answers, and what it was asked to a list.
CHILD = """
import argparse, json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "asked.jsonl").open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
program = sys.argv[1]
parser = argparse.ArgumentParser()
for name in ("config", "start", "out", "adapter", "learning-rate"):
    parser.add_argument("--" + name, default="")
for name in ("seed", "steps", "tokens", "problems"):
    parser.add_argument("--" + name, type=int, default=0)
parser.add_argument("--temperature", type=float)
given = parser.parse_args(sys.argv[2:])
out = pathlib.Path(given.out)
if (here / f"fails-{program}-{given.seed}").exists():
    sys.exit(3)


def write_run(kind, plan, log, status="ended"):
    (out / "adapter").mkdir(parents=True, exist_ok=True)
    (out / "plan.json").write_text(json.dumps(plan | {"kind": kind, "seed": given.seed}))
    state = {"kind": kind, "status": status, "start": plan["start"], "device": "CPU, 1 thread"}
    (out / "state.json").write_text(json.dumps(state))
    (out / "log.jsonl").write_text("".join(json.dumps(line) + "\\n" for line in log))
    (out / "adapter" / "adapter_config.json").write_text("{}")
    (out / "adapter" / "adapter_model.safetensors").write_text(f"{kind} {given.seed}")


match program:
    case "train.grpo":
        steps = given.steps or 4
        plan = {"steps": steps, "start": str(here / "start"), "sources": {"own:word_one": 1.0, "gsm8k": 1.0}}
        log = [{"step": n, "seconds": n, "reward": n / 10, "tokens": 1000 * n} for n in range(1, steps + 1)]
        is_stopped = (here / "stops").exists()
        write_run("grpo", plan, log, "stopped" if is_stopped else "ended")
    case "train.sft":
        write_run("sft", {"tokens": given.tokens, "start": given.start}, [{"step": 1, "seconds": 1, "loss": 0.5}])
    case "train.asked":
        # Of 40 problems the start knows 10, SFT 12, GRPO 30 and its seed: the easiest of them.
        kind, seed = "start", 0
        if given.adapter != "none":
            kind, seed = (pathlib.Path(given.adapter) / "adapter_model.safetensors").read_text().split()
        known = {"start": 10, "sft": 12, "grpo": 30}[kind] + int(seed)
        replies = [{"key": f"{n:02}", "right": n < known} for n in range(given.problems - 1)]
        replies.append({"key": "code", "right": None})
        out.write_text(json.dumps({"problems": given.problems, "replies": replies}))
"""


class Lab:
    """A made child and the folder of its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._script = folder / "child.py"
        self._script.write_text(CHILD)
        (folder / "start").mkdir()
        (folder / "start" / "adapter_config.json").write_text("{}")
        (folder / "start" / "adapter_model.safetensors").write_text("start 0")

    def measure(self, *options: str) -> dict:
        out = self.folder / "result.json"
        status = main(
            [
                "--config",
                "plan",
                "--folder",
                str(self.folder / "runs"),
                "--out",
                str(out),
                "--problems",
                "41",
                *options,
            ],
            (sys.executable, str(self._script)),
        )
        assert status == 0
        return dict(json.loads(out.read_text()))

    def asked(self) -> list[list[str]]:
        file = self.folder / "asked.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def programs(self) -> list[str]:
        return [command[0] for command in self.asked()]


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def after(command: list[str], option: str) -> str:
    return command[command.index(option) + 1]


def test_each_seed_is_trained_both_ways_over_as_many_tokens_and_all_are_asked_the_same(lab):
    lab.measure("--seeds", "1,2")
    assert lab.programs() == ["train.grpo"] * 2 + ["train.sft"] * 2 + ["train.asked"] * 5
    grpo, sft, asked = lab.asked()[:2], lab.asked()[2:4], lab.asked()[4:]
    assert [after(command, "--seed") for command in grpo + sft] == ["1", "2", "1", "2"]
    assert {after(command, "--tokens") for command in sft} == {"4000"}
    assert {after(command, "--start") for command in sft} == {str(lab.folder / "start")}
    rest = {tuple(command[command.index("--config") : command.index("--out")]) for command in asked}
    assert rest == {("--config", "plan", "--problems", "41", "--seed", "7", "--temperature", "0.6")}
    assert Path(after(asked[0], "--adapter")) == lab.folder / "start"


def test_rates_and_differences_are_those_of_the_answers(lab):
    told = lab.measure("--seeds", "1,2")
    rates = {(row["who"], row["seed"]): row["share"] for row in told["rates"]}
    assert {who: share["value"] for who, share in rates.items()} == {
        ("start", 0): 10 / 40,
        ("SFT", 1): 13 / 40,
        ("SFT", 2): 14 / 40,
        ("SFT", None): 13.5 / 40,
        ("GRPO", 1): 31 / 40,
        ("GRPO", 2): 32 / 40,
        ("GRPO", None): 31.5 / 40,
    }
    assert rates["GRPO", 1]["method"] == "Wilson" and rates["GRPO", None]["problems"] == 40
    (gain,) = [row for row in told["differences"] if (row["first"], row["second"], row["seed"]) == ("start", "GRPO", 1)]
    assert (gain["only_first"], gain["only_second"], gain["test"]) == (0, 21, "exact McNemar test")
    assert gain["p_value"] == pytest.approx(2 / 2**21)
    pairs = {(row["first"], row["second"]) for row in told["differences"]}
    assert pairs == {("start", "SFT"), ("start", "GRPO"), ("SFT", "GRPO")}
    # Of the 18 that the GRPO's two seeds together are ahead by, each problem counts once, however many seeds knew it.
    (both,) = [row for row in told["differences"] if (row["first"], row["seed"]) == ("SFT", None)]
    assert both["difference"]["value"] == pytest.approx(18 / 40) and both["only_second"] == 19
    assert told["judged_problems"] == 40, "the problem that was not judged is left out"


def test_the_result_says_what_was_trained_and_nothing_of_where_it_lies(lab):
    told = lab.measure("--seeds", "1", "--steps", "6")
    assert told["command"] == "python -m evals.outcome_training --config plan --seeds 1 --steps 6"
    assert told["device"] == "CPU, 1 thread"
    grpo, sft = told["runs"]
    assert (grpo["who"], grpo["steps"], grpo["tokens"], grpo["reward"]) == (
        "GRPO",
        6,
        6000,
        {"first": 0.3, "last": 0.4},
    )
    assert (sft["who"], sft["loss"]) == ("SFT", {"first": 0.5, "last": 0.5})
    assert str(lab.folder) not in (lab.folder / "result.json").read_text()


def test_what_is_finished_is_not_done_again(lab):
    first = lab.measure("--seeds", "1")
    assert len(lab.asked()) == 5
    assert lab.measure("--seeds", "1") == first and len(lab.asked()) == 5
    lab.measure("--seeds", "1,2")
    assert lab.programs()[5:] == ["train.grpo", "train.sft", "train.asked", "train.asked"]


def test_a_failed_child_is_named_and_the_same_command_goes_on_there(lab):
    (lab.folder / "fails-train.sft-1").touch()
    with pytest.raises(BadInput, match=r"train\.sft ended with 3"):
        lab.measure("--seeds", "1")
    (lab.folder / "fails-train.sft-1").unlink()
    lab.measure("--seeds", "1")
    assert lab.programs() == ["train.grpo", "train.sft", "train.sft", *["train.asked"] * 3]


def test_a_run_that_was_stopped_is_gone_on_with(lab):
    (lab.folder / "stops").touch()
    with pytest.raises(BadInput, match="is not finished"):
        lab.measure("--seeds", "1")
    (lab.folder / "stops").unlink()
    lab.measure("--seeds", "1")
    assert lab.programs()[:3] == ["train.grpo", "train.grpo", "train.sft"]


def test_a_finished_run_of_another_plan_is_not_taken_for_this_one(lab):
    plan = lab.folder / "mine.toml"
    plan.write_text('steps = 4\n[sources]\n"own:word_one" = 1\ngsm8k = 1\n')
    lab.measure("--seeds", "1", "--config", str(plan))
    plan.write_text("steps = 5\n")
    with pytest.raises(BadInput, match=r"another plan \(it differs in steps\)"):
        lab.measure("--seeds", "1", "--config", str(plan))


def test_only_the_seeds_that_are_named_have_an_sft_and_each_grpo_is_held_against_it(lab):
    told = lab.measure("--seeds", "1,2", "--sft-seeds", "2")
    assert lab.programs() == ["train.grpo"] * 2 + ["train.sft"] + ["train.asked"] * 4
    assert after(lab.asked()[2], "--seed") == "2" and told["command"].endswith("--seeds 1,2 --sft-seeds 2")
    compared = [each["seed"] for each in told["differences"] if (each["first"], each["second"]) == ("SFT", "GRPO")]
    assert compared == [1, 2, None]


def test_an_sft_of_a_seed_without_grpo_is_refused(lab):
    with pytest.raises(BadInput, match="3 is none of --seeds"):
        lab.measure("--seeds", "1,2", "--sft-seeds", "3")


def test_sft_with_other_options_is_another_run(lab):
    lab.measure("--seeds", "1")
    lab.measure("--seeds", "1", "--sft-options", "--learning-rate 1e-4")
    assert lab.programs()[5:] == ["train.sft"]  # whose weights, and so whose answers, are the made child's same ones
    assert after(lab.asked()[5], "--learning-rate") == "1e-4"
    lab.measure("--seeds", "1", "--sft-from", str(lab.folder / "start"))
    assert lab.programs()[6:] == ["train.sft"]


def test_a_training_too_short_for_a_line_of_its_log_is_compared_all_the_same(lab):
    lab.measure("--seeds", "1")
    (lab.folder / "runs" / "plan-sft-1" / "log.jsonl").unlink()
    assert lab.measure("--seeds", "1")["runs"][1] == {"who": "SFT", "seed": 1, "steps": 0, "seconds": 0, "loss": {}}


def test_seeds_that_are_no_numbers_are_refused():
    with pytest.raises(BadInput, match="'1;2'"):
        parse(["--config", "plan", "--seeds", "1;2"])
    assert parse(["--config", "plan", "--seeds", "3,1,3"])[0].seeds == (3, 1)


def test_a_run_without_state_is_finished_by_its_adapter_alone(lab):
    assert is_finished(lab.folder) is False
    (lab.folder / "run").mkdir()
    (lab.folder / "start").rename(lab.folder / "run" / "adapter")
    assert is_finished(lab.folder / "run")
    (lab.folder / "run" / "state.json").write_text('{"status": "going on"}')
    assert not is_finished(lab.folder / "run")


def test_a_log_without_tokens_is_refused(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 1, "seconds": 1, "loss": 2}\n')
    with pytest.raises(BadInput, match="counts no tokens"):
        tokens_of(tmp_path)
