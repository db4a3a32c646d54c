"""Whether a plan fits a card: from the command line, for a folder, and for every plan that comes with the project."""

import re
from dataclasses import replace

import pytest
from transformers import Qwen2Config

from model.catalog import CATALOG, shape_of_config
from model.memory import GIB
from train.memory import USABLE_GIB, cards_that_fit, demand_of, main, shape_of
from train.memory_parts import Demand, parts
from train.plans import CONFIGS, read_plan
from train.traces import writers
from verify.gym_tasks import MODULES


def test_qwq_in_bf16_fits_no_card_that_its_weights_do_not_fit():
    total = sum(parts(shape_of("qwq-32b"), Demand("bf16", tokens=4096)).values())
    assert 61 * GIB < total
    assert 80 not in cards_that_fit(total)
    assert list(USABLE_GIB) == sorted(USABLE_GIB)


def test_command_line_prints_the_sum_and_a_line_for_each_card(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", "memory --model r1-distill-qwen-7b --precision nf4 --slots 4".split())
    assert main() == 0
    printed = capsys.readouterr().out
    assert "all together, reckoned" in printed
    assert printed.count("GB card") == len(USABLE_GIB)


def test_model_of_the_hub_is_refused_with_what_to_name_instead(monkeypatch):
    monkeypatch.setattr("sys.argv", "memory --model someone/something".split())
    with pytest.raises(SystemExit, match="shape of 'someone/something' is not known.*config.json"):
        main()


def test_shape_of_a_folder_is_read_off_its_config(tmp_path):
    config = Qwen2Config(hidden_size=256, num_hidden_layers=2)
    config.save_pretrained(tmp_path)
    assert shape_of(str(tmp_path)) == shape_of_config(config.to_dict())


def test_embedded_is_the_apps_own_model():
    assert shape_of("embedded") == CATALOG["smollm2-135m"].shape


PLANS = sorted(path.stem for path in CONFIGS.glob("*.toml"))


@pytest.mark.parametrize("name", PLANS)
def test_plan_that_comes_along_fits_the_card_that_it_names(name):
    """`read_plan` refuses what is no plan; the card stands in the file's first comment."""
    plan = read_plan(name)
    named = re.search(r"a card of (\d+) GB", (CONFIGS / f"{name}.toml").read_text("utf-8"))
    is_cpu = plan.model == "embedded"
    precision = "bf16" if plan.precision == "auto" else plan.precision
    total = sum(parts(shape_of(plan.model), demand_of(plan, precision, has_copy=is_cpu)).values())
    assert named is not None or is_cpu
    assert (int(named[1]) if named else 16) in cards_that_fit(total)


@pytest.mark.parametrize("name", PLANS)
def test_plan_that_comes_along_names_sources_that_there_are(name):
    sets = ("gsm8k", "math", "mbpp", "constraints")
    for source in read_plan(name).sources:
        kind, _, task = source.partition(":")
        assert task in {"own": writers(), "gym": MODULES}[kind] if task else kind in sets


def test_there_is_a_plan_for_each_size_of_machine():
    assert {"embedded-cpu", "qwen3-0.6b", "qwen3-1.7b", "r1-distill-7b", "qwq-32b"} <= set(PLANS)


def test_command_line_takes_a_plan(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", "memory --config qwq-32b".split())
    assert main() == 0
    assert "weights, nf4" in capsys.readouterr().out


def test_adapter_of_the_start_is_kept_only_where_a_kl_term_asks_for_it():
    plan = read_plan("embedded-cpu")
    assert not demand_of(plan, "bf16").has_reference
    assert demand_of(replace(plan, beta=0.04), "bf16").has_reference
    assert not demand_of(replace(plan, beta=0.04, start="fresh"), "bf16").has_reference


@pytest.mark.parametrize("name", PLANS)
def test_table_in_the_docs_has_the_plan_with_what_is_reckoned(name):
    plan = read_plan(name)
    precision = "bf16" if plan.precision == "auto" else plan.precision
    demand = demand_of(plan, precision, has_copy=plan.model == "embedded")
    total = sum(parts(shape_of(plan.model), demand).values())
    row = rf"\| `{re.escape(name)}` \| .* \| {precision} \| {demand.rows} × {demand.tokens:,} \| {demand.slots} \| {total / GIB:.1f} GiB \|"
    assert re.search(row, (CONFIGS.parent.parent / "docs" / "training.md").read_text("utf-8"))
