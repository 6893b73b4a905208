"""Priors in files, and the authors' checkpoints turned into them: strictly, and with nothing of theirs run."""

import json
import os
import subprocess
import sys
import types
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from engine import dposer_normalisers
from engine.diffusion import Diffusion
from engine.dposer_checkpoint import convert, load_pickle, read_checkpoint
from engine.dposer_layout import published_state, trained_names
from engine.dposer_normalisers import read_normaliser
from engine.networks.dposer import Fused, Size, build, dims, tiny_sizes
from engine.prior import About, Normaliser, Prior
from engine.prior_file import PriorFolder, file_name, load_prior, read_header, save_prior
from engine.prior_parts import full_face, signs_of, whole_body
from engine.priors import checkpoints, open_priors
from engine.tensor_shapes import WrongWeights

root = Path(__file__).parent.parent
t = torch.tensor([0.3])
# A network of each part with another width: a mistake in a file's place shows.
sizes = replace(tiny_sizes, hand=Size(96, 32), face=Size(64, 16))


def lively(part, model="base", seed=0):
    """A network with random weights, the fusion's last layer too."""
    torch.manual_seed(seed)
    net = build(part, model, sizes)
    for name, value in net.named_parameters():
        if name.startswith("output_linear.") or "norm" in name:
            torch.nn.init.normal_(value, std=0.3)
    return net.eval()


def normaliser(part, shift=0.0):
    place = torch.arange(float(dims[part]))
    return Normaliser(torch.sin(place) + shift, 1.5 + torch.cos(place), f"made up {part}", signs_of(part))


def prior(part, model="base", seed=0):
    about = About("made up", "mixed", {"steps": "3", "licence": "CC0"})
    return Prior(part, model, Diffusion(lively(part, model, seed)), normaliser(part), about).eval()


def answer(one):
    with torch.no_grad():
        return one.diffusion.noise(torch.sin(torch.arange(3.0 * one.dims)).reshape(3, -1), t)


@pytest.fixture(scope="module")
def parts():
    return {part: prior(part, seed=i) for i, part in enumerate(("body", "hand", "face", "face-shape"))}


@pytest.fixture(scope="module")
def mixed(parts):
    base = whole_body(parts["body"], parts["hand"], parts["face"])
    torch.manual_seed(7)
    net = Fused(base.diffusion.net, sizes.fusion)
    torch.nn.init.normal_(net.output_linear.weight)
    return Prior("wholebody", "mixed", Diffusion(net), base.normaliser, base.about).eval()


@pytest.fixture
def folder(parts, mixed, tmp_path):
    """A folder of priors, the fusion saved alone."""
    for part, one in parts.items():
        save_prior(one, tmp_path / file_name(part))
    save_prior(mixed, tmp_path / file_name("wholebody", "mixed"), with_base=False)
    return tmp_path


# ── a prior's file ──


@pytest.mark.parametrize(
    ("part", "model"), [("body", "base"), ("face-shape", "base"), ("wholebody", "base"), ("wholebody", "fused"),
                        ("face-full", "base")],
)  # fmt: skip
def test_a_saved_prior_is_the_same_again(tmp_path, part, model):
    one = prior(part, model)
    save_prior(one, tmp_path / "one.safetensors")
    before = torch.get_rng_state()
    again = load_prior(tmp_path / "one.safetensors")
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(answer(again), answer(one))
    for name in ("centre", "scale", "sign"):
        assert torch.equal(getattr(again.normaliser, name), getattr(one.normaliser, name))
    assert (again.part, again.model, again.about, again.normaliser.name) == (
        part, model, one.about, f"made up {part}",
    )  # fmt: skip
    assert not again.training
    assert not any(value.requires_grad for value in again.parameters())
    assert list(tmp_path.iterdir()) == [tmp_path / "one.safetensors"]


def test_half_precision_is_half_as_large_and_almost_the_same(tmp_path):
    one = prior("body")
    paths = [tmp_path / name for name in ("single.safetensors", "half.safetensors")]
    for path, dtype in zip(paths, (torch.float32, torch.float16), strict=True):
        save_prior(one, path, dtype)
    assert paths[1].stat().st_size < 0.56 * paths[0].stat().st_size
    again = load_prior(paths[1])
    assert {value.dtype for value in again.state_dict().values()} == {torch.float32}
    assert (answer(again) - answer(one)).abs().max() < 0.02 * answer(one).abs().max()


