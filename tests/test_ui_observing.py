import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from model.host import ModelHost
from model.measuring import Measures
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.observing import observing_routes

LOCAL, ELSEWHERE = ("127.0.0.1", 50_000), ("203.0.113.9", 50_000)


def runs_of(folder: Path, *, has_model: bool = True, **fields: object) -> Runs:
    settings = Settings(folder, **fields)  # type: ignore[arg-type]
    engine = ScriptedEngine([Turn("So.", "Yes.")]) if has_model else None
    return Runs(Store(folder), ModelHost(settings, engine=engine), settings)


def client_of(runs: Runs, address: tuple[str, int] = LOCAL) -> TestClient:
    return TestClient(Starlette(routes=observing_routes(runs, Measures(runs))), client=address)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = runs_of(tmp_path, metrics_token="the token")
    yield made
    made.close()
    made.store.close()


@pytest.mark.parametrize("address", [LOCAL, ELSEWHERE])
def test_health_and_readiness_are_told_to_anybody(runs: Runs, address: tuple[str, int]):
    client = client_of(runs, address)
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "ok"})
    assert (client.get("/readyz").status_code, client.get("/readyz").json()["reasons"]) == (200, {})
    assert client.head("/healthz").status_code == 200 and client.post("/healthz").status_code == 405


def test_server_without_a_model_is_healthy_but_not_ready(tmp_path: Path):
    runs = runs_of(tmp_path, has_model=False)
    client = client_of(runs)
    answer = client.get("/readyz")
    assert (answer.status_code, list(answer.json()["reasons"])) == (503, ["model"])
    assert "No model is loaded" in answer.json()["reasons"]["model"]
    assert client.get("/healthz").status_code == 200
    runs.close()
    runs.store.close()
    answer = client.get("/readyz")
    assert (answer.status_code, list(answer.json()["reasons"])) == (503, ["closing", "model", "store"])


def test_folder_that_cannot_be_written_is_a_reason(runs: Runs, monkeypatch: pytest.MonkeyPatch):
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("model.store.tempfile.TemporaryFile", full)
    answer = client_of(runs).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"store": "The data folder cannot be written: No space left on device."}


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        pytest.param(LOCAL, {}, 200, id="this machine"),
        pytest.param(("::1", 1), {}, 200, id="this machine by IPv6"),
        pytest.param(ELSEWHERE, {}, 403, id="elsewhere"),
        pytest.param(ELSEWHERE, {"Authorization": "Bearer the token"}, 200, id="elsewhere with the token"),
        pytest.param(ELSEWHERE, {"Authorization": "Bearer the toke"}, 403, id="another token"),
        pytest.param(ELSEWHERE, {"Authorization": ""}, 403, id="an empty one"),
        pytest.param(ELSEWHERE, {"X-Forwarded-For": "127.0.0.1"}, 403, id="says that it is here"),
        pytest.param(LOCAL, {"X-Forwarded-For": "203.0.113.9"}, 403, id="a proxy on this machine asks for others"),
        pytest.param(LOCAL, {"X-Real-IP": "203.0.113.9"}, 403, id="so does another kind of proxy"),
    ],
)
def test_figures_are_for_this_machine_or_whoever_has_the_token(
    runs: Runs, address: tuple[str, int], headers: dict[str, str], status: int
):
    answer = client_of(runs, address).get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert "workings_" not in answer.text and "WORKINGS_METRICS_TOKEN" in answer.text


def test_without_a_token_nobody_elsewhere_reads_figures(tmp_path: Path):
    runs = runs_of(tmp_path)
    client = client_of(runs, ELSEWHERE)
    assert [client.get("/metrics", headers={"Authorization": given}).status_code for given in ("Bearer ", "", "x")] == [
        403,
        403,
        403,
    ]
    runs.close()
    runs.store.close()


def test_figures_are_read_by_prometheus(runs: Runs):
    answer = client_of(runs).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"workings_runs", "workings_runs_waiting", "workings_info", "process_resident_memory_bytes"} <= names


def test_every_figure_that_the_guide_names_is_there_and_the_other_way_round(runs: Runs):
    guide = (Path(__file__).parent.parent / "docs" / "observing.md").read_text("utf-8")
    families = text_string_to_metric_families(client_of(runs).get("/metrics").text)
    there = {family.name.removesuffix("_created") for family in families if family.name.startswith("workings_")}
    table, _, configuration = guide.partition("## Prometheus")
    named = {name.removesuffix("_total") for name in re.findall(r"`(workings_\w+)`", table)}
    assert named == there
    used = {re.sub("_(total|bucket|sum|count)$", "", name) for name in re.findall(r"workings_\w+", configuration)}
    assert used - {"workings_model_state"} <= there


def test_scrape_configuration_and_alerts_of_the_guide_are_yaml():
    guide = (Path(__file__).parent.parent / "docs" / "observing.md").read_text("utf-8")
    scrape, rules = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL))
    assert scrape["scrape_configs"][0]["job_name"] == "workings"
    assert all({"alert", "expr", "annotations"} <= rule.keys() for rule in rules["groups"][0]["rules"])


def test_answers_are_not_kept_by_anybody(runs: Runs):
    client = client_of(runs)
    kept = [client.get(path).headers["cache-control"] for path in ("/healthz", "/readyz", "/metrics")]
    assert kept == ["no-store"] * 3
    json.loads(client.get("/readyz").text)
