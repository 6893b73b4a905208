"""SDPose against the published code's numbers: the checks of scripts/check_parity.py, and that they can fail."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.networks import sdpose
from engine.networks.sdpose import SDPoseNet
from scripts.parity import Check, Comparison, Fixtures, differing, in_95_percent, largest, relative
from scripts.parity.formula import WeightFormula, picture
from scripts.parity.sdpose import Subject, comparisons

root = Path(__file__).parent.parent
golden = root / "tests" / "golden"
by_name = {comparison.name: comparison for comparison in comparisons}


@pytest.fixture(scope="module")
def subject():
    return Subject(golden)


def changed(subject: Subject, make) -> Subject:
    """The same fixtures and U-Net, put together otherwise."""
    other = Subject(golden, make)
    other.unet = subject.unet
    return other


@pytest.mark.parametrize("comparison", comparisons, ids=lambda comparison: comparison.name)
def test_equal_to_the_published_code(subject, comparison):
    if obstacle := comparison.obstacle(subject):
        pytest.skip(obstacle)
    check = comparison.run(subject)
    assert check.passed, check


def test_every_check_has_its_own_name():
    assert len(by_name) == len(comparisons) > 100


# ── mistakes are seen ──


def wrong_label(unet, vae, head, prompt):
    net = SDPoseNet(unet, vae, head, prompt)
    net.label_pose = net.label_picture
    return net


def without_text(unet, vae, head, prompt):
    return SDPoseNet(unet, vae, head, torch.zeros_like(prompt))


@pytest.mark.parametrize(("make", "mistake"), [(wrong_label, "rgb_label"), (without_text, "no_text")])
def test_a_wrong_network_is_seen(subject, make, mistake):
    check = by_name["wholebody: heatmaps"].run(changed(subject, make))
    said = subject.fixtures.facts["network"]["wholebody_mutation_maxabs"][mistake]
    assert not check.passed
    assert check.error == pytest.approx(said, rel=1e-3)


def test_a_wrong_timestep_is_seen(subject, monkeypatch):
    monkeypatch.setattr(sdpose, "timestep", 998)
    check = by_name["wholebody: heatmaps"].run(changed(subject, SDPoseNet))
    said = subject.fixtures.facts["network"]["wholebody_mutation_maxabs"]["t998"]
    assert not check.passed
    assert check.error == pytest.approx(said, rel=1e-3)


def test_a_wrong_latent_scale_is_seen(subject, monkeypatch):
    monkeypatch.setattr(sdpose, "latent_scale", 0.13)
    other = changed(subject, SDPoseNet)
    assert not by_name["VAE: mode, unscaled"].run(other).passed
    assert not by_name["VAE: seeded sample"].run(other).passed


def test_constants_come_from_the_files(subject, tmp_path):
    """A set of another multiplier, image and maps is computed otherwise, so the stored numbers no longer fit."""
    facts = json.loads((golden / "sdpose.json").read_text("utf-8"))
    facts["formula"] |= {"multiplier": 0.61, "text": {"channel": 0.3, "token": 1.7}}
    facts["formula"]["decode"]["cx"] = [0.6180339887, 0.2]
    facts["formula"]["warp_source"]["x"] = 5
    facts["tools"]["opencv"] = "0.0"
    (tmp_path / "sdpose.json").write_text(json.dumps(facts), "utf-8")
    for path in golden.glob("sdpose_*.npz"):
        (tmp_path / path.name).symlink_to(path)
    other = Subject(tmp_path)
    other.unet = subject.unet
    for name in ("text context", "VAE: mode, unscaled", "decode, full: points", "warp0: levels", "demo crop: levels"):
        assert not by_name[name].run(other).passed, name
    assert by_name["warp0: sha256"].obstacle(other)


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


# ── the command ──


def command(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(root / "scripts" / "check_parity.py"), *arguments],
        capture_output=True, text=True, cwd=root, env=os.environ | {"PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("system", ["spctrl"])
def test_systems_of_later_versions_are_named_so(system):
    done = command(system, "--golden", str(golden))
    assert done.returncode == 2
    assert f"no {system} to check yet" in done.stderr


def test_a_folder_without_fixtures_is_refused(tmp_path):
    done = command("sdpose", "--golden", str(tmp_path))
    assert done.returncode == 2
    assert "sdpose.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_fixtures_without_arrays_are_refused(tmp_path):
    (tmp_path / "sdpose.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match=r"expected sdpose_\*\.npz"):
        _ = Fixtures(tmp_path, "sdpose").stored


@pytest.mark.parametrize("over", [False, True])
def test_lines_and_exit_status(monkeypatch, capsys, over):
    from scripts import check_parity
    from scripts.parity import sdpose as checked

    few = (
        Comparison("good", 1.0, lambda _: 0.5, lambda _: 0.0),
        Comparison("other", 1.0, lambda _: 3.0 if over else 0.1, lambda _: 0.0),
        Comparison("elsewhere", 1.0, lambda _: 9.0, lambda _: 0.0, obstacle=lambda _: "no such machine"),
    )
    monkeypatch.setattr(checked, "comparisons", few)
    monkeypatch.setattr(sys, "argv", ["check_parity.py", "sdpose", "--golden", str(golden)])
    with pytest.raises(SystemExit) as left:
        check_parity.main()
    assert left.value.code == int(over)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["good", "0.5", "≤", "1", "pass"]
    assert printed[1].split()[-1] == ("FAIL" if over else "pass")
    assert "not checked: no such machine" in printed[2]
    assert printed[3:] == [f"{2 - over} passed, {int(over)} over their tolerance, 1 not checked"]
