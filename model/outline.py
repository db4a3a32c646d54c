"""A thinking text in pieces with their token counts in; its outline out, and where the answer was first reached.

A text is cut into *steps* at blank lines and, inside long paragraphs, at sentences that open with a turn ("Wait,",
"不对"). `RULES` says what kind a step is, and short or like steps are joined into one entry. All of it depends on the
text alone, never on the pieces it came in, and no character is looked at more than a fixed number of times.
docs/outline.md prints the rules with their examples.
"""

import re
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["plan", "attempt", "check", "turn_back", "conclusion", "step"]
Gap = Literal["", "sentence", "line", "paragraph"]
STRENGTH: dict[Kind, int] = {"step": 0, "attempt": 1, "plan": 2, "check": 3, "turn_back": 4, "conclusion": 5}

HEAD_CHARACTERS = 160  # kind and title are read from the first characters of a step
LOOKAHEAD_CHARACTERS = 40  # as long as the longest turn; a sentence start waits for so much text behind it
FENCE_CHARACTERS = 4_000  # a code fence open for longer than this is taken for a stray one
TITLE_WIDTH = 60  # a Chinese character counts for two
SHORT_TOKENS = 40  # only the last entry may be shorter
TOKENS_PER_LONGER_TOKEN = 80  # that limit grows by a token for every 80 of the thought: 415 at 30,000
LIKE_STEPS = 6  # steps of one kind run on until the entry has this many times the limit


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to know a kind. `opening`: at the start of the step; else anywhere in its first 160 characters."""

    kind: Kind
    language: Literal["en", "zh", "any"]
    opening: bool
    pattern: str
    example: str

    def matches(self, head: str) -> bool:
        found = _PATTERNS[self.pattern]
        return bool(found.match(head) if self.opening else found.search(head))


# The first that fits wins. An opening may stand behind fillers ("Okay, so ...") and Markdown marks: see `_bare`.
# fmt: off
RULES = (
    Rule("check", "en", False,
         r"\bmatch(es)? (again|the (\w+ )?(sample|example|expected|given))|\bit matches\b|^still correct",
         "So the answer is 3, which matches the sample."),
    Rule("conclusion", "en", False, r"\\boxed|\bfinal answer\b|\banswer (is|should be|must be|would be|=)",
         "So, the final answer is:"),
    Rule("conclusion", "en", True, r"in (conclusion|summary)\b|to (summari[sz]e|sum up|conclude)\b|overall,",
         "In summary, both cases lead to the same bound."),
    Rule("conclusion", "en", True, r"(therefore|thus|hence),? (the|this|our|my|we conclude)\b",
         "Therefore, the sum is:"),
    Rule("conclusion", "en", True,
         r"(the|this|that|my|our) (formula|approach|code|logic|solution|answer|method|result|claim)"
         r" (is|should|would|works?|holds?|handles?)\b",
         "So this code should work."),
    Rule("conclusion", "en", False,
         r"^((so|thus|therefore|now),? )*(the|our) problem (now )?(reduces|boils|comes) |"
         r"^(so|thus|therefore|hence),? the (?!.*(approach|idea|task|step|plan)).{0,50} is:?\s*$",
         "So the problem reduces to counting the pairs."),
    Rule("conclusion", "zh", True, r"[所因][以此].{0,12}(应该|就|一定|答案)是|总之|综上|总结|答案(应该|就)?是",
         "总之，经过多次验证，我觉得5的阶乘是120。"),
    Rule("check", "en", False,
         r"\b(let me|let's|i should|i'll|i can|we can|i need to|we should|i'd better) (just |also |quickly |now )?"
         r"(double[- ]?check|re-?check|check|verify|test|confirm|validate|make sure|plug|see an example)",
         "Wait a minute, I should check this for a small value of n."),
    Rule("check", "en", True,
         r"(to )?(testing|checking|verifying|verify|check|plug(ging)?|double[- ]check(ing)?)\b|"
         r"(the )?edge cases?\b|what about (when|if|a|the)\b|as a sanity check",
         "Testing the first sample:"),
    Rule("check", "en", True,
         r"(but )?(for example, (with|in|if)|take the|another|the|a|first|second|third|all)"
         r" ?(first |second |next )?(sample|example|test cases?)\b|another case\b|for example, (with|in|if)\b",
         "Another test case: k=1."),
    Rule("check", "zh", False,
         r"有没有可能|^.{0,24}(检查|验证|验算|确认(一下|这|是否)|让我再(想|算|看)|再想想|再(试|算)一[次遍下]|"
         r"确保(没有|万无一失)|(没错|对的)[。，])",
         "不过，有没有可能我哪里算错了？"),
    Rule("conclusion", "zh", False, r"最终答案|答案(应该|就)?是|结论[是：]", "这样算下来，答案应该是120。"),
    Rule("plan", "en", True, r"(hmm+,? )?(the|this|our) (problem|task|question|goal|constraints?) ",
         "The constraints are n up to 1e5."),
    Rule("turn_back", "en", True,
         r"(but |oh,? |no,? )*(wait|hmm+|hold on|hang on|actually|oops|on second thought|scratch that)\b|"
         r"no, (wait|that|this|it)\b",
         "But wait, the original sum starts at k = 1."),
    Rule("turn_back", "en", False,
         r"\b(too|is|are|getting|gets|seems?|be|a bit|pretty|quite|very) (\w+ )?"
         r"(complicated|messy|tedious|involved|straightforward because)\b|"
         r"(doesn't|does not|won't|can't|didn't) (seem to )?(work|help)\b|\ba lot of steps\b|\bnot helping\b|"
         r"\bisn't (the best|helpful|right)|\b(similar to|same as) what i (did|was doing)|"
         r"\b(made|is) a mistake|\bthat's (wrong|not right|incorrect)",
         "This is getting too messy."),
    Rule("turn_back", "en", False,
         r"^(but|this|that|however,?) .{0,100}\b(impossible|infeasible|impractical|too slow|"
         r"(smarter|better|different) (way|approach))\b",
         "But trying all pairs is O(n^2), which is too slow."),
    Rule("turn_back", "zh", True,
         r"[但可]?是?[，,]?(等等|等一下|等下|不对|慢着|且慢|错了|糟糕|我(刚才|前面|好像)(算|弄|搞|想)?错)",
         "等等，不对，这里少乘了一个2。"),
    Rule("plan", "en", True,
         r"(i|we)('ve| have)? (need|have|got|want|must|am asked|are asked)\b|"
         r"(my|the) (plan|steps|(general |overall )?(approach|idea|strategy|task|key))\b|"
         r"first, (i|we) (need|should|have|will)|(first, )?let('s| me) (try to )?"
         r"(think(?! different| about another)|tackle|break|understand|outline|start by|see|parse|figure|code)|"
         r"(but )?how (to|can|do|should)\b|code in\b|for .{0,40}maybe (i|we) need\b|steps?:",
         "Okay, so I have this problem."),
    Rule("attempt", "en", True,
         r"alternatively\b|another (approach|way|idea|method|option)\b|"
         r"let me (think (differently|about another)|try|consider)|"
         r"let's (try|consider|set|denote|compute|calculate)|(perhaps|maybe) (i|we) (can|could)|"
         r"suppose\b|what if\b|how about\b",
         "Alternatively, maybe I can use the remainder."),
    Rule("attempt", "zh", True,
         r"或者[，,]?(可以|我)|换(一?种|个)|另一种|试[着试]|假设|设|我们?可以(用|先|把|试)|那如果",
         "换一种方法，用余数来做。"),
    Rule("plan", "zh", True,
         r"我?(现在)?(要|得|需要|应该|先)|我(现在|得|需要|应该|要)|用户|首先|接下来|然后[，,]?我|另外|最后|还要|"
         r"题目|问题|.{0,8}(思路|步骤)|第一步",
         "好的，我现在要帮用户制定一个计划。"),
    Rule("attempt", "en", True,
         r"((case|group|option|method) \d|first|second|third|next|after|starting|start|since|given|using|setting|let|"
         r"let's|let me|if|from|for|at|when|then|once|in|by|we|this gives|which implies|compute|calculate|simplify|"
         r"multiply|divide|factor|find|differentiate|substitute|expand|combine|rearrange|sum|formula|to find|thus|"
         r"hence|so|how)\b",
         "First, differentiate both sides."),
    Rule("attempt", "any", False,
         r"[=≈≡≤≥→+×÷]|\\\[|\\(frac|cdot|sum|int|equiv)|\$\$|比如|计算|代入|得到|^.{0,60}[:：]\s*$",
         "x^{13} + x + 90 = (x^2 - x + a) q(x)"),
)
# fmt: on
_WIDE = re.compile(r"[⺀-鿿豈-﫿︰-￮]")  # Chinese characters and full-width marks
_PATTERNS = {rule.pattern: re.compile(rule.pattern, re.IGNORECASE) for rule in RULES}
_FILLER = re.compile(
    r"[\s#>*_`\-•]+|\d+[.)]\s|(?:ok(?:ay)?|alright|all right|right|so|now|then|and|well|yes|yeah|good|great)"
    r"(?:[,.!:…]+\s*|\s+)|[嗯好哦啊呃](?:的|吧)?[，,。…]+\s*|那么?[，,]|(?:现在|不过|或者)[，,]",
    re.IGNORECASE,
)
TURN = re.compile(
    r"(?:but |oh,? |no,? |hmm+,? )*(?:wait\b|hold on\b|hang on\b|hmm+\b|alternatively\b|actually,|oops\b|"
    r"no, (?:wait|that)\b|let me (?:double-?check|check|verify|try|re)|let's (?:check|verify|test|try)|"
    r"on second thought|another (?:way|approach))|"
    r"[但可]?是?[，,]?(?:等等|等一下|不对|慢着|且慢|让我再?(?:检查|验证|确认|想|算)|再(?:检查|确认|想想|验证)|"
    r"换一?种|或者有没有可能|或者[，,]|不过[，,]?(?:我|为了|有没有|再|是不是)|总之)",
    re.IGNORECASE,
)


def _bare(text: str) -> str:
    """`text` without the fillers and marks before its first telling word."""
    start = 0
    while (filler := _FILLER.match(text, start)) and filler.end() > start:
        start = filler.end()
    return text[start:]


def _width(text: str) -> int:
    return len(text) + len(_WIDE.findall(text))


def rule_of(step: str) -> Rule | None:
    """The first of `RULES` that fits a step."""
    head = step.strip()[:HEAD_CHARACTERS].replace("’", "'")
    head = head[: HEAD_CHARACTERS * len(head) // max(1, _width(head))]  # 80 characters of Chinese
    bare = _bare(head)
    return next((rule for rule in RULES if rule.matches(bare if rule.opening else head)), None)


def kind_of(step: str) -> Kind:
    """The kind of one step by `RULES`; "step" where none fits.

    >>> kind_of("Okay, so I need to find the sum."), kind_of("不过，有没有可能我哪里算错了？")
    ('plan', 'check')
    """
    rule = rule_of(step)
    return rule.kind if rule else "step"


_SYMBOLS = {"cdot": "·", "times": "×", "div": "÷", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "neq": "≠"}
_SYMBOLS |= {"sum": "Σ", "prod": "Π", "int": "∫", "sqrt": "√", "infty": "∞", "to": "→", "approx": "≈", "equiv": "≡"}
_SYMBOLS |= {"pi": "π", "omega": "ω", "phi": "φ", "theta": "θ", "alpha": "α", "beta": "β", "lambda": "λ"}
_WORD = re.compile(r"[⺀-鿿豈-﫿︰-￮]|[^\s⺀-鿿豈-﫿︰-￮]+|\s+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")
_CLAUSE_END = re.compile(r"[,;:](?=\s)|[，；、：]| [—–-] ")


def _plain(text: str) -> str:
    """`text` without LaTeX and Markdown marks."""
    text = re.sub(r"\{\s*([^{}\\]*?)\s*\\choose\s*([^{}]*?)\s*\}", r"C(\1,\2)", text)
    text = re.sub(r"([_^])\{([^{}]{2,})\}", r"\1(\2)", text)
    text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\([a-zA-Z]+)\s?", lambda found: _SYMBOLS.get(found[1], "") + " " * (found[1] == "quad"), text)
    text = re.sub(r"\\[()\[\],;! ]|[${}`\\]|\*\*|__|^\s*(?:#+|[-*•>]|\d+[.)])\s+", "", text, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", text).strip(" *_#")


def title_of(head: str, *, is_cut: bool = False) -> str:
    r"""The first clause of a step on at most 60 columns (30 Chinese characters), never ending within a word.

    Args:
        head: The first characters of the step.
        is_cut: More text follows `head`, so its last word may be a torn one.

    >>> title_of("Wait a minute, I should check this for a small value of \\(n\\). Then on.")
    'Wait a minute, I should check this for a small value of n'
    """
    text = _plain(head) or head.strip()
    for end in _SENTENCE_END.finditer(text):
        if _width(text[: end.start()]) >= 16:  # "Yes." alone says nothing
            text, is_cut = text[: end.start()], False
            break
    if not is_cut and _width(text) <= TITLE_WIDTH:
        return text.strip(" .,;:，；：。") or text
    words, width = [], 0
    for word in _WORD.findall(text):
        width += _width(word)
        if width > TITLE_WIDTH - 1:
            break
        words.append(word)
    else:
        words = words[:-1] if len(words) > 1 else words
    short = "".join(words)
    clauses = [found.start() for found in _CLAUSE_END.finditer(short) if _width(short[: found.start()]) >= 32]
    if clauses:
        return short[: clauses[-1]].strip()
    return short.rstrip(" ,;:，；：") + "…" if short.strip() else "…"


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """One entry. `number` counts from 1; the text is `thinking[start_character:end_character]`.

    `first_token` counts from 0. Where one piece of text brought several tokens they are spread evenly over it.
    """

    number: int
    kind: Kind
    title: str
    start_character: int
    end_character: int
    first_token: int
    n_tokens: int


@dataclass(slots=True)
class _Draft:
    """An entry whose end is the start of the next one."""

    kind: Kind
    title: str
    start_character: int
    first_token: int
    start_weight: int


class OutlineBuilder:
    """Grows an outline while a thinking streams; a call of `feed` costs as much as its text is long.

    At any time `entries` is what the text so far gives when it is fed whole. All entries but the last two are final.
    """

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._tail = ""  # text from `_scanned` on: at most a lookahead and the newest piece
        self._scanned = 0  # characters that were looked at
        self._weight = 0  # of those, in eighths of an estimated token
        self._gap: Gap = "paragraph"  # what stands before the next character
        self._fence_start = -1
        self._step_start = 0  # the step that is being read, and at most HEAD_CHARACTERS of it until it is judged
        self._step_weight = 0
        self._head = ""
        self._is_judged = True
        self._n_characters = 0
        self._n_tokens = 0
        self._marks: deque[tuple[int, int]] = deque([(0, 0)])  # (characters, tokens) at the ends of the newest pieces
        self._carried_tokens = 0

    def feed(self, text: str, n_tokens: int) -> None:
        """Adds the next piece of the thinking.

        Args:
            text: May be empty (half of a character): its tokens then count with the next text.
            n_tokens: Tokens that `text` came from.
        """
        self._carried_tokens += n_tokens
        if not text:
            return
        self._n_characters += len(text)
        self._n_tokens += self._carried_tokens
        self._carried_tokens = 0
        self._marks.append((self._n_characters, self._n_tokens))
        self._tail += text
        self._scan()
        keep = self._step_start if not self._is_judged else self._scanned
        while len(self._marks) > 2 and self._marks[1][0] <= keep:
            self._marks.popleft()

    @property
    def entries(self) -> tuple[OutlineEntry, ...]:
        """The outline of all text so far, without gaps: each entry ends where the next one starts."""
        drafts = self._drafts
        if not self._is_judged:
            rest = HEAD_CHARACTERS - len(self._head)
            head = self._head + self._tail[:rest]
            last = replace(drafts[-1]) if drafts else None
            new = self._judge(head, last, is_cut=False)
            drafts = [*drafts[:-1], *([last] if last else []), *([new] if new else [])]
        total_tokens = self._n_tokens + self._carried_tokens
        ends = [(draft.start_character, draft.first_token) for draft in drafts[1:]] + [
            (self._n_characters, total_tokens)
        ]
        return tuple(
            OutlineEntry(i, d.kind, d.title, d.start_character, end, d.first_token, end_token - d.first_token)
            for i, (d, (end, end_token)) in enumerate(zip(drafts, ends, strict=False), 1)
        )

    def _scan(self) -> None:
        """Walks over the new characters, as far as they can be judged without the text that is still to come."""
        tail, offset = self._tail, 0
        while offset < len(tail):
            character = tail[offset]
            if character in ".!?" and not self._gap and offset + 1 == len(tail):
                break
            if self._gap and not character.isspace():
                if self._must_wait(tail, offset):
                    break
                self._meet(tail, offset)
            self._gap = self._gap_after(tail, offset)
            self._weight += 5 if "⺀" <= character <= "鿿" else 2
            if not self._is_judged:
                self._head += character
                if len(self._head) >= HEAD_CHARACTERS:
                    self._settle(is_cut=True)
            offset += 1
        self._tail = tail[offset:]
        self._scanned += offset

    def _gap_after(self, tail: str, offset: int) -> Gap:
        """What stands before the character after `offset`: the end of a sentence, a line, a paragraph or nothing."""
        character = tail[offset]
        if character == "\n":
            return "paragraph" if self._gap in ("line", "paragraph") else "line"
        if character.isspace():
            return self._gap
        is_end = character in "。！？" or (character in ".!?" and not self._gap and tail[offset + 1].isspace())
        return "sentence" if is_end else ""

    def _is_long(self) -> bool:
        return self._weight - self._step_weight >= SHORT_TOKENS * 8

    def _must_wait(self, tail: str, offset: int) -> bool:
        """A turn or a fence may stand at `offset`, but too little of it is here to tell. No turn holds a line end."""
        if tail[offset] == "`":
            return len(tail) - offset < 3
        if self._gap == "paragraph" or not self._is_long() or len(tail) - offset >= LOOKAHEAD_CHARACTERS:
            return False
        return "\n" not in tail[offset:]

    def _meet(self, tail: str, offset: int) -> None:
        """Starts a new step at a character behind a gap, where one starts."""
        position = self._scanned + offset
        if self._gap != "sentence" and tail.startswith("```", offset):
            is_open = 0 <= self._fence_start and position - self._fence_start <= FENCE_CHARACTERS
            self._fence_start = -1 if is_open else position
        if 0 <= self._fence_start and 0 < position - self._fence_start <= FENCE_CHARACTERS:
            return
        if self._gap == "paragraph" or (self._is_long() and TURN.match(tail, offset)):
            if not self._is_judged:
                self._settle(is_cut=False)
            self._step_start, self._step_weight = position, self._weight
            self._head, self._is_judged = "", False

    def _settle(self, *, is_cut: bool) -> None:
        """Judges the step that is being read for good."""
        if new := self._judge(self._head, self._drafts[-1] if self._drafts else None, is_cut=is_cut):
            self._drafts.append(new)
        self._head, self._is_judged = "", True

    def _judge(self, head: str, last: _Draft | None, *, is_cut: bool) -> _Draft | None:
        """The entry that a step starts, or `None` where it belongs to `last`, which may take its kind and title."""
        kind = kind_of(head)
        if last is not None:
            weight = (self._step_weight - last.start_weight) // 8
            limit = SHORT_TOKENS + self._step_weight // 8 // TOKENS_PER_LONGER_TOKEN
            if kind == "conclusion":
                limit = max(SHORT_TOKENS, limit // 3)
            if weight < limit:
                if STRENGTH[kind] > STRENGTH[last.kind] and (weight < SHORT_TOKENS or kind == "conclusion"):
                    last.kind, last.title = kind, title_of(head, is_cut=is_cut)
                return None
            is_other_way = kind == "attempt" and TURN.match(_bare(head))
            is_alike = (kind == last.kind and not is_other_way) or kind == "step" or _is_formula(head)
            if is_alike and weight < limit * LIKE_STEPS:
                return None
        start = 0 if last is None else self._step_start
        first_token = 0 if last is None else self._token_at(start)
        return _Draft(kind, title_of(head, is_cut=is_cut), start, first_token, self._step_weight)

    def _token_at(self, character: int) -> int:
        """Tokens before `character`, which is not older than the marks that are kept."""
        before = self._marks[0]
        for after in self._marks:
            if after[0] >= character:
                span = after[0] - before[0]
                return before[1] + ((after[1] - before[1]) * (character - before[0]) // span if span else 0)
            before = after
        return before[1]


def _is_formula(head: str) -> bool:
    """A step of maths, list points or code only: it belongs to the sentence before it."""
    return bool(re.match(r"\\\[|\$\$|\\begin|```|[-*•]\s|[a-z]\.\s", head)) or not re.search(
        r"[A-Za-z]{3}|[⺀-鿿]", head
    )


def token_at(entries: tuple[OutlineEntry, ...], character: int) -> int:
    """Tokens before `character`, evenly spread within its entry: for "first reached at 3.1k of 11.8k tokens"."""
    for entry in entries:
        if character < entry.end_character:
            share = (character - entry.start_character) / (entry.end_character - entry.start_character)
            return entry.first_token + int(entry.n_tokens * share)
    return entries[-1].first_token + entries[-1].n_tokens if entries else 0


_SPACE = r"(?:\s|\\[,;!:() \[\]]|\$|\*\*){0,8}"  # may stand anywhere between the parts of a value
_STATED = (
    r"(?:answer|result)\s*(?:(?:is|are|=|should be|must be|would be):?|:)|\\boxed\s*\{|答案(?:应该|就)?[是为]?[：:]?"
)
_WEAKLY_STATED = r"(?:=|≈|\bis|\bare|\bbe|\bequals?|\bgives?|\bgets?|[是为得]|等于|得到|结果)[:：]?"
_STATEMENT_ENDS = r"(?=" + _SPACE + r"(?:$|[\n.;,!?。，；！？)}→]|\\\]|(?:which|so|and|but|as)\b))"


def answer_value(answer: str) -> str | None:
    r"""The value that an answer comes down to.

    That is its last `\boxed{}`, else what it says "the answer is", else its last "= number", else a bare number.

    >>> answer_value("Thus the sum is \\boxed{\\frac{1}{2}}."), answer_value("**答案：120**"), answer_value("Well...")
    ('\\frac{1}{2}', '120', None)
    """
    value: str | None = None
    if "\\boxed{" in answer:
        start = answer.rindex("\\boxed{") + len("\\boxed{")
        depth, end = 1, start
        while end < len(answer) and depth:
            depth += {"{": 1, "}": -1}.get(answer[end], 0)
            end += 1
        value = answer[start : end - 1]
    elif found := re.findall(
        rf"(?:{_STATED}){_SPACE}([^\n。！？]+?)(?:[.!]?{_SPACE})$", answer, re.IGNORECASE | re.MULTILINE
    ):
        value = found[-1]
    elif found := re.findall(r"[=是]\s*\**\s*(-?\d[\d,./]*)", answer):
        value = found[-1]
    elif re.fullmatch(r"\W*-?\d[\d,./ ]*\W*", answer):
        value = answer
    if value is None:
        return None
    value = re.sub(r"\\(?:text|mathrm|mathbf)\{([^{}]*)\}|\\[,;!: ]|\\[()\[\]]|[$*]", r"\1", value)
    value = re.sub(r"(?<=\d),(?=\d{3})", "", value).strip(" \t\n.,;:。，；")
    return value if 0 < len(value) <= 60 and re.search(r"\w", value) else None


def first_reached(thinking: str, answer: str) -> int | None:
    r"""Where the answer's value first stands in the thinking as a statement ("= 42", "answer is 42", "\boxed{42}").

    A value of one letter or digit counts only behind "answer is" or in a box, since "= 3" is everywhere. Any other
    counts too behind "=", "is" or the like when the clause ends with it: "= 42 + x" is on the way, not the answer.

    Returns:
        Offset of the value in characters; `None` where the answer has no value or the thinking never states it.

    >>> first_reached("6 * 7 = 42 + 0, so it is $42$.", "The answer is 42."), first_reached("x = 3", "\\boxed{3}")
    (26, None)
    """
    value = answer_value(answer)
    if value is None:
        return None
    parts = [_part(found) for found in re.findall(r"\\[a-zA-Z]+|\d+|[^\W\d_]+|\S", value)]
    wanted = r"(?P<value>" + _SPACE.join(parts) + r")(?![\w%]|[.,]\d)"
    stated = rf"(?:{_STATED}){_SPACE}{wanted}"
    weakly = rf"(?:{_WEAKLY_STATED}){_SPACE}{wanted}{_STATEMENT_ENDS}"
    patterns = [stated] if len(re.findall(r"\w", value)) < 2 else [stated, weakly]
    hits = [found.start("value") for pattern in patterns if (found := re.search(pattern, thinking, re.IGNORECASE))]
    return min(hits, default=None)


def _part(part: str) -> str:
    r"""The pattern of one part of a value: 1,000 is 1000, \dfrac is \frac, and braces and · may be left out."""
    if part.isdigit():
        groups = re.findall(r"\d{1,3}", part[::-1])
        return r"(?:,|\{,\}|\\,)?".join(group[::-1] for group in reversed(groups))
    if part in "{}":
        return re.escape(part) + "?"
    if part in ("\\frac", "\\dfrac", "\\tfrac"):
        return r"\\[dt]?frac"
    return r"(?:\\cdot|\\times|·|×)?" if part in ("\\cdot", "\\times", "·", "×") else re.escape(part)
