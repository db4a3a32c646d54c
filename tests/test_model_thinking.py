import pytest

from model.engine import BudgetLimits
from model.errors import PromptTooLong
from model.thinking import AnswerGuard, Room, ThinkingControl, room_for


def tokens_until_cut(control: ThinkingControl, texts: list[str], seconds_per_token: float = 0.0) -> int:
    for number, text in enumerate(texts, 1):
        if control.feed(text, number * seconds_per_token) is not None:
            return number
    raise AssertionError("the thinking was never cut")


def words(n: int, *, paragraph_at: int | None = None) -> list[str]:
    texts = [f" w{number}" for number in range(n)]
    if paragraph_at is not None:
        texts[paragraph_at] = "\n\n"
    return texts


PLENTY = Room(30_000, 2_000)


def test_cut_waits_for_the_paragraph_end_after_the_budget():
    control = ThinkingControl(BudgetLimits(100, None), PLENTY)
    assert tokens_until_cut(control, words(400, paragraph_at=109)) == 110


def test_cut_comes_without_a_paragraph_end_after_a_quarter_of_the_budget():
    control = ThinkingControl(BudgetLimits(100, None), PLENTY)
    assert tokens_until_cut(control, words(400)) == 125


def test_cut_waits_at_most_96_tokens_on_a_large_budget():
    control = ThinkingControl(BudgetLimits(4096, None), PLENTY)
    assert tokens_until_cut(control, words(6000)) == 4096 + 96


def test_cut_takes_a_sentence_end_in_the_second_half_of_the_wait():
    control = ThinkingControl(BudgetLimits(100, None), PLENTY)
    texts = words(400)
    texts[103], texts[115] = " done.\n", " done.\n"
    assert tokens_until_cut(control, texts) == 116


def test_cut_keeps_the_answer_reserve_whatever_the_budget():
    control = ThinkingControl(BudgetLimits(None, 1e9), Room(1000, 250))
    assert tokens_until_cut(control, words(2000)) == 750


def test_cut_comes_when_the_seconds_are_over():
    control = ThinkingControl(BudgetLimits(None, 10.0), PLENTY)
    assert 100 <= tokens_until_cut(control, words(400), seconds_per_token=0.1) <= 100 + 96


def test_more_tokens_call_off_a_landing_that_had_begun():
    control = ThinkingControl(BudgetLimits(100, None), PLENTY)
    texts = words(110)
    assert all(control.feed(text, 0.0) is None for text in texts)
    control.allow_more(500)
    assert tokens_until_cut(control, words(2000)) == 500 + 96


def test_room_refuses_a_prompt_that_leaves_no_room_and_says_both_figures():
    with pytest.raises(PromptTooLong, match=r"8,150 tokens.*8,192"):
        room_for(8150, 8192, 1000)


@pytest.mark.parametrize(
    "start", ["Wait, let me check", "<think>\nSo", "Hmm. The", "But let me think", "等等,我", " Hmm, "]
)
def test_guard_catches_an_answer_that_thinks_again_in_any_chunks(start: str):
    guard = AnswerGuard()
    verdicts = [guard.feed(character) for character in start]
    assert any(again for _, again in verdicts)


@pytest.mark.parametrize(
    "answer", ["The answer is 4.", "Waiters earn 12.", "$x = 3$", "W", "Let me explain: 4", "<b>4</b>"]
)
def test_guard_gives_an_honest_answer_back_whole(answer: str):
    guard = AnswerGuard()
    shown = ""
    for character in answer:
        text, again = guard.feed(character)
        assert not again
        shown += text
    assert shown + guard.finish() == answer
