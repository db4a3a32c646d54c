"""The page in a Chinese browser, in each of its states: no English is left but names, and users' text stays theirs."""

import itertools
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from evals.benchmarks.livecodebench import ONLY_PUBLIC
from evals.compare import PROTOCOL
from model.catalog import CATALOG
from tests.chat_page import allow_long_thinking, ask, expect_phase, scripted_app
from tests.written_sentences import written_reasons, written_sentences
from ui.benchmark_compared import protocols_text
from ui.benchmark_values import as_sentence

pytestmark = pytest.mark.browser

# Users and models write Chinese here, so that whatever is left in Latin letters is the page's own.
TURNS = [
    {"match": "慢", "repeat": 6000, "thinking": "首先，这是第 {n} 步。\n\n", "answer": "慢的回答。"},
    {
        "match": "",
        "repeat": 3,
        "thinking": "首先，算第 {n} 步。\n\n等等，再检查一遍。\n\n所以答案是 42。\n\n",
        "answer": "答案是 **42**。",
    },
]
# What is asked is searched for, and nothing else may be found: each try asks of another place.
PLACES = itertools.cycle(["列表", "花园", "书房", "车站", "海边"])
# Names and keys (the footer's element is Gradio's own); whatever holds a figure (qwq-32b, bf16, 90s, 4×) is one too.
NAMES = "Workings Markdown HTML CSV PDF API GiB CPU GPU NVIDIA YaRN LoRA Top top Enter Shift Ctrl Esc auto none hub scripted".split()
NAMES += sorted({name for model in CATALOG.values() for name in model.title.partition(" (")[0].split()})
LEFT = """(names) => {
  const found = [];
  const isName = (word) => names.includes(word) || /\\d/.test(word);
  const look = (words, where) => {
    const left = (words.replace("JSON Lines", "").match(/[A-Za-z0-9][\\w.-]*/g) || []).filter((word) => {
      return /[A-Za-z]{2}/.test(word) && !isName(word.replace(/[.-]+$/, "").replace(/^(top)-[pk]$/i, "$1"));
    });
    if (left.length) found.push(`${where}: ${words.trim().slice(0, 120)}`);
  };
  for (const node of document.body.querySelectorAll("*")) {
    if (["SCRIPT", "STYLE", "OPTION", "FOOTER"].includes(node.tagName) || !node.checkVisibility({ visibilityProperty: true })) continue;
    const where = node.tagName.toLowerCase() + (node.id ? `#${node.id}` : `.${node.className}`);
    for (const child of node.childNodes) if (child.nodeType === Node.TEXT_NODE) look(child.data, where);
    for (const name of ["aria-label", "placeholder", "title", "aria-valuetext", "alt"]) {
      if (node.hasAttribute(name)) look(node.getAttribute(name), `${where} ${name}`);
    }
    if (node.matches("input[role=listbox]")) look(node.value, `${where} value`);
    if (node.tagName === "SELECT") [...node.options].forEach((option) => look(option.text, `${where} option`));
    for (const side of ["::before", "::after"]) {
      const content = getComputedStyle(node, side).content;
      if (content.startsWith('"')) look(content, where + side);
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, 200)


@pytest.fixture(scope="module")
def context_options() -> dict[str, Any]:
    return {"locale": "zh-CN"}


def expect_no_english(page: Page) -> None:
    # What the last update brought is on the page within a moment, on a machine that stands still within some more.
    page.wait_for_timeout(300)
    deadline = time.monotonic() + 30
    while page.evaluate(LEFT, NAMES) and time.monotonic() < deadline:
        page.wait_for_timeout(300)
    assert page.evaluate(LEFT, NAMES) == []


def test_empty_page_model_tab_and_keys_have_no_english_left(chat: Page) -> None:
    expect(chat.locator("#first-visit")).to_contain_text("知道了")
    expect(chat.locator("#foot")).to_contain_text("scripted")
    expect_no_english(chat)
    chat.locator("#sampling > button").click()
    chat.locator("#system-drawer > button").click()
    chat.get_by_label("温度").fill("0")
    expect(chat.locator("#sampling-warning")).to_be_visible()
    chat.get_by_text("自定", exact=True).click()
    chat.locator("#budget-custom input, #budget-custom textarea").fill("很多")
    ask(chat, "不行")
    expect(chat.locator("#status .text")).to_contain_text("思考预算为 '很多'。")
    chat.locator("#attach input[type=file], input[type=file]#attach, #composer input[type=file]").first.set_input_files(
        [
            {"name": "1.txt", "mimeType": "text/plain", "buffer": b"1"},
            {"name": "2.bin", "mimeType": "application/octet-stream", "buffer": b"\x00"},
        ]
    )
    expect(chat.locator("#attached")).to_contain_text("1 个字符")
    expect_no_english(chat)
    chat.get_by_role("tab", name="模型").click()
    expect(chat.locator("table.fit")).to_be_visible(timeout=60_000)
    expect_no_english(chat)
    chat.locator("#show-keys").click()
    expect(chat.locator("#keys")).to_be_visible()
    expect_no_english(chat)


def test_run_that_goes_on_is_paused_and_stopped_has_no_english_left(chat: Page) -> None:
    allow_long_thinking(chat)
    ask(chat, "慢")
    expect(chat.locator("#thinking .log")).to_contain_text("第 4 步")
    chat.locator("#show-outline").click()
    chat.locator("#show-find").click()
    chat.locator("#thinking .find input").fill("步")
    chat.locator("#show-confidence").click()
    expect(chat.locator("#confidence .legend")).to_be_visible()
    expect_no_english(chat)
    chat.locator("#pause").click()
    expect(chat.locator("#status .text")).to_have_text("已暂停")
    expect_no_english(chat)
    chat.locator("#hint textarea").fill("于是 </think>")
    chat.locator("#hint textarea").press("Enter")
    expect(chat.locator("#status .text")).to_have_text("提示中含有标签 '</think>'，模型会当成自己的。请去掉标签。")
    chat.locator("#hint textarea").fill("看第九步。")
    chat.locator("#hint textarea").press("Enter")
    # Long enough after the pause that a replay of it can be paused too.
    expect(chat.locator("#thinking .log")).to_contain_text("看第九步。")
    expect(chat.locator("#thinking .log")).to_contain_text("第 60 步")
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")
    expect(chat.locator("#status .text")).to_have_text("已停止。按“接着写”可继续。")
    expect_no_english(chat)
    chat.locator("#replay-speed input").click()
    chat.get_by_role("option", name="1×", exact=True).click()
    chat.locator("#replay").click()
    notices = "document.querySelector('#status .notices').textContent.includes('暂停')"
    chat.wait_for_function(notices, timeout=120_000)
    chat.locator("#replay-pause").click()
    expect(chat.locator("#status .text")).to_have_text("回放已暂停")
    expect_no_english(chat)
    chat.locator("#replay-stop").click()


def test_finished_run_its_views_and_editors_have_no_english_left(chat: Page) -> None:
    ask(chat, "为什么")
    expect_phase(chat, "done")
    chat.locator("#show-outline").click()
    expect(chat.locator("#outline .reached")).to_contain_text("首次得出回答")
    chat.locator("#show-confidence").click()
    expect(chat.locator("#confidence .curve")).to_be_visible()
    chat.locator("#confidence .places button").first.click()
    expect(chat.locator("#confidence .tip")).to_be_visible()
    expect_no_english(chat)
    chat.locator("#times input").click()
    chat.get_by_role("option", name="2", exact=True).click()
    expect(chat.locator("#ask-several")).to_have_text("问 2 次")
    chat.locator("#ask-several").click()
    expect(chat.locator("#branch-place")).to_have_text("第 2 个，共 3 个")
    expect_phase(chat, "done")
    chat.locator("#compare-runs").click()
    expect(chat.locator("#compare .compare")).to_be_visible()
    expect_no_english(chat)
    chat.set_viewport_size({"width": 390, "height": 844})
    expect_no_english(chat)
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chat.set_viewport_size({"width": 1280, "height": 900})
    chat.locator("#compare .close").click()
    chat.locator("#edit-thinking").click()
    expect(chat.locator("#thinking-text")).to_be_visible()
    expect_no_english(chat)
    chat.locator("#edit-question").click()
    expect(chat.locator("#question-text")).to_be_visible()
    expect_no_english(chat)
    ask(chat, "然后呢")
    expect(chat.locator("#asked")).to_have_text("然后呢")
    expect_phase(chat, "done")
    chat.locator(".turn > button").click()
    expect(chat.locator(".thought")).to_contain_text("思考了")
    expect_no_english(chat)


def test_past_runs_and_the_rail_have_no_english_left(chat: Page) -> None:
    place = next(PLACES)
    question = f"{place}里的问题"
    ask(chat, question)
    expect_phase(chat, "done")
    chat.locator("#show-rail").click()
    expect(chat.locator("#rail .day").first).to_have_text("今天")
    # Short words must not let the page shrink beside the rail.
    assert chat.locator("#tabs").evaluate("tabs => tabs.offsetWidth") > 900
    chat.get_by_role("tab", name="历史记录").click()
    run = chat.locator("#runs-list .run", has_text=question).first
    run.get_by_role("button", name="置顶：").or_(run.get_by_role("button", name="置顶")).first.click()
    expect(chat.locator("#runs-list .day").first).to_have_text("置顶")
    expect_no_english(chat)
    chat.locator("#search input, #search textarea").fill(place)
    expect(chat.locator("#runs-list .state")).to_contain_text("条记录包含全部这些词。")
    expect_no_english(chat)
    chat.locator("#runs-list .run").first.get_by_role("button", name="删除").click()
    expect(chat.locator("#runs-list .undo")).to_contain_text(f"已删除“{question}”。")
    expect(chat.locator("#runs-list .none")).to_be_visible()
    expect_no_english(chat)
    chat.locator("#runs-list .undo button").click()
    expect(chat.locator("#runs-list .undo")).to_contain_text("已恢复 1 条记录。")
    chat.locator("#search input, #search textarea").fill("")
    chat.locator("#runs-list .selecting").click()
    chat.locator("#runs-list .pick").first.check()
    expect(chat.locator("#runs-list .count")).to_have_text("已选 1 条")
    expect_no_english(chat)
    chat.set_viewport_size({"width": 390, "height": 844})
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_sentence_that_the_model_package_writes_is_said_in_chinese(chat: Page) -> None:
    sentences = written_sentences()
    assert len(sentences) > 120
    left = left_in_english(chat, sentences)
    assert left == [], "\n".join(left)


def test_every_reason_that_a_judge_of_a_benchmark_gives_is_said_in_chinese(chat: Page) -> None:
    reasons = written_reasons()
    assert len(reasons) > 35
    left = left_in_english(chat, [as_sentence(reason) for reason in reasons])
    assert left == [], "\n".join(left)
    # What programs do wrong is put together elsewhere.
    said = [
        "The 2 right calls.",
        "Solved.",
        "Fails test 2 of 7: f(1) gave 4, not 3.",
        f"Passes all 7 tests; {ONLY_PUBLIC}.",
    ]
    assert left_in_english(chat, said) == []
    differs = tuple((name, "low", "high") for name in PROTOCOL.values())
    compared = chat.evaluate("workingsSay", protocols_text(differs))
    assert not re.search("[a-z]{2}", re.sub("low|high", "", compared)), compared
    # Without what may stand before and behind it.
    sample = "These are the 100 problems of the shipped sample, not the whole benchmark."
    assert chat.evaluate("workingsSay", sample) == "这是应用自带样本的 100 道题，不是整个基准。"


def left_in_english(chat: Page, sentences: list[str]) -> list[str]:
    said = chat.evaluate("(all) => all.map(workingsSay)", sentences)
    english = re.compile(r"(?:[A-Za-z]{2,}[ ,]+){2}[a-z]{2,}")
    return [one for one in said if not re.search("[\u4e00-\u9fff]", one) or english.search(re.sub("'[^']*'", "", one))]


DATES = {
    "Today": "今天",
    "Saturday": "星期六",
    "17 November": "11月17日",
    "October 2025": "2025年10月",
    "24 Nov 2025, 16:00 · scripted · 320 tokens · stopped": "2025年11月24日 16:00 · scripted · 320 个词元 · 已停止",
    "Replay: reading the question": "回放：正在读题",
    "0:05 Think longer, 1,024 tokens more": "0:05 再想一会儿，多 1,024 个词元",
    "0:07 Hint: “Stop”": "0:07 提示：“Stop”",
    "The same for 7 characters; they part in paragraph 2. 1 paragraph the same, 1 changed, 2 only on the left.": (
        "前 7 个字符相同，从第 2 段起不同。1 段相同，1 段改动，2 段只在左侧。"
    ),
    "2 · asked again · 320 thinking tokens · Done": "2 · 重新提问 · 思考 320 个词元 · Done",
    "Loading qwq-32b in nf4 onto the CUDA, 1.5 of 19.5 GB": "正在以 nf4 把 qwq-32b 加载到 CUDA，1.5 / 19.5 GB",
}


def test_figures_and_dates_are_put_as_chinese_puts_them_and_quoted_text_stays(chat: Page) -> None:
    assert chat.evaluate("(all) => all.map(workingsSay)", list(DATES)) == list(DATES.values())


def test_english_browser_is_told_the_same_as_before(browser: Browser, url: str) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#ask")).to_have_text("Ask")
    said = page.evaluate("(all) => all.map(workingsSay)", list(DATES))
    assert said == list(DATES)
    assert page.evaluate("document.documentElement.lang") == "en"
    context.close()
