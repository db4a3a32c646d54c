import random
import re
from collections import Counter
from itertools import islice

import pytest

from train.tasks.everyday import TASKS, Entry, entries, fill, phrases
from train.traces import Nothing, Trace, Value, is_held_out

FILES = ("everyday", "facts", "beyond", "follow_up")
SAMPLES = 400
COMPLETION_CHARACTERS = 480  # about 120 tokens
CLAIMS = re.compile(r"I (looked it up|checked online|have sent|have ordered|have booked|called|saw)")


def sample(task: str, seed: int = 0, count: int = SAMPLES) -> list[Trace]:
    choose = random.Random(seed)
    return [TASKS[task](choose) for _ in range(count)]


def every_slots(entry: Entry) -> list[dict[str, str]]:
    rows = [dict(zip(entry.fields, row, strict=True)) for row in entry.rows]
    words = phrases()["words"].get(entry.words, [""])
    return [{**row, entry.words: word} if entry.words else row for row in rows for word in words]


@pytest.mark.parametrize("task", TASKS)
def test_same_seed_writes_the_same_traces(task):
    assert sample(task, seed=7, count=60) == sample(task, seed=7, count=60)


@pytest.mark.parametrize("task", TASKS)
def test_every_trace_can_be_put_into_the_protocol(task):
    for trace in sample(task):
        assert trace.task == task
        assert trace.key.startswith(f"{task}:")
        assert trace.thinking_text == trace.thinking_text.strip() and "\n\n" not in trace.thinking_text
        assert trace.answer == trace.answer.strip() and trace.answer
        assert "think>" not in trace.thinking_text + trace.answer
        assert trace.messages[-1]["role"] == "user" and trace.messages[-1]["content"].strip()
        assert not trace.tool_calls and not trace.tools


@pytest.mark.parametrize("task", TASKS)
def test_no_text_holds_an_unfilled_slot_or_a_doubled_space(task):
    for trace in sample(task):
        texts = [trace.thinking_text, trace.answer, *(message["content"] for message in trace.messages)]
        for text in texts:
            assert not re.search(r"(?<!boxed)(?<!frac)(?<!\})\{[a-z]\w*\^?\}", text), text
            assert "  " not in text and "None" not in text, text


@pytest.mark.parametrize("task", TASKS)
def test_thinking_and_answer_stay_short(task):
    lengths = [sum(len(span.text) for span in trace.completion()) for trace in sample(task)]
    assert max(lengths) <= COMPLETION_CHARACTERS
    assert sum(lengths) / len(lengths) < 260


@pytest.mark.parametrize("task", TASKS)
def test_some_slips_are_read_and_not_learned_and_each_is_followed_by_a_repair(task):
    traces = sample(task, count=1500)
    slipped = [trace for trace in traces if any(not span.is_learned for span in trace.thinking)]
    assert 0.03 < len(slipped) / len(traces) < 0.15
    for trace in slipped:
        at = next(index for index, span in enumerate(trace.thinking) if not span.is_learned)
        assert re.match(r" (Wait|No|Let me check|Still)", trace.thinking[at + 1].text)


@pytest.mark.parametrize("task", TASKS)
def test_about_a_tenth_of_the_keys_is_held_out(task):
    keys = {trace.key for trace in sample(task, count=1500)}
    assert len(keys) > 300
    assert 0.05 < sum(map(is_held_out, keys)) / len(keys) < 0.16


def test_prompts_are_worded_in_many_ways():
    for task in ("chat", "fact", "beyond"):
        prompts = [trace.messages[0]["content"] for trace in sample(task, count=1000)]
        assert len(set(prompts)) > 600, task
        assert 0.2 < sum(not prompt.endswith("?") for prompt in prompts) / len(prompts) < 0.95


@pytest.mark.parametrize("name", FILES)
def test_entries_name_only_slots_that_they_have_and_use_all_of_them(name):
    for entry in entries(name):
        templates = [*entry.prompts, *entry.answers, *entry.thinking, *entry.first, *entry.reply, entry.wants]
        used = set(re.findall(r"\{([a-z]\w*)\^?\}", " ".join(templates)))
        assert used == {*entry.fields, *([entry.words] if entry.words else [])}, entry.name


@pytest.mark.parametrize("name", FILES)
def test_entries_have_different_names_and_no_prompt_twice(name):
    assert max(Counter(entry.name for entry in entries(name)).values()) == 1
    for entry in entries(name):
        assert len(set(entry.prompts)) == len(entry.prompts), entry.name


@pytest.mark.parametrize("name", FILES)
def test_a_gold_ends_every_thinking_template_and_stands_in_each_answer(name):
    for entry in entries(name):
        if entry.gold and name != "everyday":
            assert all(thinking.endswith(f"{{{entry.gold}}}") for thinking in entry.thinking), entry.name
            for slots in every_slots(entry):
                # A list may name its first item with a capital.
                assert all(slots[entry.gold].lower() in fill(answer, slots).lower() for answer in entry.answers)


