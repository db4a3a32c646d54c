"""The table of interface texts: nothing in it that the interface does not say, nothing said by `word` that it lacks."""

import asyncio
import calendar
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import gradio as gr
import pytest
from gradio.components.api_component import Api

from model.catalog import CATALOG
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine
from model.settings import Settings
from model.store import Store
from ui.page import build_page
from ui.parts import ASSETS
from ui.words import CHINESE, script, translations, word

UI = Path(__file__).parent.parent / "ui"
SOURCES = [path for path in (*UI.glob("*.py"), *ASSETS.glob("*.js")) if path.name != "words.py"]
TABLE = json.loads((ASSETS / "chinese.json").read_text("utf-8"))
# Said to the reader by a script: through `workingsSay`, the confidence view's `say`, or the list of keys.
SAID = re.compile(
    r"""(?:\bworkingsSay|\bsay)\((?:[\w ]+\? )?"([^"]+)"(?: : "([^"]+)")?|^  \["[^"]+", "([^"]+)", """, re.M
)
LABELS = ("aria-label", "placeholder", "title", "data-empty")
SAME_IN_ALL_LANGUAGES = {"Workings", "Markdown", "JSON Lines", "HTML", "auto", "bf16", "int8", "nf4"}


class Markup(HTMLParser):
    """Texts and labels of fixed markup; letters only, so no figures and no signs."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += [value for name, value in attrs if name in LABELS and value]

    def handle_data(self, data: str) -> None:
        if re.search("[A-Za-z]{2}", data):
            self.words.append(data.strip())


@pytest.fixture
def page(settings: Settings) -> Iterator[gr.Blocks]:
    host = ModelHost(settings, ScriptedEngine([]))
    runs = Runs(Store(settings.data_folder), host, settings)

    async def built() -> gr.Blocks:
        # Gradio's own loop would stay open.
        return build_page(runs, host, settings)

    yield asyncio.run(built())
    runs.close()
    host.close()
    runs.store.close()


def fixed_words(page: gr.Blocks) -> set[str]:
    parts = [block for block in page.blocks.values() if isinstance(block, gr.HTML)]
    markup = [part.html_template for part in parts if "${value}" not in (part.html_template or "")]
    markup += [part.value for part in parts if isinstance(part.value, str)]
    return {text for one in markup for text in Markup(one or "").words}


def test_every_english_text_of_the_table_stands_in_the_code(page: gr.Blocks) -> None:
    code = "\n".join(path.read_text("utf-8") for path in SOURCES)
    code += "\n".join((UI.parent / "model" / name).read_text("utf-8") for name in ("settings.py", "events.py"))
    code += " ".join((*calendar.month_name, *calendar.month_abbr, *calendar.day_name))
    # Long texts stand in several pieces.
    code = re.sub(r'"\s*\n\s*f?"', "", code)
    texts = set(CHINESE) - fixed_words(page)
    assert [english for english in texts if english not in code and english.replace(" ", "_") not in code] == []


def test_every_text_in_fixed_markup_is_in_the_table(page: gr.Blocks) -> None:
    words = fixed_words(page)
    assert len(words) > 40
    assert words - set(CHINESE) - SAME_IN_ALL_LANGUAGES == set()


def test_every_label_of_a_component_is_in_the_readers_language(page: gr.Blocks) -> None:
    found = []
    shown = [block for block in page.blocks.values() if not isinstance(block, Api) and getattr(block, "visible", True)]
    for block in shown:
        names = ("label", "info", "placeholder", *(["value"] if isinstance(block, gr.Button) else []))
        labels = [getattr(block, name, None) for name in names]
        labels += [choice[0] for choice in getattr(block, "choices", None) or ()]
        is_said = "says" in (getattr(block, "elem_classes", None) or ())
        found += [str(label) for label in labels if label and not is_said and re.search("[A-Za-z]{2}", str(label))]
    assert len(found) > 60
    own = [label for label in found if not label.startswith("__i18n__")]
    assert set(own) - SAME_IN_ALL_LANGUAGES - set(CATALOG) == set()


def test_every_text_that_a_script_says_is_in_the_table() -> None:
    said = {text for path in ASSETS.glob("*.js") for found in SAID.findall(path.read_text("utf-8")) for text in found}
    assert len(said) > 30
    assert said - set(CHINESE) - {""} == set()


def test_every_text_has_chinese_of_its_own() -> None:
    assert [english for english, chinese in CHINESE.items() if not chinese.strip()] == []
    han = re.compile(r"[\u4e00-\u9fff]")
    assert {english for english, chinese in CHINESE.items() if not han.search(chinese)} <= {"Top-p", "Top-k"}


def test_no_two_texts_share_a_key() -> None:
    assert len(translations.translations["en"]) == len(CHINESE)


def test_text_that_the_table_lacks_is_refused_when_the_page_is_built() -> None:
    with pytest.raises(KeyError, match="no such text"):
        word("no such text")


def test_patterns_are_expressions_whose_groups_are_all_used() -> None:
    for pattern, becomes in TABLE["patterns"]:
        groups = re.compile(pattern).groups
        assert sorted(set(re.findall(r"[$@](\d)", becomes))) == [str(number + 1) for number in range(groups)]


def test_table_cannot_end_the_script_that_holds_it() -> None:
    assert "</" not in script()
