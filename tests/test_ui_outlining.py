from model.events import AnswerDelta, Asked, Finished, ThinkingDelta
from ui.outlining import Outlining, steps_of
from ui.panes import Panes, update

STEPS = [
    "First, multiply 17 by 24. That is 17*20 + 17*4, so I work out both parts one after the other and add them up. "
    "The first is 340 and the second is 68, and together they are = 408 as far as I can see.\n\n",
    "Wait, let me check the second part once more. 17*4 is 68, because 10*4 is 40 and 7*4 is 28, and 40 and 28 "
    "are 68 in all. The first part is 17*2 = 34 with a zero, so it is 340. Both are right as they stand.\n\n",
    "So the final answer is 408, and nothing is left to do here. I can write it down in one short sentence now.",
]


def panes_after(*events):
    panes = Panes()
    for event in events:
        panes = update(panes, event)
    return panes


def test_outline_grows_with_the_thinking_and_is_the_same_as_of_all_at_once():
    growing, panes = Outlining(), Panes()
    for step in STEPS:
        for start in range(0, len(step), 9):
            panes = update(panes, ThinkingDelta(step[start : start + 9], 2))
            value = growing.value(panes)
    whole = Outlining().value(panes_after(ThinkingDelta("".join(STEPS), panes.thinking_pace.tokens)))
    steps = steps_of(value)
    assert [step[:4] for step in steps] == [step[:4] for step in steps_of(whole)]
    assert steps[-1][0] == "conclusion" and len(steps) >= 2


def test_outline_of_a_long_thinking_changes_in_its_last_groups_only():
    growing, panes = Outlining(), Panes()
    before: list[str] = []
    for _ in range(100):
        for step in STEPS:
            panes = update(panes, ThinkingDelta(step + "\n\n", 60))
            groups = growing.value(panes)["steps"]
            finished = max(0, len(before) - 2)
            assert groups[:finished] == before[:finished]
            before = groups
    assert len(groups) >= 4
    assert [step[:4] for step in steps_of({"steps": groups})] == [
        step[:4] for step in steps_of(Outlining().value(panes))
    ]


def test_outline_begins_anew_with_another_run():
    outlining = Outlining()
    outlining.value(panes_after(ThinkingDelta("".join(STEPS), 120)))
    other = panes_after(ThinkingDelta("Hm, so what is 2+2?", 8))
    assert outlining.value(other) == Outlining().value(other)


def test_where_the_answer_was_first_reached_is_told_when_the_run_has_ended():
    thinking = ThinkingDelta("".join(STEPS), 120)
    live = (Asked("17*24?"), thinking, AnswerDelta("It is $\\boxed{408}$.", 5))
    assert "reached" not in Outlining().value(panes_after(*live))
    value = Outlining().value(panes_after(*live, Finished("stop")))
    assert value["reached"] <= STEPS[0].index("408")
    assert value["words"].endswith("of 120") and value["words"].startswith("Answer first reached at token ")
