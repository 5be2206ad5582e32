"""Saved models predict the same bits when loaded, and damaged files are refused with the name of the field."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clvmodels import files
from clvmodels.datasets import load_cdnow
from clvmodels.errors import ClockMismatch, InvalidModelFile, InvalidOption
from clvmodels.estimators.purchases import BGNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.persistence import load
from clvmodels.transactions.summary import RFM, rfm_summary

# Every example writes the file again, so that examples do not affect each other.
fuzzing = settings(max_examples=300, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def rfm():
    log = load_cdnow(sample=True)
    return rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def model(rfm):
    return CustomerModel(BGNBD(), GammaGamma()).fit(rfm)


@pytest.fixture(scope="module")
def text(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.json"
    model.save(path)
    return path.read_text("utf-8")


def read(tmp_path, content):
    path = tmp_path / "some model.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return load(path)


def refused(tmp_path, content, match):
    with pytest.raises(InvalidModelFile, match=match) as refusal:
        read(tmp_path, content)
    assert str(refusal.value).startswith(str(tmp_path / "some model.json"))
    return True


def edited(text, **changes):
    """Return the document with values replaced at paths written with double underscores."""
    document = json.loads(text)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = document
        for name in parents:
            place = place[name]
        place[last] = value
    return json.dumps(document)


# ---- saving and loading ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_loaded_model_predicts_the_same_bits(model, text, rfm, tmp_path):
    again = read(tmp_path, text)
    for ask in (
        lambda m: m.probability_alive(rfm)["probability_alive"],
        lambda m: m.expected_purchases(rfm, "12 months")["expected_purchases"],
        lambda m: m.expected_spend(rfm)["expected_spend"],
        lambda m: m.purchases.discounted_purchases(rfm, 39, 0.1)["discounted_purchases"],
        lambda m: m.purchases.probability_alive(rfm, interval=0.9, by="total")["probability_alive_upper"],
    ):
        assert np.array_equal(ask(again).to_numpy(), ask(model).to_numpy())
    for part in ("purchases", "spend"):
        one, other = getattr(model, part), getattr(again, part)
        assert other.parameters_ == one.parameters_
        assert other.certificate() == one.certificate()
        assert other.summary().equals(one.summary())
        assert other.fit_.free.dtype == bool
        assert np.array_equal(other.fit_.covariance, one.fit_.covariance)
    assert again.spend.set_aside_ == model.spend.set_aside_
    assert again.spend.independence_ == model.spend.independence_


@pytest.mark.slow
def test_a_file_from_before_fingerprints_of_data_is_read(model, text, tmp_path):
    assert read(tmp_path, text).purchases.data_fingerprint_ == model.purchases.data_fingerprint_
    document = json.loads(text)
    del document["purchases"]["data_fingerprint"], document["spend"]["data_fingerprint"]
    document = files.with_checksum(document)
    again = read(tmp_path, json.dumps(document))
    assert again.purchases.data_fingerprint_ is None
    assert again.purchases.parameters_ == model.purchases.parameters_


@pytest.mark.slow
def test_a_file_from_before_ridges_is_read(model, text, tmp_path):
    assert model.purchases.fit_.ridges
    document = json.loads(text)
    del document["purchases"]["fit"]["ridges"], document["spend"]["fit"]["ridges"]
    document = files.with_checksum(document)
    assert read(tmp_path, json.dumps(document)).purchases.fit_.ridges == ()


def test_saving_what_was_read_writes_the_same_file(text, tmp_path):
    read(tmp_path, text).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text("utf-8") == text


def test_a_model_without_money(rfm, tmp_path):
    CustomerModel(BGNBD()).fit(rfm).save(tmp_path / "model.json")
    again = load(tmp_path / "model.json")
    assert again.spend is None
    with pytest.raises(InvalidOption, match="no spend model"):
        again.expected_spend(rfm)


def test_the_file_holds_no_customer_and_no_code(text):
    document = json.loads(text)
    assert set(document) >= {"format", "schema_version", "clock", "purchases", "spend"}
    assert len(text) < 20_000
    assert "NaN" not in text
    assert "Infinity" not in text


@pytest.mark.slow
def test_an_unknown_independence_is_saved_and_loaded(rfm, tmp_path):
    twice = rfm[rfm.frequency == 2]
    model = CustomerModel(BGNBD().fit(rfm), GammaGamma().fit(twice))
    model.save(tmp_path / "model.json")
    again = load(tmp_path / "model.json").spend.independence_
    assert np.isnan(again.p_value)
    assert again.text == model.spend.independence_.text


# ---- what cannot be saved ----------------------------------------------------------------------------------


def test_only_a_fitted_model_is_saved(rfm, tmp_path):
    for unfitted in (CustomerModel(BGNBD()), CustomerModel(BGNBD().fit(rfm), GammaGamma())):
        with pytest.raises(InvalidOption, match="Only a fitted model can be saved"):
            unfitted.save(tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_pair_with_two_clocks_is_not_saved(rfm, tmp_path):
    log = load_cdnow(sample=True)
    daily = rfm_summary(log, amount="amount", observation_end="1997-09-30")
    with pytest.raises(ClockMismatch, match="fit both to the same RFM"):
        CustomerModel(BGNBD().fit(rfm), GammaGamma().fit(daily)).save(tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


# ---- what cannot be read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"not JSON", b"\xff\xfe\x00", b"\x80\x04\x95\x10", b"[" * 100_000, b'{"a": ' * 100_000, b"NaN,", b"9" * 9999],
    ids=["nothing", "text", "bytes", "pickle", "deep list", "deep dict", "half", "long number"],
)
def test_files_that_are_not_json_are_refused(tmp_path, content):
    assert refused(tmp_path, content, "it is not JSON|it does not say")


@pytest.mark.parametrize("content", ["null", "[]", "3", '"text"', "{}", '{"format": "another"}', '{"format": []}'])
def test_json_that_is_not_a_model_is_refused(tmp_path, content):
    assert refused(tmp_path, content, "is JSON, but not a model")


@pytest.mark.parametrize("version", [0, 2, "1", None, [1], 1.5, {}])
def test_an_unknown_version_is_refused_by_its_name(text, tmp_path, version):
    assert refused(tmp_path, edited(text, schema_version=version), "has schema version")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"purchases__process": "exec"}, "the process 'exec' is not one of bgnbd"),
        ({"spend__process": "bgnbd"}, "the process 'bgnbd' is not one of gamma_gamma"),
        ({"purchases__fit__parameters": {"r": 1.0}}, "has the parameters r, alpha, a, b, not r"),
        ({"purchases__fit__parameters__r": -1.0}, "parameters.r must be greater than 0"),
        ({"purchases__fit__parameters__r": "0.2"}, "parameters.r"),
        ({"purchases__fit__parameters__r": None}, "parameters.r"),
        ({"purchases__fit__parameters__r": float("nan")}, "parameters.r"),
        ({"purchases__fit__parameters__r": float("inf")}, "parameters.r"),
        ({"purchases__fit__parameters__r": 10**400}, "parameters.r"),
        ({"purchases__fit__covariance": [[1.0]]}, r"covariance does not have the shape \(4, 4\)"),
        ({"purchases__fit__covariance": [[1.0] * 4] * 3 + [[1.0] * 3]}, "covariance does not have the shape"),
        ({"purchases__fit__free": [True]}, r"free does not have the shape \(4,\)"),
        ({"purchases__fit__free": [1, 0, 1, 0]}, "free"),
        (
            {"purchases__fit__ridges": [{"axis": [1.0] * 4, "places": [1.0, 0.0], "bends": [[0.0] * 4] * 2}]},
            "ascending",
        ),
        ({"purchases__fit__ridges": [{"axis": [1.0], "places": [0.0, 1.0], "bends": [[0.0]] * 2}]}, r"shapes \(4,\)"),
        ({"purchases__fit__ridges": [{"axis": [1.0] * 4, "places": [0.0], "bends": [[0.0] * 4]}]}, "places"),
        ({"purchases__fit__status": "fine"}, "status"),
        ({"purchases__fit__customers": 0}, "customers"),
        ({"purchases__fit": None}, "fit"),
        ({"clock__time_unit": "fortnight"}, "time_unit"),
        ({"clock__time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"clock__time_zone": "../../etc/passwd"}, "etc/passwd"),
        ({"purchases__code": "import os"}, "purchases.code"),
        ({"more": 1}, "more"),
        ({"spend": {}}, "spend"),
    ],
)
def test_a_damaged_field_is_refused_by_its_name(text, tmp_path, changes, match):
    assert refused(tmp_path, edited(text, **changes), match)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(InvalidModelFile, match=r"nowhere\.json: cannot be read"):
        load(tmp_path / "nowhere.json")
    with pytest.raises(InvalidModelFile, match="cannot be read"):
        load(tmp_path)


def load_or_refuse(tmp_path, content):
    """Check that a file is loaded as a model or refused with an InvalidModelFile."""
    refusal = ""
    try:
        result = read(tmp_path, content)
    except InvalidModelFile as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith(str(tmp_path / "some model.json"))
        return
    assert isinstance(result, CustomerModel)
    assert all(value > 0 for value in result.purchases.parameters_.values())
    result.purchases.summary()


@pytest.mark.slow
@fuzzing
@given(data=st.data())
def test_a_file_with_other_bytes_is_a_model_or_refused(data, text, tmp_path):
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content) - 1))
        stop = min(len(content), start + data.draw(st.integers(0, 40)))
        content[start:stop] = data.draw(st.binary(max_size=12))
    load_or_refuse(tmp_path, bytes(content))


@pytest.mark.slow
@fuzzing
@given(cut=st.floats(0, 1))
def test_half_a_file_is_refused(cut, text, tmp_path):
    content = text.rstrip()[: int(cut * (len(text) - 2))]
    assert refused(tmp_path, content, "is damaged or not a model")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value, path=()):
    """Yield every path in a document."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, (*path, i))


