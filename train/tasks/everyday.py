"""A random.Random in, a short everyday chat out: small talk, simple facts, follow-ups, and what is beyond a tiny model.

The hand-written entries stand in `data/{everyday,facts,beyond,follow_up}.jsonl`, one subject a line; phrases that many
of them share stand in `data/everyday_phrases.json`. A `{slot}` is filled from an entry's own rows or from a shared list
of words; `{slot^}` starts with a capital. The thinking of an entry with a gold ends with it: there a slip can stand.
"""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from train.traces import Gold, Nothing, Span, Trace, Value, Writer, question

DATA = Path(__file__).resolve().parent / "data"
SLIP_SHARE = 0.08
SLOT = re.compile(r"\{([a-z]\w*)(\^?)\}")
# An answer that already says where to turn, or what to send, needs an offer less often.
REDIRECT = re.compile(r"please|Please|Tell me|but I can |but you can|I can only|can tell|can help")
POSSESSIVES = re.compile(r"\b(my|our|I|me)\b")
ADDRESSED = {"my": "your", "our": "your", "I": "you", "me": "you"}
TOLD_OF = {"my": "their", "our": "their", "I": "they", "me": "them"}

Slots = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One hand-written subject: how it is asked, thought about and answered.

    Attributes:
        first: The user's opening of a two-turn chat; empty for one turn.
        reply: The assistant's answer to it.
        fields: The slots' names; each of `rows` holds a value for each.
        words: A shared list of words that fills one more slot of this name.
        gold: The slot that the answer must hold.
        category: Why it is beyond the model; empty if it is not.
        wants: What the user is after, as it stands in "They ask for ...".
        is_exact: Whether a slot's letter case matters, so that it is never lowered.
        is_theirs: Whether "my" in a slot is the user's, so that it turns into "your" in the answer.
    """

    name: str
    prompts: Sequence[str]
    answers: Sequence[str]
    thinking: Sequence[str] = ()
    first: Sequence[str] = ()
    reply: Sequence[str] = ()
    fields: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ((),)
    words: str = ""
    gold: str = ""
    category: str = ""
    wants: str = ""
    is_exact: bool = False
    is_theirs: bool = False

    def choose_slots(self, choose: random.Random) -> dict[str, str]:
        """A value for each slot."""
        slots = dict(zip(self.fields, choose.choice(self.rows), strict=True))
        if self.words:
            slots[self.words] = choose.choice(phrases()["words"][self.words])
        return slots


@cache
def entries(name: str) -> tuple[Entry, ...]:
    """The entries of one data file, such as "facts"."""
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Entry(**json.loads(line)) for line in lines)


@cache
def phrases() -> Mapping[str, Any]:
    """Words and phrases that the entries share."""
    shared: Mapping[str, Any] = json.loads((DATA / "everyday_phrases.json").read_text(encoding="utf-8"))
    return shared


@cache
def _weights(name: str) -> tuple[float, ...]:
    """How often an entry is chosen: more often if it can be asked in more ways, but far from in proportion."""
    return tuple((len(entry.prompts) * len(entry.rows)) ** 0.35 for entry in entries(name))


def fill(template: str, slots: Slots) -> str:
    """The template with its slots filled.

    Raises:
        KeyError: If it names a slot that has no value.

    >>> fill("{x^} is {y}.", {"x": "the sky", "y": "blue"})
    'The sky is blue.'
    """

    def value(match: re.Match[str]) -> str:
        text = slots[match[1]]
        return text[:1].upper() + text[1:] if match[2] else text

    return SLOT.sub(value, template)


def _seen(entry: Entry, slots: Slots, pronouns: Mapping[str, str]) -> Slots:
    """The slots as the model speaks of them: the user's "my coin" is "your coin" or "their coin"."""
    if not entry.is_theirs:
        return slots
    return {name: POSSESSIVES.sub(lambda match: pronouns[match[0]], value) for name, value in slots.items()}


