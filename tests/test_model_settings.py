import pytest

from model.engine import BudgetLimits, budget_limits
from model.errors import BadInput
from model.settings import settings_from_environment


def test_settings_refuse_a_number_that_cannot_be_read():
    with pytest.raises(BadInput, match="WORKINGS_RUN_SECONDS"):
        settings_from_environment({"WORKINGS_RUN_SECONDS": "soon"})


def test_settings_stop_an_abandoned_run_at_once_on_zero_gpu():
    assert settings_from_environment({"SPACES_ZERO_GPU": "true"}).detached_seconds == 0


def test_settings_listen_to_everybody_only_on_a_space():
    assert settings_from_environment({}).server_name == "127.0.0.1"
    assert settings_from_environment({"SPACE_ID": "a/b"}).server_name == "0.0.0.0"


@pytest.mark.parametrize("budget", [-1, True, 1.5, None, "", "lots", "-5", "1e3", "s", "٣"])
def test_budget_limits_refuse_what_is_no_budget(budget: object):
    with pytest.raises(BadInput, match="thinking budget"):
        budget_limits(budget)  # type: ignore[arg-type]


def test_budget_limits_read_seconds():
    assert budget_limits(" 30 s ") == BudgetLimits(None, 30.0)
