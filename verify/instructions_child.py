"""The child process that checks instructions: JSON Lines with a prompt and an answer in, what was followed out.

The checks are IFEval's own, as lm-eval carries them. Only their three files are loaded of it: the package around them
takes seconds to import, and needs far more than they do.
"""

import importlib
import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

from verify.child import serve


def official_checks() -> Any:
    """lm-eval's module with the strict and the loose check of a whole answer.

    Raises:
        ImportError: If lm-eval is missing, or nltk, langdetect or immutabledict.
    """
    spec = importlib.util.find_spec("lm_eval")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'lm_eval'")
    if "lm_eval.tasks" not in sys.modules:
        tasks = types.ModuleType("lm_eval.tasks")
        tasks.__path__ = [str(Path(spec.origin).parent / "tasks")]
        sys.modules["lm_eval.tasks"] = tasks
    detector = importlib.import_module("langdetect")
    detector.DetectorFactory.seed = 0  # it draws: the same answer is to get the same verdict
    return importlib.import_module("lm_eval.tasks.ifeval.utils")


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    """Which instructions an answer follows, strictly and loosely, or why that cannot be said."""
    if asked.get("nltk_data"):
        os.environ["NLTK_DATA"] = asked["nltk_data"]  # read as nltk is imported, with the first question
    try:
        checks = official_checks()
        example = checks.InputExample(
            key=0, instruction_id_list=asked["instructions"], prompt=asked["prompt"], kwargs=asked["kwargs"]
        )
        strict = checks.test_instruction_following_strict(example, asked["answer"])
        loose = checks.test_instruction_following_loose(example, asked["answer"])
    except LookupError as error:
        if "nltk" not in str(error):
            return {"error": f"lm-eval has no such check: {error}"}
        return {"error": "nltk's data punkt_tab is missing: python -m nltk.downloader punkt_tab"}
    except Exception as error:  # noqa: BLE001  An odd answer must not end the process; its parent is told instead.
        return {"error": f"{type(error).__name__}: {error}"}
    return {"strict": strict.follow_instruction_list, "loose": loose.follow_instruction_list}


if __name__ == "__main__":
    serve(answered, lambda: None)