def test_the_published_code_would_find_its_names(tmp_path, mixed):
    save_prior(mixed, tmp_path / "one.safetensors")
    names = {name.removeprefix("model.") for name in load_file(tmp_path / "one.safetensors") if name[:6] == "model."}
    published = json.loads((root / "tests" / "golden" / "dposer_names.json").read_text("utf-8"))
    assert names == set(published["fused"]["shapes"])


def test_a_fusion_saved_alone_finds_its_parts(folder, mixed):
    path = folder / file_name("wholebody", "mixed")
    assert not any(name.startswith("model.base_model.") for name in load_file(path))
    assert torch.equal(answer(load_prior(path)), answer(mixed))
    mask = torch.tensor([[1, 0, 1, 1]] * 3)
    x = torch.ones(3, 256)
    assert torch.equal(load_prior(path).diffusion.noise(x, t, mask), mixed.diffusion.noise(x, t, mask))


def test_a_fusion_takes_its_parts_in_half_precision(folder, parts, mixed):
    for part, one in parts.items():
        save_prior(one, folder / file_name(part), torch.float16)
    load_prior(folder / file_name("wholebody", "mixed"))


@pytest.mark.parametrize(
    ("part", "said"), [("body", "that .* was trained on, got others"), ("hand", "trained on, got others")]
)
def test_a_fusion_of_other_parts_is_refused(folder, part, said):
    save_prior(prior(part, seed=99), folder / file_name(part))
    with pytest.raises(WrongWeights, match=said):
        load_prior(folder / file_name("wholebody", "mixed"))


def test_a_fusion_of_parts_normalised_otherwise_is_refused(folder, parts):
    other = parts["face"]
    moved = Prior("face", "base", other.diffusion, normaliser("face", 0.1), other.about)
    save_prior(moved, folder / file_name("face"))
    with pytest.raises(WrongWeights, match=r"normalised as .* is, got another centre"):
        load_prior(folder / file_name("wholebody", "mixed"))


def test_a_fusion_without_its_parts_says_which_is_missing(folder):
    (folder / "hand.safetensors").unlink()
    with pytest.raises(WrongWeights, match=r"expected the file .*hand\.safetensors, got none"):
        load_prior(folder / file_name("wholebody", "mixed"))


def test_only_a_fusion_is_saved_alone(tmp_path):
    with pytest.raises(ValueError, match=r"expected a fused or mixed whole body .* got body, base"):
        save_prior(prior("body"), tmp_path / "one.safetensors", with_base=False)


def test_a_precision_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected a precision of floating point, got torch\.int8"):
        save_prior(prior("body"), tmp_path / "one.safetensors", torch.int8)


def spoil(path, change, header=None):
    """The file again with its tensors, or what its header says, changed."""
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()["dposer"])
    change(tensors)
    save_file(tensors, path, {"dposer": json.dumps(told | (header or {}))})


def without(name):
    return lambda tensors: tensors.pop(name)


def with_value(name, value):
    return lambda tensors: tensors.update({name: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("model.b2_dense1.bias"), r"none named b2_dense1\.bias"),
        (with_value("model.more", torch.ones(1)), "others named more"),
        (with_value("more", torch.ones(1)), "got more too"),
        (with_value("model.post_dense.bias", torch.ones(5)), r"post_dense\.bias \(5,\) where \(63,\) belongs"),
        (with_value("model.sigmas", torch.ones(1000)), "expected sigmas to fall from 50 to 0.01"),
        (without("model.pre_dense_t.weight"), r"expected the tensor pre_dense_t\.weight"),
        (without("normaliser.scale"), r"none named normaliser\.scale"),
        (with_value("normaliser.scale", torch.zeros(63)), "positive scales"),
    ],
)  # fmt: skip
def test_tensors_that_are_not_a_prior_s_are_refused(folder, change, said):
    spoil(folder / "body.safetensors", change)
    with pytest.raises(WrongWeights, match=said):
        load_prior(folder / "body.safetensors")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"part": "leg"}, "got part 'leg', none of body"),
        ({"hands": "open"}, "got hands 'open', none of flat, mean, mixed"),
        ({"dposer": 2}, "version 2 where 1 belongs"),
        ({"sizes": {"body": [64, 64]}}, r"expected the sizes .*embed=64.* tells of, got .*embed=32"),
        ({"sizes": 5}, "expected the header of a pose prior"),
        ({"part": "hand"}, r"normaliser\.centre \(63,\) where \(45,\) belongs"),
    ],
)  # fmt: skip
def test_a_header_that_says_otherwise_is_refused(folder, header, said):
    spoil(folder / "body.safetensors", lambda _: None, header)
    with pytest.raises(WrongWeights, match=said):
        load_prior(folder / "body.safetensors")


