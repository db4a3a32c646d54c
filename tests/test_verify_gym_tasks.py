"""Tasks of reasoning-gym without the package around them: they load where that cannot, and leave no trace of it."""

import sys
from types import ModuleType

import pytest

from model.errors import BadInput
from verify import gym_tasks
from verify.gym_tasks import MODULES, gym_release, gym_task


def ours() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "reasoning_gym"]


@pytest.mark.parametrize("name", MODULES)
def test_a_task_is_made_under_its_own_name_and_its_scorer_takes_its_own_answer(name):
    data = gym_task(name, size=2, seed=7)
    assert data[1]["metadata"]["source_dataset"] == name
    assert data.score_answer(data[1]["answer"], data[1]) == 1.0
    assert data.score_answer(None, data[1]) < 1.0


def test_another_tasks_name_is_refused_with_those_that_there_are():
    with pytest.raises(BadInput, match=r"'arc_1d' is not loaded here. There are aiw, base_conversion"):
        gym_task("arc_1d")


def test_what_others_have_imported_stands_there_as_it_was(monkeypatch):
    for name in ours():
        monkeypatch.delitem(sys.modules, name)
    gym_task("letter_counting", size=1, seed=1)  # reads the package's data as it is made
    assert ours() == []
    whole, part = ModuleType("reasoning_gym"), ModuleType("reasoning_gym.arithmetic")
    monkeypatch.setitem(sys.modules, whole.__name__, whole)
    monkeypatch.setitem(sys.modules, part.__name__, part)
    assert gym_task("gcd", size=1, seed=1)[0]["question"]
    assert sys.modules["reasoning_gym"] is whole and sys.modules["reasoning_gym.arithmetic"] is part
    assert ours() == [whole.__name__, part.__name__]


def test_a_missing_package_is_told_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    gym_tasks._modules.cache_clear()
    for ask in (gym_release, lambda: gym_task("gcd")):
        with pytest.raises(BadInput, match=r"pip install --no-deps -r requirements-embedded\.txt"):
            ask()


def test_a_release_without_a_task_is_told_and_leaves_nothing_behind(monkeypatch):
    before = ours()
    gym_tasks._modules.cache_clear()
    monkeypatch.setitem(MODULES, "gcd", "arithmetic.no_such_module")
    with pytest.raises(BadInput, match=r"cannot be loaded: No module named 'reasoning_gym.arithmetic.no_such_module'"):
        gym_task("lcm")
    assert ours() == before
