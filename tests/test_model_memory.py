import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.catalog import CATALOG, ModelSpec
from model.errors import ModelLoadFailed
from model.memory import (
    GIB,
    LEAST_TOKENS,
    PRECISIONS,
    WORKSPACE_BYTES,
    choose_precision,
    context_that_fits,
    fit_table,
    kv_cache_bytes,
    weight_bytes,
    what_fits,
    with_auto,
)

QWQ = CATALOG["qwq-32b"]
assert QWQ.shape is not None
QWQ_SHAPE = QWQ.shape
FASTEST_FIRST = ("fp32", *PRECISIONS)


@pytest.mark.parametrize(
    ("precision", "gib"), [("bf16", 61.0), ("int8", 32.0), ("nf4", 17.9)], ids=["bf16", "int8", "nf4"]
)
def test_qwq_weights_take_what_was_derived_from_its_card(precision, gib):
    assert weight_bytes(QWQ_SHAPE, precision) / GIB == pytest.approx(gib, abs=0.06)


def test_kv_cache_of_a_negative_length_is_an_error():
    with pytest.raises(ValueError, match="-1"):
        kv_cache_bytes(64, 8, 128, tokens=-1)


def test_the_table_has_every_model_in_every_precision():
    rows = fit_table(80 * GIB)
    assert {(row.model, row.precision) for row in rows} == {(name, p) for name in CATALOG for p in PRECISIONS}


@pytest.mark.parametrize(
    ("card_gib", "verdicts"),
    [
        (79, ["fits", "fits", "fits"]),
        (44, ["no", "fits", "fits"]),
        (31, ["no", "no", "fits"]),
        (15, ["no", "no", "no"]),
    ],
    ids=["80 GB", "48 GB", "32 GB", "16 GB"],
)
def test_qwq_on_usual_cards(card_gib, verdicts):
    assert [row.verdict for row in fit_table(card_gib * GIB, [QWQ])] == verdicts


def test_a_row_that_does_not_fit_says_how_much_is_missing():
    row = fit_table(20 * GIB, [QWQ], ["nf4"])[0]
    assert row.verdict == "no" and row.reason == "1.4 GiB short, with 8,192 tokens"


def test_a_context_shorter_than_the_columns_is_not_stretched():
    row = fit_table(20 * GIB, [CATALOG["smollm2-135m"]], ["bf16"])[0]
    assert row.tokens == (8192, 8192) and row.kv_bytes[0] == row.kv_bytes[1]


def test_a_model_of_unknown_shape_is_left_out_of_the_table_and_loads_in_bf16():
    unknown = ModelSpec("a/b", "a/b", "a/b", "", QWQ.family, 0)
    assert fit_table(80 * GIB, [unknown]) == []
    assert choose_precision(unknown, GIB, 0) == "bf16"


@given(st.integers(1, 200), st.integers(LEAST_TOKENS, 131_072))
def test_a_chosen_precision_leaves_room_for_the_context_or_is_the_smallest(gib, tokens):
    try:
        precision = choose_precision(QWQ, gib * GIB, tokens)
    except ModelLoadFailed:
        assert gib * GIB < weight_bytes(QWQ_SHAPE, "nf4") + WORKSPACE_BYTES + 2 * GIB
        return
    room = context_that_fits(QWQ_SHAPE, weight_bytes(QWQ_SHAPE, precision), gib * GIB)
    assert room >= tokens or (precision == "nf4" and room >= LEAST_TOKENS)


@given(st.integers(1, 400), st.sampled_from(sorted(CATALOG)), st.integers(LEAST_TOKENS, 131_072))
def test_fp32_is_chosen_when_half_of_the_memory_holds_it_and_else_nothing_changes(gib, name, tokens):
    spec = CATALOG[name]
    assert spec.shape is not None
    cache = kv_cache_bytes(spec.shape.layers, spec.shape.kv_heads, spec.shape.head_dim, tokens, 4)
    needed = weight_bytes(spec.shape, "fp32") + cache + WORKSPACE_BYTES
    if needed <= gib * GIB // 2:
        assert choose_precision(spec, gib * GIB, tokens, FASTEST_FIRST) == "fp32"
        return
    try:
        otherwise = choose_precision(spec, gib * GIB, tokens)
    except ModelLoadFailed:
        with pytest.raises(ModelLoadFailed):
            choose_precision(spec, gib * GIB, tokens, FASTEST_FIRST)
    else:
        assert choose_precision(spec, gib * GIB, tokens, FASTEST_FIRST) == otherwise


@pytest.mark.parametrize(
    ("gib", "expected"), [(4, {"smollm2-135m": "bf16"}), (8, {"smollm2-135m": "fp32"})], ids=["half too small", "half"]
)
def test_the_table_marks_what_auto_would_take_and_nothing_of_what_fits_nowhere(gib, expected):
    specs = [CATALOG["smollm2-135m"], QWQ]
    rows = with_auto(fit_table(gib * GIB, specs, FASTEST_FIRST), gib * GIB, 0, FASTEST_FIRST)
    assert {row.model: row.precision for row in rows if row.is_auto} == expected
    assert len(rows) == 2 * len(FASTEST_FIRST)


def test_a_cache_takes_twice_as_much_in_fp32():
    half, full = fit_table(80 * GIB, [QWQ], ["bf16", "fp32"])
    assert full.kv_bytes == tuple(2 * size for size in half.kv_bytes)


def test_too_little_memory_names_the_models_that_would_fit():
    with pytest.raises(
        ModelLoadFailed, match=r"qwq-32b in nf4 needs 19\.4 GiB .* 6\.0 GiB are free\. What would fit: "
    ):
        choose_precision(QWQ, 6 * GIB, 0)


def test_no_memory_at_all_says_so():
    assert "No model of the catalog fits" in what_fits(GIB // 4)
