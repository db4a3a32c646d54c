import math

import pytest

from model.errors import BadInput
from model.events import Sampling
from model.sampling import check_sampling, sampling_from_mapping, with_preset


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", math.nan),
        ("temperature", "hot"),
        ("temperature", True),
        ("top_p", 0),
        ("top_k", 1.5),
        ("top_k", -1),
        ("max_new_tokens", 0),
        ("seed", -1),
    ],
)
def test_check_sampling_names_the_value_and_its_range_when_it_is_out_of_range(name: str, value: object):
    with pytest.raises(BadInput, match=name):
        sampling_from_mapping({name: value})


def test_sampling_from_mapping_lists_the_names_when_one_is_unknown():
    with pytest.raises(BadInput, match=r"'temprature'.*temperature, top_p"):
        sampling_from_mapping({"temprature": 0.5})


def test_sampling_from_mapping_takes_nothing_as_the_preset():
    assert sampling_from_mapping(None) == Sampling()


def test_with_preset_keeps_a_zero_that_was_asked_for():
    preset = Sampling(0.6, 0.95, 40, 100)
    assert with_preset(check_sampling(Sampling(temperature=0, top_k=0)), preset) == Sampling(0.0, 0.95, 0, 100)
