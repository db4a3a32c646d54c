from pathlib import Path

from ui.default_budget import DefaultBudget


def test_default_budget_is_kept_and_taken_back(tmp_path: Path) -> None:
    default = DefaultBudget(tmp_path / "data")
    assert (default.tokens, default.fields()) == (None, ("medium", ""))
    default.choose(512, "gsm8k-1")
    assert DefaultBudget(tmp_path / "data").fields() == ("custom", "512")
    default.choose(1024, "gsm8k-1")
    assert default.fields() == ("low", "")
    default.choose(0, "gsm8k-1")
    assert DefaultBudget(tmp_path / "data").tokens is None


def test_file_that_is_broken_is_no_default(tmp_path: Path) -> None:
    (tmp_path / "default_budget.json").write_text('{"tokens": ')
    assert DefaultBudget(tmp_path).fields() == ("medium", "")