def test_other_files_are_refused(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "a.safetensors")
    with pytest.raises(WrongWeights, match="expected a pose prior's file"):
        read_header(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(b"no tensors at all")
    with pytest.raises(WrongWeights, match="which cannot be read as one"):
        load_prior(tmp_path / "b.safetensors")
    with pytest.raises(WrongWeights, match="got none"):
        load_prior(tmp_path / "c.safetensors")


def test_a_tied_layer_that_differs_is_refused(tmp_path, mixed):
    save_prior(mixed, tmp_path / "one.safetensors")
    spoil(tmp_path / "one.safetensors", with_value("model.zero_linear.bias", torch.ones(256)))
    with pytest.raises(WrongWeights, match=r"expected zero_linear\.bias to be output_linear\.bias"):
        load_prior(tmp_path / "one.safetensors")


# ── a folder ──


def test_a_folder_reads_each_prior_once(folder, parts, mixed):
    priors = PriorFolder(folder)
    assert priors.prior("hand") is priors.prior("hand")
    assert torch.equal(answer(priors.prior("wholebody", "mixed")), answer(mixed))
    base = whole_body(parts["body"], parts["hand"], parts["face"])
    assert torch.equal(answer(priors.prior("wholebody")), answer(base))
    assert torch.equal(answer(priors.prior("face-full")), answer(full_face(parts["face"], parts["face-shape"])))


def test_a_folder_says_what_it_has(folder):
    priors = PriorFolder(folder)
    assert priors.has("wholebody")
    assert priors.has("wholebody", "mixed")
    assert not priors.has("wholebody", "fused")
    (folder / "face.safetensors").unlink()
    assert not priors.has("wholebody")
    with pytest.raises(WrongWeights, match=r"expected wholebody-fused\.safetensors in the folder"):
        priors.prior("wholebody", "fused")
    with pytest.raises(WrongWeights, match="expected a folder of pose priors"):
        PriorFolder(folder / "none")


def test_a_whole_body_needs_the_right_parts(parts):
    with pytest.raises(ValueError, match="expected a prior of hand, got one of body, base"):
        whole_body(parts["body"], parts["body"], parts["face"])


# ── the authors' checkpoints ──

configs = "ml_collections.config_dict.config_dict"


@pytest.fixture
def settings():
    """What hyper-parameters are made of there: classes of a module that is not to be had when they are read."""

    class ConfigDict:
        def __init__(self, fields):
            self.__dict__.update(_fields=fields, _locked=True)

    ConfigDict.__module__, ConfigDict.__qualname__ = configs, "ConfigDict"
    names = [configs.rsplit(".", i)[0] for i in (2, 1, 0)]
    modules = {name: types.ModuleType(name) for name in names}
    setattr(modules[configs], "ConfigDict", ConfigDict)  # noqa: B010
    sys.modules.update(modules)
    yield ConfigDict({"lr": np.float64(2e-4), "kind": np.dtype("float64"), "device": torch.device("cpu"),
                      "inner": ConfigDict({"steps": [1, 2]}), "type": np.dtypes.Float64DType()})  # fmt: skip
    for name in names:
        sys.modules.pop(name, None)


def forget(names=(configs, "ml_collections.config_dict", "ml_collections")):
    for name in names:
        sys.modules.pop(name, None)


def lightning(net, path, settings, means=None):
    """A checkpoint as the authors' trainer writes it; its running means are the weights plus a quarter."""
    state = OrderedDict((f"model.{name}", value) for name, value in published_state(net).items())
    for place in ("body_model_vis", "body_model_eval"):
        state |= {f"{place}.bm.{name}": torch.zeros(5) for name in ("v_template", "shapedirs")}
    kept = dict(net.named_parameters())
    shadow = [value.detach() + 0.25 for value in kept.values() if value.requires_grad]
    torch.save(
        {
            "state_dict": state,
            "model_ema": {"decay": 0.9999, "num_updates": 12, "shadow_params": shadow if means is None else means},
            "global_step": 200_000, "epoch": 3, "pytorch-lightning_version": "2.0.0",
            "hyper_parameters": {"config": settings}, "callbacks": {"ModelCheckpoint": {"best": np.float64(1.5)}},
            "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(2)}}}],
        },
        path,
    )  # fmt: skip
    forget()


def moved(net):
    """The network that such a file's running means make."""
    with torch.no_grad():
        for value in net.parameters():
            if value.requires_grad:
                value += 0.25
    return net


@pytest.mark.parametrize(("part", "model"), [("body", "base"), ("face-shape", "base"), ("wholebody", "mixed")])
def test_a_checkpoint_becomes_its_running_means(tmp_path, settings, part, model):
    net = lively(part, model)
    lightning(net, tmp_path / "last.ckpt", settings)
    one = convert(tmp_path / "last.ckpt", part, model, normaliser(part), "mixed")
    wanted = Prior(part, model, Diffusion(moved(net)), normaliser(part), About("dposer-x")).eval()
    assert torch.equal(answer(one), answer(wanted))
    assert one.about.hands == "mixed"
    assert one.about.notes == {
        "source": "last.ckpt", "steps": "200000", "left behind": "2 of body_model_vis, 2 of body_model_eval",
    }  # fmt: skip
    save_prior(one, tmp_path / "one.safetensors")
    assert torch.equal(answer(load_prior(tmp_path / "one.safetensors")), answer(wanted))


def test_a_fusion_s_running_means_are_of_the_fusion_alone(tmp_path, settings):
    net = lively("wholebody", "mixed")
    lightning(net, tmp_path / "last.ckpt", settings)
    assert len(read_checkpoint(tmp_path / "last.ckpt").means) == 36
    one = convert(tmp_path / "last.ckpt", "wholebody", "mixed", normaliser("wholebody"), "mixed").diffusion.net
    base = one.base_model.state_dict()
    assert all(torch.equal(value, base[name]) for name, value in net.base_model.state_dict().items())
    assert torch.equal(one.output_linear.bias, net.output_linear.bias + 0.25)


def test_files_of_the_other_form_are_read(tmp_path):
    net = lively("hand")
    ema = {"decay": 0.9999, "num_updates": 1, "shadow_params": [p.detach() + 0.25 for p in net.parameters()]}
    torch.save({"model_state_dict": published_state(net), "ema": ema, "step": 7}, tmp_path / "a.pth")
    one = convert(tmp_path / "a.pth", "hand", "base", normaliser("hand"), "flat")
    assert torch.equal(answer(one), answer(Prior("hand", "base", Diffusion(moved(net)), normaliser("hand"), About(""))))
    assert one.about.notes["steps"] == "7"


def test_the_first_dposer_s_dead_layer_is_left_behind(tmp_path):
    net = lively("body")
    state, names = published_state(net), trained_names(net)
    state |= {"pre_dense_cond.weight": torch.ones(64, 64), "pre_dense_cond.bias": torch.ones(64)}
    means = [value.detach() + 0.25 for value in net.parameters()]
    place = names.index("pre_dense_t.bias") + 1
    means[place:place] = [torch.zeros(64, 64), torch.zeros(64)]
    whole = {"model_state_dict": state, "ema": {"shadow_params": means}, "step": 400_000, "epoch": 1}
    torch.save(whole, tmp_path / "axis-zscore-400k.pth")
    assert read_checkpoint(tmp_path / "axis-zscore-400k.pth").first
    one = convert(tmp_path / "axis-zscore-400k.pth", "body", "base", normaliser("body"), "flat", "dposer-1")
    assert torch.equal(answer(one), answer(Prior("body", "base", Diffusion(moved(net)), normaliser("body"), About(""))))
    assert one.about.notes["left behind"] == "2 of pre_dense_cond"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda means: means[:-1], "expected 34 running means .* got 33"),
        (lambda means: [means[1], means[0], *means[2:]], "expected the running means in the order"),
    ],
)
def test_means_that_do_not_fit_are_refused(tmp_path, settings, change, said):
    net = lively("body")
    lightning(net, tmp_path / "last.ckpt", settings, change([value.detach() for value in net.parameters()]))
    with pytest.raises(WrongWeights, match=said):
        convert(tmp_path / "last.ckpt", "body", "base", normaliser("body"), "mixed")


