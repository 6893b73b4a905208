"""DPoser-X against the published code's numbers: the checks of scripts/check_parity.py, and that they can fail."""

import json
from functools import partial

import numpy as np
import parity_form
import pytest
import torch
from parity_form import equality, golden

from engine.networks.dposer import TimeFC
from engine.networks.sub_vp import SubVP
from scripts.parity import dposer_run
from scripts.parity.dposer import Subject, by_rows, by_values, comparisons, files
from scripts.parity.dposer_run import Rule, Run


@pytest.fixture(scope="module")
def subject():
    return Subject(golden)


# The signed weights' networks of the same size see all that these would; the command makes them too.
seen_elsewhere = {
    f"dposer: {name}" for name in ("wholebody_base", "wholebody_mixed", "wholebody_mixed_masked", "face_full")
}
test_equal_to_the_published_code = equality(comparisons, seen_elsewhere)


def test_every_number_of_the_fixtures_is_checked():
    """But for what a recipe says in words, and sums of what is checked number by number."""
    aside = {"recipe", "formula", "metrics", "set", "signed", "note"}
    words = {"seed", "hidden", "steps", "visible_unchanged", "ddim_times", "body_zscore_roundtrip_maxabs",
             "wholebody_roundtrip_maxabs", "seeded_out_hidden", "formula_noise"}  # fmt: skip
    checked = {comparison.name for comparison in comparisons}
    for file in files:
        facts = json.loads((golden / f"{file}.json").read_text("utf-8"))
        names = {name for group, found in facts.items() if group not in aside for name in found}
        assert {name for name in names - words if f"{file}: {name}" not in checked} == set()


# ── mistakes are seen ──


def body(file="dposer_signed", **formula) -> Subject:
    """A subject whose body's network is made anew."""
    made = object.__new__(Subject)
    facts = json.loads((golden / f"{file}.json").read_text("utf-8"))
    facts["formula"] |= formula
    made.runs = {file: Run(facts)}
    return made


fails = partial(parity_form.fails, comparisons)


def test_a_missing_table_is_seen(monkeypatch):
    monkeypatch.setattr(dposer_run, "build", lambda *_: untold())
    assert fails("dposer_signed: body", body())


def untold():
    net = TimeFC(63)
    net.sigmas = torch.ones_like(net.sigmas)
    return net


@pytest.mark.parametrize(
    ("name", "mistaken"),
    [
        ("sigma", lambda self, t: torch.sqrt(1 - self.alpha(t) ** 2)),  # of the variance-preserving process
        ("g", lambda self, t: torch.sqrt(self.beta(t))),
    ],
)
def test_another_process_is_seen(monkeypatch, name, mistaken):
    other = body()
    assert not fails(f"dposer_signed: {name}", other)
    monkeypatch.setattr(SubVP, name, mistaken)
    for what in (name, "em_x_mean"):
        assert fails(f"dposer_signed: {what}", other)


@pytest.mark.parametrize("block", [{"multiplier": 0.61}, {"key_suffix": "b"}, {"signed": False}])
def test_constants_of_the_weights_come_from_the_files(block):
    assert fails("dposer_signed: score", body(**block))


@pytest.mark.parametrize(
    "block", [{"x": {"scale": 0.11, "phase": 0.0}}, {"x": {"scale": 0.1, "phase": 0.1}}, {"t": [0.01, 0.1, 0.5, 0.9]},
              {"z_step": 0.06}],
)  # fmt: skip
def test_constants_of_the_inputs_come_from_the_files(block):
    assert fails("dposer_signed: x_t", body(**block))


def test_completion_s_constants_come_from_the_files():
    other = body()
    facts = other.runs["dposer_signed"].facts["completion"]
    facts |= {"seed": 1}
    facts["formula_noise"] |= {"rule": facts["formula_noise"]["rule"].replace("1.3*", "1.2*")}
    assert fails("dposer_signed: completion, seeded", other)
    assert fails("dposer_signed: completion, noise by formula", other)


def test_another_rule_of_noise_is_refused():
    assert Rule.of("returns 1.3*cos(0.61*c+0.37*(i+1)*(1+0.01*c)), i row-major") == Rule(1.3, 0.61, 0.37, 0.01)
    with pytest.raises(ValueError, match="expected a rule"):
        Rule.of("returns 1.3*sin(c)")


def test_measures_are_the_worst_row_s_and_value_s():
    theirs = np.array([[1.0, 10.0], [0.1, 0.2]])
    assert by_rows(theirs + 0.01, theirs) == pytest.approx(0.05)
    assert by_values(theirs + 0.01, theirs) == pytest.approx(0.1)