@pytest.mark.slow
@fuzzing
@given(data=st.data())
def test_a_file_with_other_values_is_a_model_or_refused(data, text, tmp_path):
    document = json.loads(text)
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(places(document))[1:]))
        place = document
        for step in path[:-1]:
            place = place[step]
        if data.draw(st.booleans()):
            place[path[-1]] = data.draw(anything)
        else:
            del place[path[-1]]
    load_or_refuse(tmp_path, json.dumps(document))


@pytest.mark.slow
def test_a_changed_digit_is_detected(tmp_path):
    path = tmp_path / "model.json"
    log = load_cdnow(sample=True)
    rfm = rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    CustomerModel(BGNBD(), GammaGamma()).fit(rfm).save(path)
    text = path.read_text()
    path.write_text(text.replace('"r": 0.24', '"r": 0.34'))
    with pytest.raises(InvalidModelFile, match="checksum"):
        load(path)


def test_a_prior_is_saved(tmp_path):
    log = load_cdnow(sample=True)
    rfm = rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    prior = {"log r": (-1.0, 0.5)}
    CustomerModel(BGNBD(prior=prior)).fit(rfm).save(tmp_path / "model.json")
    assert load(tmp_path / "model.json").purchases.prior == prior


# ---- findings ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loyal():
    """Return an RFM in two regions: in the south every customer bought on the last day, so no dropout is visible."""
    north = rfm_summary(load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30").to_frame()
    frequency = np.arange(900) % 9 + 2
    south = pd.DataFrame({"customer_id": 10**6 + np.arange(900), "frequency": frequency, "recency": 30.0, "T": 30.0})
    columns = ["customer_id", "frequency", "recency", "T"]
    frame = pd.concat([north[columns].assign(region="north"), south.assign(region="south")], ignore_index=True)
    return RFM.from_frame(frame, time_unit="week")


@pytest.mark.slow
def test_findings_of_a_group_name_the_group_and_are_saved(loyal, tmp_path):
    model = BGNBD(by="region").fit(loyal)
    codes = [finding.code for finding in model.fit_.findings]
    assert model.fit_.status == "boundary"
    assert "fit-no-dropout-nbd" in codes
    assert {finding.figures["group"] for finding in model.fit_.findings} == {"south"}
    assert model.fit_.message.startswith("south: ")
    CustomerModel(model).save(tmp_path / "model.json")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    saved = document["purchases"]["fit"]["findings"]
    assert [finding["code"] for finding in saved] == codes
    assert [finding["text"] for finding in saved] == [finding.text for finding in model.fit_.findings]
    again = load(tmp_path / "model.json").purchases.fit_
    assert again.findings == model.fit_.findings
    assert again.message == model.fit_.message


def test_sentences_in_a_file_of_0_1_0_become_findings(model, text, tmp_path):
    document = json.loads(text)
    for part in ("purchases", "spend"):
        del document[part]["fit"]["findings"]
        document[part]["fit"]["message"] = "the gradient vanishes and the likelihood falls in every direction"
    del document["spend"]["independence"]["spend_ratio"]
    document["spend"]["independence"]["words"] = "correlation of frequency and mean spend +0.11"
    again = read(tmp_path, json.dumps(files.with_checksum(document)))
    assert again.purchases.fit_.findings == model.purchases.fit_.findings
    loaded, original = again.spend.independence_.finding, model.spend.independence_.finding
    assert (loaded.code, loaded.severity) == (original.code, original.severity)
    assert "times as much per purchase" in original.text
    assert "times as much per purchase" not in loaded.text