def test_another_part_is_refused(tmp_path, settings):
    lightning(lively("body"), tmp_path / "last.ckpt", settings)
    with pytest.raises(WrongWeights, match=r"expected the tensors of face, base, .*pre_dense\.weight \(64, 63\)"):
        convert(tmp_path / "last.ckpt", "face", "base", normaliser("face"), "mixed")
    with pytest.raises(WrongWeights, match=r"expected the tensor base_model\.body_model\.pre_dense_t\.weight"):
        convert(tmp_path / "last.ckpt", "wholebody", "mixed", normaliser("wholebody"), "mixed")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "expected a checkpoint .* got a list"),
        ({"weights": torch.ones(1)}, "expected state_dict or model_state_dict"),
        ({"state_dict": {"model.a": 3}}, "expected state_dict or model_state_dict"),
        ({"state_dict": {"model.a": torch.ones(1)}}, "expected the running means of the weights"),
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path, content, said):
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(WrongWeights, match=said):
        read_checkpoint(tmp_path / "a.ckpt")


class Runs:
    """Would run a command when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "named"),
    [(os.system, r"\w+\.system"), (eval, r"\S*eval"), (subprocess.run, r"\w+\.run"),
     (np.load, r"numpy\.load")],
)  # fmt: skip
def test_pickles_run_nothing_and_the_class_is_named(tmp_path, function, named):
    torch.save({"state_dict": {}, "hyper_parameters": Runs(function, f"touch {tmp_path}/ran")}, tmp_path / "a.ckpt")
    with pytest.raises(WrongWeights, match=f"got one that names {named}, which is not read"):
        load_pickle(tmp_path / "a.ckpt")
    assert not (tmp_path / "ran").exists()


def test_what_is_no_pickle_is_refused(tmp_path):
    (tmp_path / "a.ckpt").write_bytes(b"nothing of the kind")
    with pytest.raises(WrongWeights, match=r"a torch file, got .*|got one of another kind"):
        load_pickle(tmp_path / "a.ckpt")


def test_allowed_names_are_allowed_here_alone(tmp_path, settings):
    torch.save({"config": settings}, tmp_path / "a.ckpt")
    forget()
    load_pickle(tmp_path / "a.ckpt")
    with pytest.raises(Exception, match="ConfigDict"):
        torch.load(tmp_path / "a.ckpt", weights_only=True)


# ── the authors' statistics ──


def statistics(path, mean, std, names=("mean_poses", "std_poses")):
    torch.save({names[0]: mean, names[1]: std, "mean_shapes": None}, path)
    return path


def spread(count, ends):
    return torch.linspace(*ends, count)


@pytest.fixture
def body_file(tmp_path, monkeypatch):
    """A file that stands for the published body statistics."""
    path = statistics(tmp_path / "axis_normalize2.pt", spread(63, (-0.7, 0.8)), spread(63, (0.05, 0.6)))
    import hashlib

    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    known = replace(dposer_normalisers.body, sha256=digest)
    monkeypatch.setattr(dposer_normalisers, "body", known)
    monkeypatch.setitem(dposer_normalisers.of_part, "body", (known,))
    return path


def test_the_published_statistics_are_known_and_named(body_file):
    found = read_normaliser([body_file], "body")
    assert found.name == "body_normalizer"
    assert torch.equal(found.centre, spread(63, (-0.7, 0.8)))
    assert torch.equal(found.scale, spread(63, (0.05, 0.6)))


def test_each_dposer_s_statistics_are_refused_with_the_other_s_weights(body_file, tmp_path):
    other = statistics(tmp_path / "first.pt", spread(63, (-0.6, 0.8)), spread(63, (0.05, 0.6)))
    with pytest.raises(WrongWeights, match="expected the published statistics body_normalizer"):
        read_normaliser([other], "body")
    with pytest.raises(WrongWeights, match="expected the first DPoser's own statistics, not DPoser-X's"):
        read_normaliser([body_file], "body", first=True)
    assert read_normaliser([other], "body", first=True).name.startswith("first body_normalizer ")
    assert read_normaliser([other], "body", force=True).name.startswith("body_normalizer ")


def test_statistics_without_a_known_hash_are_known_by_their_ends(tmp_path):
    jaw = statistics(tmp_path / "jaw.pt", torch.tensor([0.071, 0.005, 0.004]), torch.tensor([0.042, 0.005, 0.008]))
    expression = statistics(tmp_path / "expression.pt", spread(100, (-1.238, 1.002)), spread(100, (0.06, 0.7007)))
    found = read_normaliser([jaw, expression], "face")
    assert (found.name, len(found.centre)) == ("jaw_normalizer + expression_normalizer", 103)
    shifted = statistics(tmp_path / "shifted.pt", spread(100, (-1.2, 1.0)), spread(100, (0.06, 0.7)))
    with pytest.raises(WrongWeights, match="expected the published statistics expression_normalizer"):
        read_normaliser([jaw, shifted], "face")


def test_ranges_are_refused_unless_forced(tmp_path):
    path = statistics(tmp_path / "a.pt", -torch.ones(63), 3 * torch.ones(63), ("min_poses", "max_poses"))
    with pytest.raises(WrongWeights, match="expected means and deviations"):
        read_normaliser([path], "body")
    forced = read_normaliser([path], "body", force=True)
    assert torch.equal(forced(torch.tensor([[-1.0, 3.0] + [1.0] * 61]))[0, :3], torch.tensor([-1.0, 1.0, 0.0]))


def test_statistics_of_another_part_are_refused(body_file):
    with pytest.raises(WrongWeights, match="mean_poses and std_poses of 45 numbers"):
        read_normaliser([body_file], "hand", force=True)
    with pytest.raises(ValueError, match="expected 2 files, jaw_normalizer expression_normalizer, got 1"):
        read_normaliser([body_file], "face")


# ── the command ──


def test_the_command_converts(tmp_path, settings, monkeypatch, capsys):
    from scripts import convert_dposer

    lightning(lively("body"), tmp_path / "last.ckpt", settings)
    path = statistics(tmp_path / "axis_normalize2.pt", torch.zeros(63), torch.ones(63))
    arguments = ["convert_dposer.py", str(tmp_path / "last.ckpt"), "--part", "body", "--hands", "mixed",
                 "--normaliser", str(path), "--out", str(tmp_path / "body.safetensors")]  # fmt: skip
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as left:
        convert_dposer.main()
    assert left.value.code == 2
    assert "expected the published statistics body_normalizer" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", [*arguments, "--force"])
    convert_dposer.main()
    assert "left behind: 2 of body_model_vis" in capsys.readouterr().out
    assert read_header(tmp_path / "body.safetensors").about.hands == "mixed"


# ── by name ──


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder of models with the authors' checkpoints and statistics, as they lie on the hub and in the repository."""
    for (part, model), name in checkpoints.items():
        path = tmp_path / "dposer-x" / name
        path.parent.mkdir(parents=True)
        lightning(lively(part, model), path, {})
    for one in {one for part in ("face", "face-shape", "wholebody") for one in dposer_normalisers.of_part[part]}:
        path = tmp_path / "dposer-x" / "data" / one.name / "axis_normalize2.pt"
        path.parent.mkdir(parents=True)
        statistics(path, torch.zeros(one.count), torch.ones(one.count))
    monkeypatch.setattr(dposer_normalisers, "_doubt", lambda *_: "")
    return tmp_path


