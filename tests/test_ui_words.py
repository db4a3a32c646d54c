"""The table of interface texts: nothing in it that the interface does not say, nothing said by `word` that it lacks."""

import json
import re
from pathlib import Path

import pytest

from ui.parts import ASSETS
from ui.words import CHINESE, script, translations, word

UI = Path(__file__).parent.parent / "ui"
SOURCES = [path for path in (*UI.glob("*.py"), *ASSETS.glob("*.js")) if path.name != "words.py"]
TABLE = json.loads((ASSETS / "chinese.json").read_text("utf-8"))


def test_every_english_text_of_the_table_stands_in_the_code() -> None:
    code = "\n".join(path.read_text("utf-8") for path in SOURCES)
    code += "\n".join((UI.parent / "model" / name).read_text("utf-8") for name in ("settings.py", "events.py"))
    words = [english for english in CHINESE if english not in code and english.replace(" ", "_") not in code]
    assert words == []


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
        assert sorted(set(re.findall(r"\$(\d)", becomes))) == [str(number + 1) for number in range(groups)]


def test_table_cannot_end_the_script_that_holds_it() -> None:
    assert "</" not in script()