def _with_typo(choose: random.Random, template: str) -> str:
    """Swap two letters inside one longer word of the template, if it has one that is no slot."""
    words = [match for match in re.finditer(r"(?<![\w{])[a-z]{5,}(?![\w}^])", template)]
    if not words:
        return template
    word = choose.choice(words)
    at = choose.randrange(word.start() + 1, word.end() - 2)
    return template[:at] + template[at + 1] + template[at] + template[at + 2 :]


def typed(choose: random.Random, template: str, slots: Slots, *, is_exact: bool = False) -> str:
    """A prompt as one stranger types it: as it stands, in lower case, without its last mark, rarely with a typo."""
    if choose.random() < 0.03:
        template = _with_typo(choose, template)
    is_lower = choose.random() < 0.2
    if is_lower and is_exact:
        template = template.lower()
    prompt = fill(template, slots)
    if is_lower and not is_exact:
        prompt = prompt.lower()
    if choose.random() < 0.15 and len(prompt) > 8:
        prompt = prompt.rstrip("?.! ")
    elif choose.random() < 0.15:
        prompt = prompt[:1].upper() + prompt[1:]
    return prompt


def _asked(choose: random.Random, entry: Entry, at: int, slots: Slots) -> str:
    """The prompt, now and then with a polite word around it."""
    prompt = typed(choose, entry.prompts[at], slots, is_exact=entry.is_exact)
    if choose.random() < 0.06 and not re.search("please|pls|hey|hi,", prompt, re.IGNORECASE):
        return choose.choice(["hi, ", "hey, ", "Hello! ", "please, "]) + prompt
    return prompt


def _key(task: str, entry: Entry, at: int, slots: Slots) -> str:
    """What is asked. The wording counts too, except where something beyond the model has a slot."""
    filled = "/".join([*slots.values()][:2])
    if task == "beyond" and filled:
        return f"beyond:{entry.name}:{filled}"
    return f"{task}:{entry.name}:{at}:{filled}"


def _gold_thinking(choose: random.Random, entry: Entry, slots: Slots, checks: str) -> tuple[Span, ...]:
    """Thinking that ends with the gold, sometimes with another row's gold first, and a check."""
    text = fill(choose.choice(entry.thinking), slots)
    gold = slots[entry.gold]
    check = " " + choose.choice(phrases()[checks])
    wrong = [row[entry.fields.index(entry.gold)] for row in entry.rows]
    wrong = [other for other in wrong if other != gold]
    if wrong and choose.random() < SLIP_SHARE:
        repair = choose.choice(phrases()["repairs"]).replace("{gold}", gold)
        return (Span(text.removesuffix(gold)), Span(choose.choice(wrong) + ".", is_learned=False), Span(repair + check))
    return (Span(text + ("" if text.endswith((".", "?", "!")) else ".") + check),)


def _free_thinking(
    choose: random.Random, text: str, slips: Sequence[Sequence[str]], checks: Sequence[str]
) -> tuple[Span, ...]:
    """The given thinking, sometimes with a plan that is dropped again, and a check."""
    check = " " + choose.choice(checks)
    if choose.random() < SLIP_SHARE:
        slip, repair = choose.choice(slips)
        return (Span(text + " "), Span(slip, is_learned=False), Span(repair + check))
    return (Span(text + check),)


def _thinking(choose: random.Random, entry: Entry, slots: Slots, kind: str) -> tuple[Span, ...]:
    """An entry's thinking, with or without a gold, with the slips and checks of its kind: "chat" or "follow"."""
    if entry.gold:
        return _gold_thinking(choose, entry, slots, "gold_checks" if kind == "chat" else "follow_checks")
    text = fill(choose.choice(entry.thinking), _seen(entry, slots, TOLD_OF))
    return _free_thinking(choose, text, phrases()[f"{kind}_slips"], phrases()[f"{kind}_checks"])


