"""The words of the interface in English in, the same in the reader's language out: English and Chinese.

Labels of components go through Gradio's own `gr.I18n`, which looks at the browser's language; what our scripts write
goes through `workingsSay` (assets/words.js) with the same table, assets/chinese.json: "words" has every English text
exactly as it stands in the code, "patterns" what holds figures and whole sentences of `model/`; the first one that fits
holds, so those that begin with anything stand last. Fixed markup is marked `data-say`, a component whose words the
server writes has the class `says`. Text of users and of models is never touched.
"""

import json
import re
from typing import Any

import gradio as gr

from ui.parts import ASSETS

_TABLE = json.loads((ASSETS / "chinese.json").read_text("utf-8"))
CHINESE: dict[str, str] = _TABLE["words"]


def _key(english: str) -> str:
    """The table's key for a text: Gradio splits keys at dots, and has texts of its own under short ones ("code").

    >>> _key("Use the preset.")
    'say-use-the-preset'
    """
    return "say-" + re.sub(r"[^a-z0-9]+", "-", english.lower()).strip("-")


translations = gr.I18n(
    en={_key(english): english for english in CHINESE},
    zh={_key(english): chinese for english, chinese in CHINESE.items()},
)


def word(english: str) -> Any:
    """A label in the reader's language.

    Raises:
        KeyError: If the table lacks it.
    """
    if english not in CHINESE:
        raise KeyError(english)
    return translations(_key(english))


def script() -> str:
    """The table for the page's own scripts."""
    # Inside a script element only "</" could end it.
    return f"const workingsChinese = {json.dumps(_TABLE, ensure_ascii=False).replace('</', '<' + chr(92) + '/')};"
