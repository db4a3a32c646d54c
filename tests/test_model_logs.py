import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.errors import BadInput, EngineError
from model.logs import Lines, OwnersInLogs, configure_logging, fields_of
from model.settings import Settings

SECRET = "zanzibar"


def logged(
    name: str, message: object, *args: object, error: BaseException | None = None, **extra: object
) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(name, logging.WARNING, __file__, 7, message, args, info)
    vars(record).update(extra)
    return record


def raised() -> BaseException:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise BadInput(f"The question is {SECRET}.") from error
    except BadInput as error:
        return error


RECORDS = [
    pytest.param(logged("model.runs", "the run %s said %s", "abc", SECRET), id="our arguments"),
    pytest.param(logged("model.runs", "%s", BadInput(SECRET)), id="an error as an argument"),
    pytest.param(logged("model.runs", "failed", error=raised()), id="an exception and its cause"),
    pytest.param(logged("httpx", "HTTP Request: GET https://a.b/?q=" + SECRET), id="a message put together elsewhere"),
    pytest.param(logged("httpx", "HTTP Request: %s", SECRET), id="others' arguments"),
    pytest.param(
        logged("asyncio", f"Task exception was never retrieved\nfuture: {SECRET}", error=raised()), id="asyncio"
    ),
    pytest.param(logged("model.runs", "words", question=SECRET), id="a field that is not listed"),
    pytest.param(logged("gradio", "words", run=SECRET), id="a field that is listed, of somebody else"),
    pytest.param(logged("gradio", BadInput(SECRET)), id="an error as the message"),
    pytest.param(
        logged(
            "uvicorn.access", '%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", f"/queue/data?run={SECRET}", "1.1", 200
        ),
        id="a query",
    ),
]


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("is_json", [True, False])
def test_what_somebody_wrote_is_in_no_line(record: logging.LogRecord, is_json: bool):
    line = Lines(is_json=is_json, has_text=False).format(record)
    assert SECRET not in line and line.strip()
    assert "\n" not in line


@pytest.mark.parametrize("record", RECORDS[:6])
def test_it_is_when_it_is_asked_for(record: logging.LogRecord):
    assert SECRET in Lines(is_json=True, has_text=True).format(record)


def test_line_has_time_level_event_and_the_words_of_the_source():
    record = logged("model.runs", "the run %s waits for %d s", "abc", 5, event="waits", run="abc", seconds=5.0)
    told = json.loads(Lines(is_json=True, has_text=False).format(record))
    assert told["time"].endswith("Z") and len(told["time"]) == 24
    assert (told["level"], told["event"], told["logger"]) == ("warning", "waits", "model.runs")
    assert (told["run"], told["seconds"], told["message"]) == ("abc", 5.0, "the run … waits for … s")


def test_exception_is_told_by_class_causes_and_places():
    told = fields_of(logged("ui.page", "failed", error=raised()))
    assert (told["error"], told["causes"]) == ("BadInput", ["KeyError"])
    assert [place.partition(":")[0] for place in told["where"]] == ["tests/test_model_logs.py"]


def test_access_line_keeps_the_path_without_its_query():
    record = logged("uvicorn.access", '%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/a/b?run=7", "1.1", 200)
    assert fields_of(record)["message"] == "GET /a/b 200"


def test_owner_has_a_mark_of_his_own_or_a_name():
    marks, names = OwnersInLogs(False), OwnersInLogs(True)
    assert marks("user:anna") == marks("user:anna") != marks("user:ben") and len(marks("user:anna")) == 12
    assert marks("user:anna") != OwnersInLogs(False)("user:anna"), "nobody can make a list of all names' marks"
    assert (marks(""), names(""), names("user:anna")) == ("", "", "user:anna")


@pytest.fixture
def json_log(tmp_path: Path) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    undo = configure_logging(Settings(tmp_path, log_format="json"), stream)
    yield stream
    undo()


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_threads_and_warnings_and_other_loggers_are_written_as_one_object_a_line(json_log: io.StringIO):
    def fail() -> None:
        raise EngineError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(SECRET, stacklevel=1)
    logging.getLogger("some.library").error("It is %s", SECRET)
    logging.getLogger("some.library").info("not ours, and nothing is wrong")
    logging.getLogger("model.runs").info("ours")
    lines = lines_of(json_log)
    assert [line["logger"] for line in lines] == ["app.threads", "py.warnings", "some.library", "model.runs"]
    assert lines[0]["error"] == "EngineError" and SECRET not in json_log.getvalue()


def test_what_is_printed_is_a_line_that_says_how_much_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    undo = configure_logging(Settings(tmp_path, log_format="json"))
    sys.stderr.write(f"Traceback of {SECRET}\n")
    print("half a line, ", end="")  # noqa: T201
    print(SECRET)  # noqa: T201
    undo()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["event"], line["about"], line["characters"]) for line in lines] == [
        ("output", "stderr", 21),
        ("output", "stdout", 21),
    ]
    assert SECRET not in json.dumps(lines)


@pytest.mark.parametrize(("fields", "shows_info"), [({}, False), ({"is_hosted": True}, True)])
def test_terminal_at_home_shows_what_went_wrong_and_no_more(tmp_path: Path, fields: dict[str, Any], shows_info: bool):
    stream = io.StringIO()
    undo = configure_logging(Settings(tmp_path, **fields), stream)
    logging.getLogger("model.runs").info("all is well")
    logging.getLogger("model.runs").warning("something is not")
    undo()
    assert ("all is well" in stream.getvalue()) == shows_info and "something is not" in stream.getvalue()