def test_the_authors_priors_are_converted_once(models):
    heard = []
    found = open_priors("dposer-x", models, lambda share, _: heard.append(share))
    assert heard == [0, 0.2, 0.4, 0.6, 0.8]
    assert found.prior("wholebody", "mixed").about.hands == "mixed"
    assert found.has("wholebody")
    wanted = Prior("hand", "base", Diffusion(moved(lively("hand"))), found.prior("hand").normaliser, About(""))
    assert torch.equal(answer(found.prior("hand")), answer(wanted))
    open_priors("dposer-x", models, lambda *_: pytest.fail("converted again"))


def test_the_authors_priors_need_their_statistics(models):
    (models / "dposer-x" / "data" / "jaw_normalizer" / "axis_normalize2.pt").unlink()
    with pytest.raises(
        ValueError, match=r"expected jaw_normalizer with axis_normalize2\.pt, from `data` of the authors"
    ):
        open_priors("dposer-x", models)


def test_priors_by_name_are_priors(folder):
    assert open_priors(folder).has("body")
    with pytest.raises(ValueError, match=r"expected a model that is a pose prior, .* got 'quick'"):
        open_priors("quick")
    with pytest.raises(ValueError, match="expected a folder of models with dposer-x in it"):
        open_priors("dposer-x")
