"""How a group of models speaks: its chat template, its thinking tags, its tool calls, its sampling preset."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from model.events import Sampling

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Family:
    """How the models of one family speak.

    Args:
        template_file: File in `model/templates/`, used when the tokenizer brings no chat template of its own.
        overrides_template: The file always wins over the tokenizer's own.
        opens_thinking: The generation prompt already ends with `open_text`; else the model writes it itself.
        early_stop_text: What ends a thinking before its time, closing tag included.
        response_template: For transformers' `ResponseParser`: fields `thinking`, `content` and `tool_calls`. A tool
            call's value is `{"name", "arguments"}`, or the bare text where that is not JSON.
        answer_template: The same without `thinking`, for after the closing tag: a literal `<think>` in an answer would
            open the thinking again.
        keeps_thinking_in_history: Prompts show the thinking of earlier turns.
        allows_system: False: a system text belongs at the head of the first user turn.
        calls_tools_in_thinking: A tool call written inside the thinking counts as a call.
        sampling: The preset; every field but `seed` is set.
        renders_tools: The chat template describes the tools it is given; else the prompt builder has to.
        boxing_text: What is added to a problem so that the final answer comes in a box; empty where it always does.
        program_text: What is added to a task so that the program comes in one block; empty where it always does.
        completion_text: Asks for the rest of a function of which `{stub}` is there: its head and its docstring.
        tests_shown: So many of a task's tests at most are shown beside it.
        repairs_alone: It can make nothing of a talk about a program: one that failed is asked for again, with the case
            on which it did before all other tests.
        writes_tests: It can be asked for tests of a program that it is not to write.
        tools_at_once: It was trained with so few tools at once that it mixes up more; 0 for those that don't.
    """

    name: str
    template_file: str | None
    overrides_template: bool
    opens_thinking: bool
    open_text: str
    close_text: str
    early_stop_text: str
    response_template: Mapping[str, Any]
    answer_template: Mapping[str, Any]
    keeps_thinking_in_history: bool
    allows_system: bool
    calls_tools_in_thinking: bool
    sampling: Sampling
    renders_tools: bool = True
    # QwenLM/QwQ, README.md and eval/: the standard wording for problems with one answer.
    boxing_text: str = "\nPlease reason step by step, and put your final answer within \\boxed{}."
    program_text: str = "\n\nGive the whole program in one ```python block."
    # evalplus/evalplus, evalplus/codegen.py: its instruction for chat models, which HumanEval is asked with.
    completion_text: str = (
        "Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"
        "```\n{stub}\n```\n"
    )
    tests_shown: int = 20
    repairs_alone: bool = False
    writes_tests: bool = True
    tools_at_once: int = 0

    def template_text(self) -> str | None:
        """The chat template that we ship for the family, or None."""
        return (TEMPLATES / self.template_file).read_text("utf-8") if self.template_file else None


def _templates(anchor: Mapping[str, str], tool_calls: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The response template with thinking and the one without."""
    fields = {"tool_calls": tool_calls, "content": {"content": "text"}}
    thinking = {"open": "<think>", "close": "</think>", "content": "text"}
    return {**anchor, "fields": {"thinking": thinking, **fields}}, {**anchor, "fields": fields}


# `\s*` takes the line break between two calls along, so that it opens no empty piece of answer.
_HERMES_CALLS = {
    "open_pattern": r"\s*<tool_call>",
    "close": "</tool_call>",
    "repeats": True,
    "content": "json",
    "content_args": {"allow_non_json": True},
}
_DEEPSEEK_CALLS = {
    "open_pattern": (
        r"\s*(?:<｜tool▁calls▁begin｜>\s*)?<｜tool▁call▁begin｜>\w*<｜tool▁sep｜>(?P<name>[^\n`]+)\n```(?:json)?\n"
    ),
    "close_pattern": r"\n?```\s*<｜tool▁call▁end｜>(?:\s*<｜tool▁calls▁end｜>)?",
    "repeats": True,
    "content": "json",
    "content_args": {"allow_non_json": True},
    "transform": {"name": "{name}", "arguments": "{content}"},
}
_CHATML = _templates({"start_anchor": "<|im_start|>assistant\n"}, _HERMES_CALLS)
_DEEPSEEK = _templates({"start_anchor": "<｜Assistant｜>"}, _DEEPSEEK_CALLS)
# An unknown template: whatever the prompt ends with, the answer starts right after it.
_ANY = _templates({"start_anchor_pattern": r"\Z"}, _HERMES_CALLS)

# Qwen3's documentation, docs/source/getting_started/quickstart.md of QwenLM/Qwen3 (Apache-2.0): the thinking budget.
_QWEN_EARLY_STOP = (
    "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."
    "\n</think>\n\n"
)
_SHORT_EARLY_STOP = "\n\nThat is enough thinking. I will give the answer now.\n</think>\n\n"

