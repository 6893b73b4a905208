"""The command that compares with the published code, whatever the system, and the formulas and measures it rests on."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from parity_form import command, golden

from scripts.check_parity import systems
from scripts.parity import Check, Comparison, Fixtures, differing, in_95_percent, largest, relative
from scripts.parity import sdpose as some_system
from scripts.parity.formula import WeightFormula, picture

least = {"sdpose": 100, "dposer": 60, "spctrl": 80}  # checks that a system has


@pytest.mark.parametrize("system", systems)
def test_every_check_has_its_own_name(system):
    comparisons = import_module(f"scripts.parity.{system}").comparisons
    assert len({comparison.name for comparison in comparisons}) == len(comparisons) > least[system]


# ── the command ──


@pytest.mark.parametrize("system", systems)
def test_a_folder_without_fixtures_is_refused(system, tmp_path, monkeypatch, capsys):
    assert command(monkeypatch, system, "--golden", tmp_path) == 2
    assert f"expected {system}.json" in capsys.readouterr().err


def test_it_runs_as_a_script(tmp_path):
    script = Path(__file__).parent.parent / "scripts" / "check_parity.py"
    asked = [sys.executable, str(script), "dposer", "--golden", str(tmp_path)]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "expected dposer.json" in done.stderr


@pytest.mark.parametrize("system", systems)
def test_fixtures_of_another_form_are_refused(system, tmp_path, monkeypatch, capsys):
    (tmp_path / f"{system}.json").write_text('{"formula": {}}', "utf-8")
    assert command(monkeypatch, system, "--golden", tmp_path) == 2
    assert f"expected fixtures of {system}" in capsys.readouterr().err


def test_fixtures_without_arrays_are_refused(tmp_path):
    (tmp_path / "sdpose.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match=r"expected sdpose\.npz or sdpose_\*\.npz"):
        _ = Fixtures(tmp_path, "sdpose").stored


@pytest.mark.parametrize("over", [False, True])
def test_lines_and_exit_status(monkeypatch, capsys, over):
    few = (
        Comparison("good", 1.0, lambda _: 0.5, lambda _: 0.0),
        Comparison("other", 1.0, lambda _: 3.0 if over else 0.1, lambda _: 0.0),
        Comparison("elsewhere", 1.0, lambda _: 9.0, lambda _: 0.0, obstacle=lambda _: "no such machine"),
    )
    monkeypatch.setattr(some_system, "comparisons", few)
    assert command(monkeypatch, "sdpose", "--golden", golden) == int(over)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["good", "0.5", "≤", "1", "pass"]
    assert printed[1].split()[-1] == ("FAIL" if over else "pass")
    assert "not checked: no such machine" in printed[2]
    assert printed[3:] == [f"{2 - over} passed, {int(over)} over their tolerance, 1 not checked"]


# ── the formulas and measures ──


def test_the_readme_s_own_check_values():
    formula = WeightFormula(0.7548776662466927, signed=True)
    first = formula.tensor("conv_in.weight", (320, 4, 3, 3)).flatten()[:4]
    assert first.tolist() == pytest.approx([0.2308867, -0.1356880, 0.0332285, 0.1840923], abs=5e-8)


@pytest.mark.parametrize("other", [{"multiplier": 0.75}, {"key_suffix": "b"}, {"signed": False}])
def test_every_constant_of_the_formula_matters(other):
    given = {"multiplier": 0.7548776662466927, "key_suffix": "", "signed": True}
    one, two = (WeightFormula.of(block).tensor("a.weight", (6, 5)) for block in (given, given | other))
    assert (one - two).abs().max() > 0.01


def test_norm_scales_are_told_by_the_name_without_suffix():
    formula = WeightFormula(0.7, "-b", True)
    assert (formula.tensor("norm.weight", (64,)) - 1).abs().max() <= 0.1
    assert formula.tensor("norm.bias", (64,)).abs().max() <= 0.1


@pytest.mark.parametrize("key", ["x", "y", "batch", "phase"])
def test_every_constant_of_the_picture_matters(key):
    given = {"x": 0.11, "y": 0.07, "batch": 0.5, "phase": 0.0}
    one, two = (picture(constants, 2, (8, 6)) for constants in (given, given | {key: 0.3}))
    assert one.shape == (2, 3, 6, 8)
    assert (one - two).abs().max() > 0.01


def test_95_percent_of_the_points_means_at_least_so_many():
    theirs = np.zeros((100, 2))
    ours = theirs.copy()
    ours[:5, 1] = 7.0
    assert in_95_percent(ours, theirs) == 0
    ours[5] = 7.0
    assert in_95_percent(ours, theirs) == 7
    assert in_95_percent(np.ones((3, 2)), np.zeros((3, 2))) == 1


def test_measures():
    assert largest(np.array([1.0, -3.0]), np.array([1.0, 1.0])) == 4
    assert relative(np.array([1.0, 9.0]), np.array([2.0, 10.0])) == pytest.approx(0.1)
    assert differing(np.array([1, 2, 3]), np.array([1, 0, 0])) == 2


@pytest.mark.parametrize("error", [float("nan"), float("inf"), 1.1])
def test_what_is_no_number_or_over_fails(error):
    assert not Check("", error, 1.0).passed


def test_another_shape_fails():
    assert not Comparison("", 1.0, lambda _: np.zeros(3), lambda _: np.zeros(4)).run(None).passed