def test_no_prompt_of_the_facts_has_two_golds():
    golds: dict[str, set[str]] = {}
    for entry in entries("facts"):
        for slots in every_slots(entry):
            for prompt in entry.prompts:
                golds.setdefault(fill(prompt, slots).lower().strip(" ?."), set()).add(slots[entry.gold])
    assert {prompt: found for prompt, found in golds.items() if len(found) > 1} == {}


def test_number_golds_of_the_facts_are_boxed():
    for trace in sample("fact"):
        assert isinstance(trace.gold, Value)
        if trace.gold.text.isdigit() and "smallest prime" not in trace.answer and trace.gold.text + "}" in trace.answer:
            assert f"\\boxed{{{trace.gold.text}}}" in trace.answer


def test_roman_numerals_are_worth_their_numbers():
    worth = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
    entry = next(entry for entry in entries("facts") if entry.name == "roman")
    for number, numeral, _ in entry.rows:
        values = [worth[letter] for letter in numeral]
        signed = [-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True)]
        assert sum(signed) == int(number)


def test_word_games_of_the_chat_are_right():
    rows = {entry.name: entry.rows for entry in entries("everyday")}
    assert all(spelled == "-".join(word.upper()) for word, spelled in rows["spelling_choice"])
    assert all(word[0].upper() == letter for word, letter in rows["first_letter"])
    assert all(ord(after) - ord(letter) == 1 for letter, after, _ in rows["next_letter"])
    assert all(first < second for first, second in rows["first_of_two"])
    assert all(text.upper() == raised for text, raised in rows["shout"])
    assert all(counted.split(", ") == [str(n + 1) for n in range(int(to))] for to, counted in rows["count_to"])
    for shown, follows, _ in rows["letter_sequence"]:
        codes = [ord(letter) for letter in [*shown.split(", "), follows]]
        assert len({b - a for a, b in zip(codes, codes[1:], strict=False)}) == 1


def test_capitals_agree_with_their_reverse():
    rows = {entry.name: entry.rows for entry in entries("facts") if entry.name.startswith("capital")}
    capitals = {country: city for country, city in rows["capital"]}
    assert all(capitals[country] == city for city, country in rows["capital_reverse"])


def test_answers_to_number_follow_ups_equal_their_golds():
    traces = [trace for trace in sample("follow_up", count=1000) if trace.answer.startswith("$")]
    assert len(traces) > 200
    for trace in traces:
        found = re.fullmatch(r"\$(\d+) ([-+/]|\\cdot) (\d+) = \\boxed\{(\d+)\}\$", trace.answer)
        assert found, trace.answer
        a, sign, b, result = int(found[1]), found[2], int(found[3]), int(found[4])
        assert result == {"+": a + b, "-": a - b, "/": a / b, "\\cdot": a * b}[sign]
        assert trace.gold == Value(str(result)) and result >= 0
        earlier = re.search(r"\\boxed\{(\d+)\}", trace.messages[1]["content"])
        assert earlier and int(earlier[1]) in (a, b)


def test_follow_ups_have_three_messages_that_take_turns():
    for trace in sample("follow_up"):
        assert [message["role"] for message in trace.messages] == ["user", "assistant", "user"]


def test_answers_beyond_the_model_name_the_slot_or_are_written_for_the_subject():
    for entry in entries("beyond"):
        assert len(entry.prompts) >= 3 and len(set(entry.answers)) >= 2, entry.name
        assert entry.category in phrases()["categories"]
    shared = Counter(answer for entry in entries("beyond") for answer in entry.answers)
    assert max(shared.values()) == 1


def test_beyond_covers_many_subjects():
    assert len(entries("beyond")) >= 220
    assert len(entries("everyday")) >= 160


def test_answers_beyond_the_model_claim_nothing_that_it_did():
    for trace in sample("beyond", count=1000):
        assert isinstance(trace.gold, Nothing)
        assert not CLAIMS.search(trace.answer), trace.answer


def test_what_is_the_users_is_called_theirs_in_the_answer():
    asked = [trace for trace in sample("beyond", count=3000) if re.search(r":my \w+$", trace.key)]
    assert len(asked) > 100
    for trace in asked:
        owned = trace.key.rpartition(":my ")[2]
        assert f"my {owned}" not in trace.thinking_text + trace.answer


def test_no_joke_or_sum_is_offered_to_someone_in_danger():
    care = {entry.name for entry in entries("beyond") if entry.category == "care"}
    traces = (trace for trace in sample("beyond", count=6000) if trace.key.split(":")[1] in care)
    for trace in islice(traces, 40):
        assert "emergency" in trace.answer or "crisis" in trace.answer
        assert not re.search("sum|joke|Python", trace.answer)
