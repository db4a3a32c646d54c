"""What a result says of where it comes from."""

from dataclasses import dataclass

from evals.measured_on import measured_on
from model.settings import REMOTE


@dataclass
class Served:
    """What is looked at of a server's engine."""

    model: str = "smollm2-135m"
    precision: str = REMOTE
    context_tokens: int = 4096


def test_a_servers_result_names_the_server_and_claims_nothing_of_this_machine(monkeypatch):
    monkeypatch.setenv("WORKINGS_SERVER_URL", "http://gpu-box:8000/v1")
    head = measured_on(Served())  # type: ignore[arg-type]
    assert (head["device"], head["adapter"]) == ("server http://gpu-box:8000/v1", "")