def _choose_entry(choose: random.Random, name: str) -> Entry:
    return choose.choices(entries(name), _weights(name))[0]


def write_chat(choose: random.Random) -> Trace:
    """Small talk, wordplay, short texts, and who the model is."""
    entry = _choose_entry(choose, "everyday")
    at = choose.randrange(len(entry.prompts))
    slots = entry.choose_slots(choose)
    is_plain = not entry.fields
    prompt = typed(choose, entry.prompts[at], slots) if is_plain else _asked(choose, entry, at, slots)
    thinking = _thinking(choose, entry, slots, "chat")
    answer = fill(choose.choice(entry.answers), slots)
    return Trace("chat", _key("chat", entry, at, slots), question(prompt), thinking, answer, Nothing())


def write_fact(choose: random.Random) -> Trace:
    """A simple fact. The gold is the word that the answer must hold; numbers are boxed."""
    entry = _choose_entry(choose, "facts")
    at = choose.randrange(len(entry.prompts))
    slots = entry.choose_slots(choose)
    prompt = _asked(choose, entry, at, slots)
    thinking = _gold_thinking(choose, entry, slots, "fact_checks")
    answer = fill(choose.choice(entry.answers), slots)
    return Trace("fact", _key("fact", entry, at, slots), question(prompt), thinking, answer, Value(slots[entry.gold]))


def _wish(choose: random.Random, wants: str) -> str:
    """What the user is after, as a sentence."""
    is_clause = wants.split()[0] in ("whether", "what", "how", "who", "where", "which", "when")
    return str(choose.choice(phrases()["clauses" if is_clause else "wants"])).replace("{wants}", wants)


def _softened(choose: random.Random, answer: str) -> str:
    """Sometimes an apology before "I can't ..." or "I don't ..."."""
    if answer.startswith(("I can't", "I don't", "I have no")) and choose.random() < 0.35:
        return choose.choice(["Sorry, ", "I'm sorry, but ", "I'm afraid ", "Sorry, but "]) + answer
    return answer


def write_beyond(choose: random.Random) -> Trace:
    """Something that a tiny model without internet, eyes and hands cannot do: it says so and offers something else."""
    entry = choose.choice(entries("beyond"))
    at = choose.randrange(len(entry.prompts))
    slots = entry.choose_slots(choose)
    shared = {**phrases(), **phrases()["categories"][entry.category]}
    wants = _wish(choose, fill(entry.wants, _seen(entry, slots, TOLD_OF)))
    text = " ".join(part for part in (wants, choose.choice(shared["reasons"]), choose.choice(shared["plans"])) if part)
    thinking = _free_thinking(choose, text, shared["slips"], shared["checks"])
    answer = fill(choose.choice(entry.answers), _seen(entry, slots, ADDRESSED))
    offer = choose.choice(shared["offers"]) if not REDIRECT.search(answer) or choose.random() < 0.4 else ""
    answer = f"{_softened(choose, answer)} {offer}".strip()
    prompt = typed(choose, entry.prompts[at], slots) if entry.category == "care" else _asked(choose, entry, at, slots)
    return Trace("beyond", _key("beyond", entry, at, slots), question(prompt), thinking, answer, Nothing())


def _two_turns(first: str, reply: str, then: str) -> tuple[Mapping[str, Any], ...]:
    return (*question(first), {"role": "assistant", "content": reply}, *question(then))


def write_follow_up(choose: random.Random) -> Trace:
    """The second turn of a chat, which needs the first."""
    if choose.random() < 0.3:
        return _number_follow_up(choose)
    entry = _choose_entry(choose, "follow_up")
    at = choose.randrange(len(entry.prompts))
    slots = entry.choose_slots(choose)
    # The opening keeps its letter case: it is quoted and named again later.
    first, reply = (fill(choose.choice(texts), slots) for texts in (entry.first, entry.reply))
    messages = _two_turns(first, reply, typed(choose, entry.prompts[at], slots))
    thinking = _thinking(choose, entry, slots, "follow")
    answer = fill(choose.choice(entry.answers), slots)
    gold: Gold = Value(slots[entry.gold]) if entry.gold else Nothing()
    return Trace("follow_up", _key("follow_up", entry, at, slots), messages, thinking, answer, gold)


