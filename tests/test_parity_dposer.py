"""DPoser-X against the published code's numbers: the checks of scripts/check_parity.py, and that they can fail."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.networks.dposer import TimeFC
from engine.networks.sub_vp import SubVP
from scripts import check_parity
from scripts.parity import dposer, dposer_run
from scripts.parity.dposer import Subject, by_rows, by_values, comparisons, files
from scripts.parity.dposer_run import Rule, Run

root = Path(__file__).parent.parent
golden = root / "tests" / "golden"
by_name = {comparison.name: comparison for comparison in comparisons}


@pytest.fixture(scope="module")
def subject():
    return Subject(golden)


# The signed weights' networks of the same size see all that these would; the command makes them too.
seen_elsewhere = {
    f"dposer: {name}" for name in ("wholebody_base", "wholebody_mixed", "wholebody_mixed_masked", "face_full")
}
checked = [comparison for comparison in comparisons if comparison.name not in seen_elsewhere]


@pytest.mark.parametrize("comparison", checked, ids=lambda comparison: comparison.name)
def test_equal_to_the_published_code(subject, comparison):
    if obstacle := comparison.obstacle(subject):
        pytest.skip(obstacle)
    check = comparison.run(subject)
    assert check.passed, check


def test_every_check_has_its_own_name():
    assert len(by_name) == len(comparisons) > 60


def test_every_number_of_the_fixtures_is_checked():
    """But for what a recipe says in words, and sums of what is checked number by number."""
    aside = {"recipe", "formula", "metrics", "set", "signed", "note"}
    words = {"seed", "hidden", "steps", "visible_unchanged", "ddim_times", "body_zscore_roundtrip_maxabs",
             "wholebody_roundtrip_maxabs", "seeded_out_hidden", "formula_noise"}  # fmt: skip
    for file in files:
        facts = json.loads((golden / f"{file}.json").read_text("utf-8"))
        names = {name for group, found in facts.items() if group not in aside for name in found}
        assert {name for name in names - words if f"{file}: {name}" not in by_name} == set()


# ── mistakes are seen ──


def body(file="dposer_signed", **formula) -> Subject:
    """A subject whose body's network is made anew."""
    made = object.__new__(Subject)
    facts = json.loads((golden / f"{file}.json").read_text("utf-8"))
    facts["formula"] |= formula
    made.runs = {file: Run(facts)}
    return made


def fails(name, subject):
    return not by_name[name].run(subject).passed


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


# ── the command ──


def test_the_command_refuses_a_folder_without_fixtures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["check_parity.py", "dposer", "--golden", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        check_parity.main()
    assert left.value.code == 2
    assert "expected dposer.json" in capsys.readouterr().err


def test_the_command_says_what_it_does_not_check(monkeypatch, capsys):
    monkeypatch.setattr(dposer, "comparisons", [by_name["dposer: alpha"], by_name["dposer: metrics, FID"]])
    monkeypatch.setattr(sys, "argv", ["check_parity.py", "dposer", "--golden", str(golden)])
    with pytest.raises(SystemExit) as left:
        check_parity.main()
    assert left.value.code == 0
    printed = capsys.readouterr().out.splitlines()
    assert "not checked: they need the authors' reference batches" in printed[1]
    assert printed[-1] == "1 passed, 0 over their tolerance, 1 not checked"
