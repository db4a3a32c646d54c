"""A number in, a request with rules that a program can check out: the same for the same number, in any process.

An everyday request and one to three of IFEval's instructions with drawn arguments, which an answer can follow
together (`train.constraint_kinds`). A verifier (`verify.instructions`) says whether it does.
"""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from train.constraint_kinds import KINDS, Kind, fits
from train.problems import Constraints, Problem
from train.traces import Split, is_held_out

# One rule, two, three.
LEVELS = 3

REQUESTS = (
    "Write a short note to a neighbour who has watered my plants.",
    "Explain why the sky is blue.",
    "Describe how to make a cup of tea.",
    "Write an invitation to a birthday party in the park.",
    "Tell me how rain forms.",
    "Give me advice for a first day at a new job.",
    "Write a product description of a wooden chair.",
    "Explain to a child what a bank does.",
    "Write a message to my landlord about a broken heater.",
    "Describe a walk through a forest in autumn.",
    "Tell me what to see during a weekend in Rome.",
    "Write a short story about a lost key.",
    "Explain the difference between weather and climate.",
    "Give me ideas for a cheap dinner for four people.",
    "Write a thank-you letter to a teacher.",
    "Describe what a librarian does all day.",
    "How do I get a red wine stain out of a shirt?",
    "Write a job advertisement for a baker.",
    "Explain how a bicycle stays upright.",
    "Write a poem about the sea.",
    "What should I pack for a week in the mountains?",
    "Write a review of a small restaurant that you liked.",
    "Explain how vaccines work.",
    "Write a speech of welcome for new club members.",
    "Describe my ideal garden to a gardener.",
    "How can I fall asleep faster?",
    "Write a reply to a customer whose parcel came late.",
    "Explain what inflation is.",
    "Write a dialogue between a cat and a dog.",
    "Give me a plan to learn the guitar in three months.",
    "Describe the life of a bee.",
    "Write an announcement that the office is closed on Friday.",
    "What are good habits for saving money?",
    "Explain how the tides come about.",
    "Write a diary entry of a sailor.",
    "Tell me how to prepare for an interview.",
    "Describe the taste of a ripe peach.",
    "Write a short summary of how a bill becomes a law.",
    "How do I train a puppy to sit?",
    "Write a toast for a wedding.",
    "Explain why leaves change their colour in autumn.",
    "Give me tips for taking photographs at night.",
    "Write an email that asks for a day off.",
    "Describe a rainy day in a big city.",
    "What makes a good friend?",
    "Write a recipe for vegetable soup.",
    "Explain how a refrigerator keeps food cold.",
    "Write a lost and found notice for a blue umbrella.",
    "Tell me about the moons of Mars.",
    "Write a letter to my future self.",
    "How can a school use less paper?",
    "Describe a train journey along a river.",
    "Write a slogan and a short text for a bookshop.",
    "Explain what a computer program is.",
    "Give me reasons to visit a museum.",
    "Write a bedtime story about a small cloud.",
    "How do I keep tomatoes fresh?",
    "Explain why we have leap years.",
    "Write a complaint about noise at night.",
    "Describe how bread is baked.",
)
YES_OR_NO = (
    "Is a tomato a fruit?",
    "Can a person live without sleep?",
    "Is it cheaper to cook at home than to eat out?",
    "Do all birds fly?",
    "Is the moon larger than the earth?",
    "Should children have homework every day?",
    "Is glass made from sand?",
    "Can I grow lemons indoors?",
    "Is a whale a fish?",
    "Does coffee keep people awake?",
    "Is the Pacific the largest ocean?",
    "Should I wash rice before I cook it?",
    "Can plants grow under a lamp?",
    "Is zero an even number?",
    "Do penguins live at the North Pole?",
)


def constraint_problem(n: int, split: Split, level: int | None = None) -> Problem:
    """The n-th problem of a split; those of the other split ask nothing that it asks.

    Args:
        n: From 0, as large as one likes.
        level: 0 for one rule, up to 2 for three of them; any of these where it is None.
    """
    choose = random.Random(f"constraints:{split}:{level}:{n}")
    while True:
        count = 1 + (choose.randrange(LEVELS) if level is None else level)
        kinds = _together(choose, count)
        needs_yes_or_no = any(kind.is_for_yes_or_no for kind in kinds)
        request = choose.choice(YES_OR_NO if needs_yes_or_no else (*REQUESTS, *YES_OR_NO))
        kwargs = tuple(kind.draw(choose, request) for kind in kinds)
        key = _key(request, kinds, kwargs)
        if is_held_out(key) == (split == "held_out"):
            break
    prompt = _prompt(request, kinds, kwargs)
    gold = Constraints(tuple(kind.id for kind in kinds), kwargs)
    return Problem("constraints", key, ({"role": "user", "content": prompt},), gold, level or 0)


def _together(choose: random.Random, count: int) -> list[Kind]:
    """So many kinds that an answer can follow together, or fewer where the first of them leave room for no more."""
    chosen: list[Kind] = []
    for kind in choose.sample(KINDS, len(KINDS)):
        if len(chosen) < count and fits(kind, chosen):
            chosen.append(kind)
    return chosen


def _key(request: str, kinds: Sequence[Kind], kwargs: Sequence[Mapping[str, Any]]) -> str:
    """What is asked, whatever the order of the rules."""
    rules = sorted([kind.id, given] for kind, given in zip(kinds, kwargs, strict=True))
    return f"constraints:{json.dumps([request, rules], sort_keys=True)}"


def _prompt(request: str, kinds: Sequence[Kind], kwargs: Sequence[Mapping[str, Any]]) -> str:
    rules = [kind.words(given) for kind, given in zip(kinds, kwargs, strict=True)]
    # An example over several lines is not to run into the next rule.
    is_long = any("\n" in rule for rule in rules)
    return ("\n" if is_long else " ").join([request, *rules])