STEPS: Mapping[str, tuple[Callable[[int, int], int], str, Sequence[str]]] = {
    "twice": (lambda n, _: 2 * n, "2 * {n}", ["and twice that?", "double it", "times two", "twice that please"]),
    "times": (lambda n, k: n * k, "{n} * {k}", ["times {k}", "multiply that by {k}", "and {k} times that?"]),
    "plus": (lambda n, k: n + k, "{n} + {k}", ["plus {k}", "add {k}", "and {k} more?", "now add {k} to that"]),
    "minus": (lambda n, k: n - k, "{n} - {k}", ["minus {k}", "take away {k}", "and {k} less?", "subtract {k}"]),
    "half": (lambda n, _: n // 2, "{n} / 2", ["half of that?", "and half of it", "divide it by two", "halve it"]),
}


def _number_follow_up(choose: random.Random) -> Trace:
    """A small sum, then one more step from its result."""
    a, b, k = choose.randint(2, 40), choose.randint(2, 40), choose.randint(2, 9)
    sign, n = choose.choice([("+", a + b), ("-", a), ("*", 0)])
    if sign == "-":
        a = n + b
    if sign == "*":
        a, b = choose.randint(2, 12), choose.randint(2, 9)
        n = a * b
    fits = {"half": n % 2 == 0, "times": n <= 60, "minus": n >= k}
    steps = [step for step in STEPS if fits.get(step, True)]
    step = choose.choice(steps)
    function, shape, wordings = STEPS[step]
    result, sum_text = function(n, k), shape.format(n=n, k=k)
    asked = choose.choice({"+": "+ plus", "-": "- minus", "*": "* times x"}[sign].split())
    first = choose.choice(["What is {}?", "{}", "{} = ?", "calculate {}", "what's {}"]).format(f"{a} {asked} {b}")
    reply = choose.choice([f"It is $\\boxed{{{n}}}$.", f"${a} {sign} {b} = \\boxed{{{n}}}$".replace("*", "\\cdot")])
    then = typed(choose, choose.choice(wordings).format(k=k), {})
    lead = choose.choice(["That is {n}. ", "The result above is {n}. ", "From before: {n}. "]).format(n=n)
    thinking = _step_thinking(choose, lead + sum_text, result, _undone(step, n, k, result))
    answer = f"${sum_text} = \\boxed{{{result}}}$".replace("*", "\\cdot")
    key = f"follow_up:{step}:{n}" + ("" if step in ("twice", "half") else f",{k}")
    return Trace("follow_up", key, _two_turns(first, reply, then), thinking, answer, Value(str(result)))


def _undone(step: str, n: int, k: int, result: int) -> str:
    """The check: the step taken back."""
    back = {"twice": "/ 2", "times": f"/ {k}", "plus": f"- {k}", "minus": f"+ {k}", "half": "* 2"}[step]
    return f"Check: {result} {back} = {n}."


def _step_thinking(choose: random.Random, start: str, result: int, check: str) -> tuple[Span, ...]:
    """The step, sometimes with a wrong result first, and its check."""
    if choose.random() < SLIP_SHARE:
        slip = f"{result + choose.choice([-2, -1, 1, 2, 10])}."
        return (Span(start + " = "), Span(slip, is_learned=False), Span(f" Wait, it is {result}. {check}"))
    return (Span(f"{start} = {result}. {check}"),)


TASKS: dict[str, Writer] = {
    "chat": write_chat,
    "fact": write_fact,
    "beyond": write_beyond,
    "follow_up": write_follow_up,
}
