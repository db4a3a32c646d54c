"""The beginning of a step of a thinking in; its kind, by a documented table of rules, out.

docs/outline.md prints the table with its examples. The first rule that fits decides.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["plan", "attempt", "check", "turn_back", "conclusion", "step"]

HEAD_CHARACTERS = 160  # kind and title are read from the first characters of a step


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to know a kind. `opening`: at the start of the step; else anywhere in its first 160 characters."""

    kind: Kind
    language: Literal["en", "zh", "any"]
    opening: bool
    pattern: str
    example: str

    def matches(self, head: str) -> bool:
        """Whether the rule fits the beginning of a step; for an opening rule, the one that `bare` gives."""
        found = _PATTERNS[self.pattern]
        return bool(found.match(head) if self.opening else found.search(head))


# The first that fits wins. An opening may stand behind fillers ("Okay, so ...") and Markdown marks: see `bare`.
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
WIDE = re.compile(r"[⺀-鿿豈-﫿︰-￮]")  # Chinese characters and full-width marks
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


def bare(text: str) -> str:
    """`text` without the fillers and marks before its first telling word."""
    start = 0
    while (filler := _FILLER.match(text, start)) and filler.end() > start:
        start = filler.end()
    return text[start:]


def width_of(text: str) -> int:
    """Columns of a text: a Chinese character counts for two."""
    return len(text) + len(WIDE.findall(text))


def rule_of(step: str) -> Rule | None:
    """The first of `RULES` that fits a step."""
    head = step.strip()[:HEAD_CHARACTERS].replace("’", "'")
    head = head[: HEAD_CHARACTERS * len(head) // max(1, width_of(head))]  # 80 characters of Chinese
    plain = bare(head)
    return next((rule for rule in RULES if rule.matches(plain if rule.opening else head)), None)


def kind_of(step: str) -> Kind:
    """The kind of one step by `RULES`; "step" where none fits.

    >>> kind_of("Okay, so I need to find the sum."), kind_of("不过，有没有可能我哪里算错了？")
    ('plan', 'check')
    """
    rule = rule_of(step)
    return rule.kind if rule else "step"