QWQ = Family(
    name="qwq",
    template_file="qwq.jinja",
    overrides_template=False,
    opens_thinking=True,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_QWEN_EARLY_STOP,
    response_template=_CHATML[0],
    answer_template=_CHATML[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    # QwenLM/QwQ, README.md and eval/README.md: never greedy, no repetition penalty, 32,768 new tokens.
    sampling=Sampling(temperature=0.6, top_p=0.95, top_k=40, max_new_tokens=32_768),
)
QWEN3 = Family(
    name="qwen3",
    template_file="qwen3.jinja",
    overrides_template=False,
    opens_thinking=False,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_QWEN_EARLY_STOP,
    response_template=_CHATML[0],
    answer_template=_CHATML[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    # Qwen3 model cards, "Best Practices": thinking mode.
    sampling=Sampling(temperature=0.6, top_p=0.95, top_k=20, max_new_tokens=32_768),
)
R1_DISTILL = Family(
    name="r1-distill",
    template_file="r1-distill.jinja",
    overrides_template=False,
    opens_thinking=True,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_SHORT_EARLY_STOP,
    response_template=_DEEPSEEK[0],
    answer_template=_DEEPSEEK[1],
    keeps_thinking_in_history=False,
    # deepseek-ai/DeepSeek-R1, README.md, "Usage Recommendations": no system prompt, temperature 0.6.
    allows_system=False,
    calls_tools_in_thinking=False,
    sampling=Sampling(temperature=0.6, top_p=0.95, top_k=0, max_new_tokens=32_768),
    renders_tools=False,
)
# The embedded model with our adapter, which was trained on QwQ's own protocol (train/).
SMOLLM2 = Family(
    name="smollm2",
    template_file="qwq.jinja",
    overrides_template=True,
    opens_thinking=True,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_SHORT_EARLY_STOP,
    response_template=_CHATML[0],
    answer_template=_CHATML[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    # Close to greedy, unlike the large models: it was trained on texts that are right by construction, and ends them.
    sampling=Sampling(temperature=0.1, top_p=0.95, top_k=40, max_new_tokens=4096),
    boxing_text="",
    # As it was trained: train/tasks/data/python_wordings.jsonl.
    program_text="",
    completion_text="Complete this Python function:\n\n```python\n{stub}\n```",
    tests_shown=3,
    # Of 15 programs that failed, 3 were right when asked for again so, 1 after its failure was told in the chat.
    repairs_alone=True,
    # Asked for tests of 20 simple functions, in four wordings, it wrote the function each time and not one assert.
    writes_tests=False,
    # train/tasks/tool_calls.py offers one to three.
    tools_at_once=2,
)
# The same weights without the adapter: three examples in the prompt show it how to think.
UNTOUCHED_SMOLLM2 = replace(
    SMOLLM2,
    name="smollm2-untouched",
    template_file="smollm2.jinja",
    writes_tests=True,
    # Chosen by trying 0.6 and 0.3: lower ones close the thinking more often, and go in circles more often.
    sampling=Sampling(temperature=0.4, top_p=0.95, top_k=40, max_new_tokens=4096),
)
PLAIN = Family(
    name="plain",
    template_file=None,
    overrides_template=False,
    opens_thinking=False,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_SHORT_EARLY_STOP,
    response_template=_ANY[1],
    answer_template=_ANY[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    sampling=Sampling(temperature=0.7, top_p=0.95, top_k=40, max_new_tokens=8192),
)
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in (QWQ, QWEN3, R1_DISTILL, SMOLLM2, UNTOUCHED_SMOLLM2, PLAIN)}
)


def family_of(chat_template: str, name: str) -> Family:
    """The family whose protocol a chat template speaks; without a template, the one that `name` hints at.

    >>> family_of("", "Qwen/Qwen3-8B-FP8").name, family_of("{{ messages }}", "gpt2").name
    ('qwen3', 'plain')
    """
    if chat_template:
        return _family_of_template(chat_template)
    lowered = name.lower()
    for hint, family in (("qwq", QWQ), ("r1-distill", R1_DISTILL), ("qwen3", QWEN3)):
        if hint in lowered:
            return family
    return PLAIN


def _family_of_template(template: str) -> Family:
    if "<｜Assistant｜>" in template and "</think>" in template:
        return R1_DISTILL
    if "<|im_start|>" not in template or "<think>" not in template:
        return PLAIN
    generation_prompt = template[template.rfind("add_generation_prompt") :]
    # Qwen3's only tag there is the empty pair for "no thinking".
    without_empty_pair = re.sub(r"<think>(?:\\n|\n)*</think>", "", generation_prompt)
    return QWQ if "<think>" in without_empty_pair else QWEN3
