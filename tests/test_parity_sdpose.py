"""SDPose against the published code's numbers: the checks of scripts/check_parity.py, and that they can fail."""

import json

import pytest
import torch
from parity_form import equality, error, fails, golden, only

from engine.networks import sdpose
from engine.networks.sdpose import SDPoseNet
from scripts.parity.sdpose import Subject, comparisons


@pytest.fixture(scope="module")
def subject():
    return Subject(golden)


def changed(subject: Subject, make) -> Subject:
    """The same fixtures and U-Net, put together otherwise."""
    other = Subject(golden, make)
    other.unet = subject.unet
    return other


test_equal_to_the_published_code = equality(comparisons)


# ── mistakes are seen ──


def wrong_label(unet, vae, head, prompt):
    net = SDPoseNet(unet, vae, head, prompt)
    net.label_pose = net.label_picture
    return net


def without_text(unet, vae, head, prompt):
    return SDPoseNet(unet, vae, head, torch.zeros_like(prompt))


@pytest.mark.parametrize(("make", "mistake"), [(wrong_label, "rgb_label"), (without_text, "no_text")])
def test_a_wrong_network_is_seen(subject, make, mistake):
    said = subject.fixtures.facts["network"]["wholebody_mutation_maxabs"][mistake]
    assert error(comparisons, "wholebody: heatmaps", changed(subject, make)) == pytest.approx(said, rel=1e-3)


def test_a_wrong_timestep_is_seen(subject, monkeypatch):
    monkeypatch.setattr(sdpose, "timestep", 998)
    said = subject.fixtures.facts["network"]["wholebody_mutation_maxabs"]["t998"]
    assert error(comparisons, "wholebody: heatmaps", changed(subject, SDPoseNet)) == pytest.approx(said, rel=1e-3)


def test_a_wrong_latent_scale_is_seen(subject, monkeypatch):
    monkeypatch.setattr(sdpose, "latent_scale", 0.13)
    other = changed(subject, SDPoseNet)
    assert fails(comparisons, "VAE: mode, unscaled", other)
    assert fails(comparisons, "VAE: seeded sample", other)


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
        assert fails(comparisons, name, other), name
    assert only(comparisons, "warp0: sha256").obstacle(other)
