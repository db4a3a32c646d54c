"""The app with `--mcp` and the embedded model's real weights, asked by the `mcp` SDK's own client."""

import json
from pathlib import Path

import pytest

from tests.conftest import RunningApp, StartApp
from tests.mcp_client import called, text_of

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def app(start_shared_app: StartApp, shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunningApp:
    folder = tmp_path_factory.mktemp("data")
    (shared_data_folder / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(shared_data_folder / "models")
    return start_shared_app("--mcp", "--model", "smollm2-135m", data_folder=folder)


def test_think_tells_how_far_it_is_and_gives_thinking_and_answer(app: RunningApp) -> None:
    result, notes = called(app, "think", question="What is 4567 * 8923?", budget="low")
    told = json.loads(text_of(result))
    assert told["answer"].strip() and told["thinking"].strip() and told["usage"]["thinking_tokens"] > 0
    assert any("tokens of thinking" in message for _, message in notes)
    seconds = [progress for progress, _ in notes]
    assert seconds == sorted(set(seconds))


def test_solve_math_gives_a_final_answer_and_a_verdict(app: RunningApp) -> None:
    result, _ = called(app, "solve_math", problem="What is 17 + 25?", gold="42", budget="low")
    told = json.loads(text_of(result))
    # What it answers is the small model's affair.
    assert told["verdict"]["reason"] and told["checked"] == told["verdict"]["outcome"]
    assert (told["checked"] == "correct") == (told.get("final_answer") == "42")
    assert "thinking" not in told
