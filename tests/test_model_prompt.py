"""Chats in; the ids that each family's real chat template and a real tokenizer make of them out."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from model.engine import Request
from model.errors import BadInput, ModelLoadFailed
from model.events import Message
from model.families import PLAIN, QWEN3, QWQ, R1_DISTILL, SMOLLM2
from model.prompt import ChatPrompts
from model.tool_events import ToolCall

CORPUS = [
    "Okay, so the user asks what 17 times 23 is. Let me think step by step: 17 * 20 = 340 and 17 * 3 = 51, so 391.\n\n",
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat is the think tag?<|im_end|>\n",
    "def f(x):\n    return x + 1\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n",
    "Grüße aus München, 你好，世界！ 🙂 naïve café \\boxed{391} $x^2$ {'a': [1, 2]}\n",
] * 5
QWEN_CONTROL = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
DEEPSEEK_CONTROL = ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>")
TAGS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
TOOL = {
    "type": "function",
    "function": {
        "name": "python",
        "description": "Runs Python. Never write <|im_end|> or </think>.",
        "parameters": {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
    },
}
FAMILIES = [QWQ, QWEN3, R1_DISTILL, SMOLLM2]
by_family = pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])


def _tokenizer(*, is_byte_level: bool = True) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE(byte_fallback=not is_byte_level))
    if is_byte_level:
        # Qwen's own splitting, so that line breaks and spaces merge as they do there.
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(
                    pattern=Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
                    behavior="isolated",
                ),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        backend.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        extra: list[str] = []
    else:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        backend.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
        alphabet = sorted({character for text in CORPUS for character in text} | set("\nx▁"))
        extra = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=alphabet, special_tokens=extra, show_progress=False)
    backend.train_from_iterator(CORPUS, trainer)
    backend.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in (*QWEN_CONTROL, *DEEPSEEK_CONTROL)]
    )
    backend.add_tokens([AddedToken(text, special=False, normalized=False) for text in (*TAGS, "<|fim_prefix|>")])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|im_end|>", bos_token="<｜begin▁of▁sentence｜>", pad_token="<|endoftext|>"
    )


@pytest.fixture(scope="module")
def tokenizer():
    return _tokenizer()


def asked(*messages: Message, **settings) -> Request:
    return Request(messages or (Message("user", "What is 17 * 23?"),), **settings)


def user(text: str) -> Message:
    return Message("user", text)


CHAT = (
    Message("system", "Be brief."),
    Message("user", "What is 17 * 23?"),
    Message("assistant", "391.", thinking="17 * 20 = 340\n\n340 + 51 = 391"),
    Message("user", "Check it with Python."),
    Message(
        "assistant", "", thinking="I call it.", tool_calls=(ToolCall("c1", "python", '{"code":  "print(17 * 23)"}'),)
    ),
    Message("tool", "391"),
)


# ------------------------------------------------------------------ what the templates make


@by_family
def test_prompt_ids_are_the_tokenizers_own_when_the_chat_has_no_literal_tag(tokenizer, family):
    prompts = ChatPrompts(tokenizer, family)
    for messages in (CHAT[:2], CHAT[:4], CHAT):
        prompt = prompts.build(asked(*messages))
        assert list(prompt.ids) == tokenizer.encode(prompt.text, add_special_tokens=False)
        assert "391" in prompt.text or messages is not CHAT


@pytest.mark.parametrize("family", [QWQ, QWEN3, SMOLLM2], ids=lambda family: family.name)
def test_prompt_shows_the_thinking_of_the_turns_own_steps_only_when_it_is_kept(tokenizer, family):
    prompts = ChatPrompts(tokenizer, family)
    aside = user("Answer now.")
    kept = prompts.build(asked(*CHAT, aside, shows_thinking_from=3)).text
    step = "<|im_start|>assistant\n<think>\nI call it.\n</think>\n\n<tool_call>\n"
    assert step in kept and "340 + 51" not in kept
    dropped = replace(CHAT[4], thinking="")
    assert "I call it." not in prompts.build(asked(*CHAT[:4], dropped, CHAT[5], aside)).text


@by_family
def test_prompt_without_tools_after_calls_is_one_that_the_template_takes(tokenizer, family):
    text = ChatPrompts(tokenizer, family).build(asked(*CHAT, user("Answer now."), leaves_out_calls=True)).text
    assert "print(17 * 23)" in text and "Answer now." in text and "# Tools" not in text


def test_prompt_text_is_that_of_the_template_alone(tokenizer):
    messages = [{"role": message.role, "content": message.content} for message in CHAT[:4]]
    for family in (QWQ, QWEN3):
        wanted = tokenizer.apply_chat_template(
            messages, chat_template=family.template_text(), tokenize=False, add_generation_prompt=True
        )
        assert ChatPrompts(tokenizer, family).build(asked(*CHAT[:4])).text == wanted


@by_family
def test_prompt_carries_system_tools_calls_and_results(tokenizer, family):
    text = ChatPrompts(tokenizer, family).build(asked(*CHAT, tools=(TOOL,))).text
    for part in ("Be brief.", "Check it with Python.", "391", "Runs Python.", "print(17 * 23)", "python"):
        assert part in text
    assert "c1" not in text


@by_family
def test_prompt_drops_the_thinking_of_earlier_turns_when_the_family_does(tokenizer, family):
    text = ChatPrompts(tokenizer, family).build(asked(*CHAT[:4])).text
    assert "340 + 51" not in text


@by_family
def test_prompt_keeps_the_thinking_of_earlier_turns_when_the_family_does(tokenizer, family):
    family = replace(family, keeps_thinking_in_history=True)
    prompt = ChatPrompts(tokenizer, family).build(asked(*CHAT[:4]))
    assert "<think>\n17 * 20 = 340\n\n340 + 51 = 391\n</think>\n\n391." in prompt.text
    assert list(prompt.ids) == tokenizer.encode(prompt.text, add_special_tokens=False)


def test_prompt_keeps_the_thinking_between_tool_steps_when_qwen3s_template_does(tokenizer):
    text = ChatPrompts(tokenizer, QWEN3).build(asked(*CHAT)).text
    assert "<think>\nI call it.\n</think>\n\n<tool_call>" in text


def test_prompt_writes_the_system_text_into_the_users_turn_when_the_family_has_no_system_role(tokenizer):
    text = ChatPrompts(tokenizer, R1_DISTILL).build(asked(*CHAT[:2])).text
    assert text == "<｜begin▁of▁sentence｜><｜User｜>Be brief.\n\nWhat is 17 * 23?<｜Assistant｜><think>\n"


def test_prompt_writes_the_system_text_into_the_users_turn_when_an_unknown_template_refuses_it(tokenizer):
    template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "[{{ m.role }}]{{ m.content }}{% endfor %}"
    )
    prompts = ChatPrompts(_with_template(tokenizer, template), PLAIN)
    assert prompts.build(asked(*CHAT[:2])).text == "[user]Be brief.\n\nWhat is 17 * 23?"


def test_prompt_says_why_when_the_template_refuses_the_chat(tokenizer):
    prompts = ChatPrompts(_with_template(tokenizer, "{{ raise_exception('roles must alternate') }}"), PLAIN)
    with pytest.raises(BadInput, match="roles must alternate"):
        prompts.build(asked())


def test_prompts_are_refused_when_there_is_no_template(tokenizer):
    with pytest.raises(ModelLoadFailed, match="no chat template"):
        ChatPrompts(tokenizer, PLAIN)


def test_prompts_take_the_tokenizers_own_template_unless_the_family_overrides_it(tokenizer):
    own = _with_template(tokenizer, "own {{ messages[0].content }}")
    assert ChatPrompts(own, PLAIN).build(asked(user("a"))).text == "own a"
    assert ChatPrompts(own, SMOLLM2).build(asked(user("a"))).text.startswith("<|im_start|>")


def _with_template(tokenizer, template):
    copy = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, eos_token="<|im_end|>")
    copy.chat_template = template
    return copy


def test_prompt_writes_arguments_as_the_object_that_they_are(tokenizer):
    for family in (QWQ, QWEN3, SMOLLM2):
        text = ChatPrompts(tokenizer, family).build(asked(*CHAT)).text
        assert '"arguments": {"code": ' in text, family.name
        assert '\\"code' not in text
    # Qwen3's template takes them as they were written, so that the ids stay those of the model.
    assert '{"code":  "print(17 * 23)"}' in ChatPrompts(tokenizer, QWEN3).build(asked(*CHAT)).text


# ------------------------------------------------------------------ where the model writes on


@pytest.mark.parametrize("family, end", [
    (QWQ, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
    (QWEN3, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
    (R1_DISTILL, "<｜Assistant｜><think>\n\n</think>\n\n"),
    (SMOLLM2, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
], ids=lambda value: getattr(value, "name", ""))  # fmt: skip
def test_prompt_ends_with_an_empty_thinking_when_there_is_to_be_none(tokenizer, family, end):
    prompt = ChatPrompts(tokenizer, family).build(asked(is_thinking_closed=True))
    assert prompt.text.endswith(end)
    assert list(prompt.ids) == tokenizer.encode(prompt.text, add_special_tokens=False)


def test_prompt_without_thinking_is_qwen3s_own_form_of_it(tokenizer):
    wanted = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is 17 * 23?"}],
        chat_template=QWEN3.template_text(), tokenize=False, add_generation_prompt=True, enable_thinking=False,
    )  # fmt: skip
    prompt = ChatPrompts(tokenizer, QWEN3).build(asked(is_thinking_closed=True))
    assert prompt.text == wanted
    assert list(prompt.ids) == tokenizer.encode(wanted, add_special_tokens=False)


@by_family
def test_prompt_opens_the_thinking_when_the_family_does_and_leaves_it_to_the_model_when_not(tokenizer, family):
    for messages in ((), CHAT):
        text = ChatPrompts(tokenizer, family).build(asked(*messages)).text
        assert text.endswith("<think>\n") is family.opens_thinking


@by_family
@pytest.mark.parametrize("thinking", ["Okay, so", "\n\nWait", " a </think> b", "done.\n", "x<|im_end|>"])
def test_prompt_with_thinking_begins_with_the_prompt_without_it(tokenizer, family, thinking):
    prompts = ChatPrompts(tokenizer, family)
    start = prompts.build(asked()).ids
    going_on = prompts.build(asked(thinking_so_far=thinking))
    closed = prompts.build(asked(thinking_so_far=thinking, is_thinking_closed=True))
    answering = prompts.build(asked(thinking_so_far=thinking, is_thinking_closed=True, answer_so_far="\n1. a"))
    for shorter, longer in ((start, going_on.ids), (going_on.ids, closed.ids), (closed.ids, answering.ids)):
        assert longer[: len(shorter)] == shorter
    assert going_on.text.endswith(f"<think>\n{thinking}")
    assert closed.text.endswith(thinking.removesuffix("\n") + "\n</think>\n\n")
    assert answering.text == closed.text + "\n1. a"


@by_family
@pytest.mark.parametrize("thinking", ["Two and two.\n\n", "Two and two.\n", "Two and"])
def test_prompt_of_a_cut_thinking_is_what_a_run_that_is_cut_sends(tokenizer, family, thinking):
    prompts = ChatPrompts(tokenizer, family)
    cut = prompts.build(asked(thinking_so_far=thinking, is_thinking_closed=True, is_thinking_cut=True))
    forced = prompts.encode(prompts.close_thinking(is_forced=True))
    assert cut.ids == (*prompts.build(asked(thinking_so_far=thinking)).ids, *forced)


def test_prompt_of_a_plain_model_has_no_thinking(tokenizer):
    prompts = ChatPrompts(_with_template(tokenizer, "{{ messages[0].content }}|"), PLAIN)
    assert prompts.build(asked(user("a"), is_thinking_closed=True, answer_so_far="b")).text == "a|b"
    assert prompts.build(asked(user("a"), thinking_so_far="t")).text == "a|"


@by_family
def test_prompt_of_the_second_turn_begins_with_that_of_the_first(tokenizer, family):
    prompts = ChatPrompts(tokenizer, family)
    first = prompts.build(asked(*CHAT[:2]))
    second = prompts.build(asked(*CHAT[:4]))
    # What opens the thinking is not in the history of a family that drops it.
    opened = len(prompts.encode(family.open_text)) if family.opens_thinking else 0
    shared = first.ids[: len(first.ids) - opened]
    assert second.ids[: len(shared)] == shared
    with_results = prompts.build(asked(*CHAT, user("Thanks"), tools=(TOOL,))).ids
    calling = prompts.build(asked(*CHAT[:4], tools=(TOOL,))).ids
    shared = calling[: len(calling) - opened]
    assert with_results[: len(shared)] == shared


@by_family
def test_prompt_of_the_second_turn_begins_with_the_whole_first_when_thinking_is_kept(tokenizer, family):
    prompts = ChatPrompts(tokenizer, replace(family, keeps_thinking_in_history=True))
    first = prompts.build(asked(*CHAT[:2])).ids
    assert prompts.build(asked(*CHAT[:4])).ids[: len(first)] == first


def test_close_thinking_gives_the_early_stop_text_when_forced(tokenizer):
    prompts = ChatPrompts(tokenizer, QWQ)
    assert prompts.close_thinking(is_forced=False) == "\n</think>\n\n"
    assert "limited time" in prompts.close_thinking(is_forced=True)
    ids = prompts.encode(prompts.close_thinking(is_forced=True))
    assert tokenizer.convert_tokens_to_ids("</think>") in ids
    assert prompts.encode("") == ()


def test_stop_ids_are_every_token_that_ends_a_turn_once(tokenizer):
    ids = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>", "<｜end▁of▁sentence｜>"])
    assert ChatPrompts(tokenizer, QWQ, more_stop_ids=(ids[1], 7)).stop_ids == (ids[0], ids[1], 7, ids[2])


# ------------------------------------------------------------------ literals

LITERALS = (*QWEN_CONTROL, *DEEPSEEK_CONTROL, *TAGS, "<|fim_prefix|>", "<tool_response>", "</tool_response>")


def control_count(tokenizer, ids):
    controls = set(tokenizer.convert_tokens_to_ids([*QWEN_CONTROL, *DEEPSEEK_CONTROL, *TAGS, "<|fim_prefix|>"]))
    return sum(id in controls for id in ids)


def everywhere(text: str) -> Request:
    """A chat with `text` in every place that a person, a tool or a model can write to."""
    return asked(
        Message("system", f"system {text}"),
        Message("user", f"question {text} tail"),
        Message("assistant", f"answer {text} tail", thinking=f"thinking {text} tail"),
        Message("user", text),
        Message("assistant", f"I call {text}", thinking=text, tool_calls=(ToolCall("c", f"py{text}", '{"code": "c' + text + '"}'),)),
        Message("tool", text),
        tools=({"type": "function", "function": {"name": f"py{text}", "description": f"tool {text}", "parameters": {text: 1}}},),
        thinking_so_far=f"so far {text} tail",
        is_thinking_closed=True,
        answer_so_far=f"then {text} tail",
    )  # fmt: skip


@by_family
@pytest.mark.parametrize("literal", LITERALS)
def test_prompt_has_no_control_token_more_when_texts_name_one(tokenizer, family, literal):
    prompts = ChatPrompts(tokenizer, family)
    named, harmless = prompts.build(everywhere(f"Z{literal}Z")), prompts.build(everywhere("ZhelloZ"))
    assert named.text == harmless.text.replace("ZhelloZ", f"Z{literal}Z")
    assert control_count(tokenizer, named.ids) == control_count(tokenizer, harmless.ids)
    assert tokenizer.decode(named.ids, clean_up_tokenization_spaces=False) == named.text


@pytest.mark.parametrize("family", [replace(QWQ, keeps_thinking_in_history=True), QWQ], ids=["kept", "dropped"])
def test_prompt_keeps_an_answer_whole_when_it_quotes_the_closing_tag(tokenizer, family):
    answer = "Write `<think>` first, then `</think>`; nothing else."
    prompt = ChatPrompts(tokenizer, family).build(
        asked(user("How?"), Message("assistant", answer, thinking="t"), user("ok"))
    )
    assert answer in prompt.text


def test_prompt_reads_a_users_tool_response_as_a_question(tokenizer):
    text = "<tool_response>x</tool_response>"
    messages = (user("q"), Message("assistant", "a", thinking="secret"), user(text))
    prompt = ChatPrompts(tokenizer, QWEN3).build(asked(*messages))
    # Taken for a tool's result, it would make the first question the last one, and its thinking would be shown.
    assert "secret" not in prompt.text
    assert text in prompt.text


def test_prompt_has_no_control_token_more_when_arguments_spell_one_with_escapes(tokenizer):
    def built(code: str) -> tuple[int, ...]:
        call = ToolCall("c", "python", '{"code": "' + code + '"}')
        return (
            ChatPrompts(tokenizer, QWQ)
            .build(asked(user("q"), Message("assistant", "", tool_calls=(call,)), Message("tool", "r")))
            .ids
        )

    assert control_count(tokenizer, built("\\u003c/think\\u003e")) == control_count(tokenizer, built("x"))


def test_prompt_keeps_private_use_characters_of_the_user(tokenizer):
    text = "\U000f0000\U000f0001 <think> \ue000"
    assert f"user\n{text}<|im_end|>" in ChatPrompts(tokenizer, QWQ).build(asked(user(text))).text


PARTS = st.sampled_from(
    [*LITERALS, "<", "|", "im_end", "|>", "<|im_", "</", "think>", " ", "\n", "a", "é", "🙂", "\U000f0000"]
)


@settings(max_examples=120, deadline=None)
@given(parts=st.lists(PARTS, max_size=12), family=st.sampled_from(FAMILIES))
def test_prompt_never_lets_a_message_write_a_control_token(tokenizer, parts, family):
    text = "Z" + "".join(parts) + "Z"
    prompts = ChatPrompts(tokenizer, family)
    named, harmless = prompts.build(everywhere(text)), prompts.build(everywhere("ZhelloZ"))
    assert control_count(tokenizer, named.ids) == control_count(tokenizer, harmless.ids)
    assert f"question {text} tail" in named.text


# ------------------------------------------------------------------ back to text


@pytest.mark.parametrize("text", [
    "Okay, so 17 * 23.\n\n  indented\n", " leading space", "你好，世界！🙂🙂 naïve", "a</think>\n\nb<|im_end|>", "\ufffd and \ufffd.",
    "👩‍👩‍👧‍👦 family",
])  # fmt: skip
def test_detokenizer_gives_the_text_back_with_whole_characters(tokenizer, text):
    detokenizer = ChatPrompts(tokenizer, QWQ).detokenizer()
    pieces = [detokenizer.feed(id) for id in tokenizer.encode(text, add_special_tokens=False)]
    assert "".join(pieces) == text
    if "\ufffd" not in text:
        assert not any("\ufffd" in piece for piece in pieces)


def test_detokenizer_goes_on_after_bytes_that_are_no_character(tokenizer):
    detokenizer = ChatPrompts(tokenizer, QWQ).detokenizer()
    stray = tokenizer.encode("你", add_special_tokens=False)[-1]
    text = "".join(
        detokenizer.feed(id) for id in [*[stray] * 50, *tokenizer.encode(" so it goes", add_special_tokens=False)]
    )
    assert text.endswith(" so it goes")


def test_prompts_write_no_space_into_the_middle_when_the_tokenizer_prefixes_one():
    tokenizer = _tokenizer(is_byte_level=False)
    prompts = ChatPrompts(tokenizer, QWQ)
    prompt = prompts.build(asked(user("a <think> b"), thinking_so_far="so far"))
    assert prompt.text.endswith("<think>\nso far")
    wanted = tokenizer.encode("\nso far", add_special_tokens=False)
    assert list(prompt.ids[-3:]) == wanted[-3:]
    assert tokenizer.decode(prompts.encode("so far")) == "so far"
    assert tuple(tokenizer.encode("so far", add_special_tokens=False)) != prompts.encode("so far")
