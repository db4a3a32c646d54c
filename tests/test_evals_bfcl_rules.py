"""BFCL's rules of comparison, each with a call that it takes and one that it refuses."""

from typing import Any

import pytest

from evals.bfcl_rules import complaint

BOOK: dict[str, Any] = {
    "name": "travel.book",
    "parameters": {
        "type": "dict",
        "properties": {
            "town": {"type": "string"},
            "nights": {"type": "integer"},
            "price": {"type": "float"},
            "is_quiet": {"type": "boolean"},
            "guests": {"type": "array", "items": {"type": "string"}},
            "place": {"type": "tuple", "items": {"type": "float"}},
            "room": {"type": "dict"},
            "rooms": {"type": "array", "items": {"type": "dict"}},
        },
        "required": ["town"],
    },
}
RIGHT: dict[str, Any] = {
    "town": ["New York, NY", "NYC"],
    "nights": [2, ""],
    "price": [80.0, 90.0, ""],
    "is_quiet": [True, ""],
    "guests": [["Ana", "Bo"], ""],
    "place": [[1.5, 2.0], ""],
    "room": [{"beds": [2], "view": ["sea", ""]}, ""],
    "rooms": [[{"beds": [1]}, {"beds": [2]}], ""],
}


def found(**arguments: Any) -> str:
    return complaint("simple", [BOOK], [("travel.book", {"town": "NYC"} | arguments)], [{"travel.book": RIGHT}])


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"town": "new york NY"},
        {"town": "'NEW-YORK'.ny".replace("'", "")},
        {"nights": 2},
        {"price": 80},
        {"price": 90.0},
        {"is_quiet": True},
        {"guests": ["ana", "BO"]},
        {"place": [1.5, 2]},
        {"room": {"beds": 2}},
        {"room": {"view": "Sea", "beds": 2}},
        {"rooms": [{"beds": 1}, {"beds": 2}]},
    ],
)
def test_complaint_is_silent_about_a_call_that_is_right(arguments: dict[str, Any]) -> None:
    assert found(**arguments) == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"town": "Boston"}, "town is 'Boston'"),
        ({"nights": "2"}, "nights is '2'"),
        ({"nights": 2.0}, "nights is 2.0"),
        ({"nights": True}, "nights is True"),
        ({"nights": 3}, "nights is 3"),
        ({"price": "80"}, "price is '80'"),
        ({"is_quiet": 1}, "is_quiet is 1"),
        ({"is_quiet": "true"}, "is_quiet is 'true'"),
        ({"guests": ["Bo", "Ana"]}, "guests is"),
        ({"guests": "Ana, Bo"}, "guests is"),
        ({"place": [1.5, "2"]}, "place is"),
        ({"room": {"beds": 2, "bath": True}}, "room is"),
        ({"room": {"view": "sea"}}, "room is"),
        ({"rooms": [{"beds": 2}, {"beds": 1}]}, "rooms is"),
        ({"rooms": [{"beds": 1}]}, "rooms is"),
        ({"stars": 5}, "stars is no parameter"),
    ],
)
def test_complaint_names_the_value_that_is_wrong(arguments: dict[str, Any], words: str) -> None:
    assert words in found(**arguments)


def test_complaint_knows_required_and_optional_parameters_and_the_function_s_name() -> None:
    gold = [{"travel.book": RIGHT | {"nights": [2]}}]
    assert "nights was left out" in complaint("simple", [BOOK], [("travel.book", {"town": "NYC"})], gold)
    assert "town is required" in complaint("simple", [BOOK], [("travel.book", {"nights": 2})], gold)
    assert "not of travel.book" in complaint("simple", [BOOK], [("travel_book", {"town": "NYC", "nights": 2})], gold)


def test_complaint_takes_a_name_for_a_value_where_the_right_answer_is_one() -> None:
    gold = [{"travel.book": RIGHT | {"guests": ["my_guests", ""]}}]
    for given, is_right in (("my_guests", True), ("your_guests", False)):
        call = ("travel.book", {"town": "NYC", "guests": given})
        assert (complaint("simple", [BOOK], [call], gold) == "") is is_right


def test_complaint_wants_one_call_or_all_of_several_in_any_order_or_none() -> None:
    one, other = ("travel.book", {"town": "NYC"}), ("travel.book", {"town": "Rome"})
    gold = [{"travel.book": RIGHT}, {"travel.book": RIGHT | {"town": ["Rome"]}}]
    assert complaint("parallel", [BOOK], [other, one], gold) == ""
    assert complaint("parallel", [BOOK], [one], gold) == "1 calls, not 2"
    assert "town is 'NYC', not one of ['Rome']" in complaint("parallel", [BOOK], [one, one], gold)
    assert complaint("multiple", [BOOK], [one, one], gold[:1]) == "2 calls, not 1"
    assert complaint("irrelevance", [BOOK], [], []) == ""
    assert complaint("irrelevance", [BOOK], [one], []) != ""
