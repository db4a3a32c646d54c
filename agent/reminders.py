"""A step without a call in, whether the model had spoken of one out: it planned a call and then never wrote it."""

import re
from collections.abc import Collection

from model.steps import Step, has_broken_call

# What people and models say when they are about to do something.
_INTENT = (
    r"(?:\bI(?:'|’)?ll|\bI will|\bI(?:'|’)m going to|\bI am going to|\blet me|\blet(?:'|’)s|"
    r"\bI(?:'|’)d better|\bI should|"
    r"\bI need to|\bI have to|\bI must|\bnext,? I|\bfirst,? I|\bnow,? I)"
)
# Doing that needs a tool, whatever the tool is called.
_DOING = (
    r"(?:call|use|run|execute|invoke|search|look (?:it |this |that |these |them )?up|google|browse|fetch|open|download|"
    r"query|check (?:the )?(?:web|internet|page|site|file|files)|read (?:the )?(?:file|page|document)|"
    r"write (?:it |this )?(?:to )?(?:a |the )?file)"
)
_ADVERB = r"(?:\s+(?:now|then|first|just|quickly|also|try to|go and|please))*"
_PLAN = re.compile(rf"{_INTENT}{_ADVERB}\s+{_DOING}\b", re.IGNORECASE)
# "I should not call", "no need to search": the opposite.
_DENIAL = re.compile(r"\b(?:not|n['’]t|never|no need|without|instead of|rather than)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?:\n])\s+")
_MOST_CHARACTERS = 600


def spoke_of_a_call(step: Step, tools: Collection[str], n_calls_before: int) -> bool:
    """Whether a step without calls should have had one.

    Its answer says that something will be done now; or its thinking ended with such a plan while nothing has been
    called in this run, so that the answer claims what was never looked up.

    Args:
        tools: Names of the tools on offer.
        n_calls_before: Calls of the run's earlier steps.

    >>> spoke_of_a_call(Step(answer="Let me search for that."), ["search_web"], 0)
    True
    >>> spoke_of_a_call(Step(thinking="No need to search for that.", answer="It is 4."), ["search_web"], 0)
    False
    """
    if not tools or step.calls:
        return False
    if has_broken_call(step.answer):
        return True
    if _plans(_last_sentences(step.answer, 2), tools):
        return True
    return n_calls_before == 0 and _plans(_last_sentences(step.own_thinking, 2), tools)


def _plans(sentences: list[str], tools: Collection[str]) -> bool:
    return any(_is_plan(sentence, tools) for sentence in sentences)


def _is_plan(sentence: str, tools: Collection[str]) -> bool:
    """Whether a sentence says that a tool is about to be used."""
    if _DENIAL.search(sentence) or sentence.rstrip().endswith("?"):
        return False
    if _PLAN.search(sentence):
        return True
    named = any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sentence) for name in tools)
    return named and re.search(_INTENT, sentence, re.IGNORECASE) is not None


def _last_sentences(text: str, how_many: int) -> list[str]:
    """The last sentences of a text; what stands before them is thought over again by then."""
    return [each for each in _SENTENCE_END.split(text[-_MOST_CHARACTERS:].strip()) if each.strip()][-how_many:]
