"""ViTPose on tiny random networks, from files as they are published, against transformers' own pipeline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import vitpose
from engine.box import Box
from engine.loading import usual_threads
from engine.skeleton import ap10k17, coco17, crowdpose14, wholebody133
from engine.studio import Studio
from engine.vitpose import ViTPoseEstimator, cut, decode, load, window
from engine.vitpose_checkpoint import tasks

root = Path(__file__).parent.parent
size = 48, 64  # of the tiny crops; their heatmaps are 12 × 16
coco_labels = [
    "Nose", "L_Eye", "R_Eye", "L_Ear", "R_Ear", "L_Shoulder", "R_Shoulder", "L_Elbow", "R_Elbow", "L_Wrist", "R_Wrist",
    "L_Hip", "R_Hip", "L_Knee", "R_Knee", "L_Ankle", "R_Ankle",
]  # fmt: skip
# As AP-10K's own files name and order them.
ap10k_labels = [
    "L_Eye", "R_Eye", "Nose", "Neck", "Root of tail", "L_Shoulder", "L_Elbow", "L_F_Paw", "R_Shoulder", "R_Elbow",
    "R_F_Paw", "L_Hip", "L_Knee", "L_B_Paw", "R_Hip", "R_Knee", "R_B_Paw",
]  # fmt: skip
labels = {coco17: coco_labels, ap10k17: ap10k_labels, wholebody133: None}


def picture(width: int = 160, height: int = 120) -> np.ndarray:
    """A smooth picture of many colours (height, width, 3)."""
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 9 + k) * np.cos(y / (7 + 3 * k)) for k in range(3)], -1)
    return (127 + 120 * waves).astype(np.uint8)


# Numbers that float32 holds, since the published code rounds to it, and whose crops lie on no half pixel, where its
# rounding is left to chance. One box lies across the picture's corner.
odd = 3 / 64
boxes = [Box(40 + odd, 24 - odd, 88, 104), Box(60, 32 + odd, 124 - odd, 64), Box(-12 + odd, -8 + odd, 36, 56)]


def network(skeleton=coco17, experts=1, classic=False, names: list[str] | None = None):
    """A ViTPose of 2 blocks with random weights, large enough that its heatmaps have peaks."""
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

    backbone = VitPoseBackboneConfig(
        image_size=[64, 48], patch_size=[16, 16], hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_experts=experts, part_features=8, out_indices=[2],
    )  # fmt: skip
    config = VitPoseConfig(backbone_config=backbone, use_simple_decoder=not classic, num_labels=len(skeleton))
    if names := names or labels[skeleton]:
        config.id2label = dict(enumerate(names))
    model = VitPoseForPoseEstimation(config).eval()
    torch.manual_seed(3)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim > 1:
                value.normal_(0, 0.1 if name.startswith("head") else 0.3)
    return model


def folder_of(path: Path, model) -> Path:
    from transformers import VitPoseImageProcessorPil

    model.save_pretrained(path)
    VitPoseImageProcessorPil(size={"width": size[0], "height": size[1]}).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return folder_of(tmp_path_factory.mktemp("vitpose"), network())


def changed(folder: Path, to: Path, change) -> Path:
    """A copy of a folder after `change` (of its tensors, config and preprocessor's values)."""
    tensors = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    preparation = json.loads((folder / "preprocessor_config.json").read_text())
    change(tensors, config, preparation)
    save_file(tensors, to / "model.safetensors")
    (to / "config.json").write_text(json.dumps(config))
    (to / "preprocessor_config.json").write_text(json.dumps(preparation))
    return to


def array(people) -> np.ndarray:
    return np.stack([np.column_stack([each.points, each.scores]) for each in people])


# ── equal to what is published ──


def published(folder: Path, flip: bool, index: int | None = None) -> np.ndarray:
    """(N, J, 3) x, y, score of the boxes by transformers' own processor, model and post-processing."""
    pytest.importorskip("scipy", reason="transformers' ViTPose processor needs scipy")
    from transformers import VitPoseForPoseEstimation, VitPoseImageProcessorPil

    processor = VitPoseImageProcessorPil.from_pretrained(folder)
    model = VitPoseForPoseEstimation.from_pretrained(folder).eval()
    # The stated difference: its boxes count from the centre of the first pixel, x, y, width, height.
    theirs = [[[box.x0 - 0.5, box.y0 - 0.5, box.width, box.height] for box in boxes]]
    pixels = processor(picture(), boxes=theirs, return_tensors="pt").pixel_values
    expert = {} if index is None else {"dataset_index": torch.full((len(boxes),), index)}
    with torch.no_grad():
        outputs = model(pixels, **expert)
        if flip:
            skeleton = {17: coco17, 133: wholebody133}[outputs.heatmaps.shape[1]]
            pairs = torch.tensor([(skeleton.index(a), skeleton.index(b)) for a, b in skeleton.mirror])
            mirrored = model(pixels.flip(-1), flip_pairs=pairs, **expert).heatmaps
            outputs.heatmaps = (outputs.heatmaps + mirrored) / 2
    found = processor.post_process_pose_estimation(outputs, boxes=theirs)[0]
    return np.stack([torch.cat([each["keypoints"], each["scores"][:, None]], -1).numpy() for each in found])


def assert_as_published(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Equal within 1e-3 px but for joints without a peak and the few whose published step leaps over a flat map."""
    peaked = theirs[..., 2] > 0
    assert peaked.mean() > 0.8
    off = np.abs(ours[..., :2] - theirs[..., :2]).max(-1)[peaked]
    # A leap is of 4 px of the 12 × 16 map at least, where a crop is 40 px of the photo at least.
    leapt = off > 4 * 40 / 16
    assert off[~leapt].max() < 1e-3
    assert leapt.mean() < 0.05
    assert ours[..., 2] == pytest.approx(np.clip(theirs[..., 2], 0, 1), abs=1e-5)


@pytest.mark.parametrize("flip", [False, True])
def test_points_are_those_of_the_published_pipeline(tiny, flip):
    ours = array(load(tiny, coco17).points(picture(), boxes, flip))
    assert_as_published(ours, published(tiny, flip))


@pytest.mark.parametrize(("skeleton", "index"), [(coco17, 0), (wholebody133, 5)])
def test_one_expert_alone_is_the_mixture_with_that_expert(tmp_path, skeleton, index):
    folder = folder_of(tmp_path, network(skeleton, experts=6, classic=True))
    assert tasks[skeleton.name].expert == index
    ours = array(load(folder, skeleton).points(picture(), boxes))
    assert_as_published(ours, published(folder, True, index))
    other = array(load(folder, skeleton, dataset_index=1).points(picture(), boxes))
    assert np.abs(other - ours).max() > 0.1


def test_the_crop_is_bilinear_and_black_beside_the_photo():
    y, x = np.mgrid[:80, :120]
    ramp = np.stack([x, y, np.full_like(x, 200)], -1).astype(np.uint8)
    view = window(Box(-10, 20, 30, 70), size)
    assert view.width / view.height == pytest.approx(size[0] / size[1])
    assert (view.x0 + view.x1) / 2 == pytest.approx(9.5)  # box centre 10 from the corner
    crop = cut(ramp, view, size)
    u, v = np.linspace(view.x0, view.x1, size[0]), np.linspace(view.y0, view.y1, size[1])
    inside = (u >= 0)[None] & (v >= 0)[:, None]
    assert (crop[~inside] == 0).all()
    assert np.abs(crop[..., 0] - u[None])[inside].max() <= 0.5 + 1e-5
    assert np.abs(crop[..., 1] - v[:, None])[inside].max() <= 0.5 + 1e-5


def test_decoding_finds_the_centre_of_a_gaussian():
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="ij")
    maps = torch.stack([torch.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 8) for cx, cy in ((20.3, 30.7), (9.5, 50.25))])
    places, peaks = decode(maps[None])
    expected = torch.tensor([(20.3 / 47, 30.7 / 63), (9.5 / 47, 50.25 / 63)], dtype=torch.float64)
    assert (places[0] - expected).abs().max() < 1e-3
    assert (peaks > 0.9).all()


def test_a_map_without_a_peak_gives_its_highest_pixel_and_no_score(tiny):
    maps = torch.full((1, 2, 16, 12), -0.5)
    maps[0, 0, 4, 3] = -0.1
    places, peaks = decode(maps)
    assert places[0, 0].tolist() == pytest.approx([3 / 11, 4 / 15])
    assert (peaks < 0).all()
    estimator = load(tiny, coco17)
    with torch.no_grad():
        estimator._network.head.conv.weight.zero_()
        estimator._network.head.conv.bias.fill_(-1)
    (person,) = estimator.points(picture(), boxes[:1])
    assert (person.scores == 0).all()


def test_the_refining_step_does_not_leap():
    maps = torch.rand((4, 50, 16, 12), generator=torch.Generator().manual_seed(0)) * 0.01
    places, _ = decode(maps)
    best = maps.flatten(2).argmax(-1)
    highest = torch.stack([best % 12 / 11, best // 12 / 15], -1)
    assert ((places - highest) * torch.tensor((11, 15))).norm(dim=-1).max() <= vitpose.farthest + 1e-6


# ── what an estimator must keep ──


class Beacon(torch.nn.Module):
    """A network that points every joint at the bright spot of the crop, by maps of the published form."""

    def __init__(self) -> None:
        super().__init__()
        self.level = torch.nn.Parameter(torch.zeros(()))

    def forward(self, crops: torch.Tensor) -> SimpleNamespace:
        light = (crops[:, 1] * 0.224 + 0.456).clamp(min=0).double()
        share = light / light.sum((1, 2), keepdim=True)
        height, width = light.shape[1:]
        # First to first and last to last pixel centre, as the maps are trained (UDP).
        cx = (share.sum(1) * torch.arange(width)).sum(1) / (width - 1) * (width // 4 - 1)
        cy = (share.sum(2) * torch.arange(height)).sum(1) / (height - 1) * (height // 4 - 1)
        y, x = torch.meshgrid(torch.arange(height // 4), torch.arange(width // 4), indexing="ij")
        maps = torch.exp(-((x - cx[:, None, None]) ** 2 + (y - cy[:, None, None]) ** 2) / 8)
        return SimpleNamespace(heatmaps=maps[:, None].expand(-1, 17, -1, -1))


spot_x, spot_y = 71.3, 58.6


def spot() -> np.ndarray:
    y, x = np.mgrid[:140, :160]
    light = 255 * np.exp(-((x - spot_x) ** 2 + (y - spot_y) ** 2) / 32)
    return np.repeat(light.round().astype(np.uint8)[..., None], 3, -1)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("box", [Box(40, 20, 100, 100), Box(50.4, 33.3, 95.2, 88.1), Box(20, 40, 130, 80)])
def test_points_count_from_the_centre_of_the_photo_s_first_pixel(box, flip):
    estimator = ViTPoseEstimator(Beacon(), coco17, (192, 256), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    (person,) = estimator.points(spot(), [box], flip)
    assert np.abs(person.points - (spot_x, spot_y)).max() < 0.03
    assert (person.scores > 0.9).all()


@pytest.mark.parametrize("flip", [False, True])
def test_a_mirrored_picture_has_the_mirrored_figure(flip):
    estimator = ViTPoseEstimator(Beacon(), coco17, (192, 256), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    photo, box = spot(), Box(50.4, 33.3, 95.2, 88.1)
    width = photo.shape[1]
    (straight,) = estimator.points(photo, [box], flip)
    (other,) = estimator.points(photo[:, ::-1], [Box(width - box.x1, box.y0, width - box.x0, box.y1)], flip)
    assert other.mirrored(width).points == pytest.approx(straight.points, abs=1e-3)
    assert other.mirrored(width).scores == pytest.approx(straight.scores, abs=1e-5)


def test_the_flip_test_gives_a_mirrored_crop_the_mirrored_heatmaps(tiny):
    """Of a network that mirrors nothing by itself; decoding follows the published slope, which knows one diagonal."""
    estimator = load(tiny, coco17)
    crop = torch.from_numpy(cut(picture(), window(boxes[0], size), size)).permute(2, 0, 1)[None] / 255
    mirrored = torch.from_numpy(
        cut(picture()[:, ::-1], window(Box(160 - boxes[0].x1, boxes[0].y0, 160 - boxes[0].x0, boxes[0].y1), size), size)
    ).permute(2, 0, 1)[None] / 255  # fmt: skip
    assert (mirrored.flip(-1) == crop).all()
    swap = torch.as_tensor(coco17.swap.copy())
    for flip, equal in ((True, True), (False, False)):
        straight, other = estimator._heatmaps(crop, flip), estimator._heatmaps(mirrored, flip).flip(-1)[:, swap]
        assert bool((straight - other).abs().max() < 1e-4) == equal


def test_many_figures_are_as_each_alone_and_come_in_order(tiny):
    estimator = load(tiny, coco17)
    many = [Box(10 + 7 * i, 8 + 3 * i, 60 + 7 * i, 88 + 3 * i) for i in range(ViTPoseEstimator.at_once + 2)]
    at_once = array(estimator.points(picture(), many))
    alone = np.concatenate([array(estimator.points(picture(), [box])) for box in many])
    assert at_once == pytest.approx(alone, abs=1e-3)
    heard: list[float] = []
    assert (array(estimator.points(picture(), many, watch=heard.append)) == at_once).all()
    assert heard == pytest.approx([0, ViTPoseEstimator.at_once / len(many)])
    assert estimator.points(picture(), []) == []


def test_animals_are_pointed_at_by_their_own_joints(tmp_path):
    folder = folder_of(tmp_path, network(ap10k17, experts=6))
    (person, *_) = load(folder, ap10k17).points(picture(), boxes)
    assert person.skeleton == ap10k17
    assert [vitpose.vitpose_checkpoint._joint(label) for label in ap10k_labels] == list(ap10k17.joints)


@pytest.mark.parametrize("box", [Box(5, 5, 5, 20), Box(0, 0, float("nan"), 4)])
def test_a_box_without_an_inside_is_refused(tiny, box):
    with pytest.raises(ValueError, match="expected a box with an inside"):
        load(tiny, coco17).points(picture(), [box])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_near(tiny, dtype):
    crops = torch.rand((2, 3, 64, 48), generator=torch.Generator().manual_seed(0))
    whole = load(tiny, coco17)._heatmaps(crops, True)
    half = load(tiny, coco17, dtype=dtype)._heatmaps(crops, True)
    assert half.dtype == torch.float32
    assert (half - whole).norm() < 0.1 * whole.norm()
    assert len(load(tiny, coco17, dtype=dtype).points(picture(), boxes)) == len(boxes)


# ── strict ──


def test_a_loaded_folder_has_the_saved_tensors(tmp_path):
    model = network(classic=True)
    estimator = load(folder_of(tmp_path, model), coco17)
    wanted, found = model.state_dict(), estimator._network.state_dict()
    assert wanted.keys() == found.keys()
    assert all((wanted[name] == found[name]).all() for name in wanted)
    assert not estimator._network.training


conv = "head.conv.weight"
query = "backbone.encoder.layer.1.attention.attention.query.weight"


def _without(name):
    return lambda tensors, config, preparation: tensors.pop(name)


def _narrow(tensors, config, preparation):
    tensors[query] = tensors[query][:, :16].clone()


def _extra(tensors, config, preparation):
    tensors["head.other.weight"] = torch.zeros(2)


def _of_another_kind(tensors, config, preparation):
    config["model_type"] = "vit"


def _named_otherwise(tensors, config, preparation):
    config["id2label"] = {str(i): label for i, label in enumerate(ap10k_labels)}


def _unnamed(tensors, config, preparation):
    del config["id2label"]


def _prepared_otherwise(tensors, config, preparation):
    preparation["do_normalize"] = False


def _of_another_size(tensors, config, preparation):
    preparation["size"] = {"height": 256, "width": 192}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without(query), f"none named {query}"),
        (_without(conv), "expected a head's tensor head.conv.weight"),
        (_narrow, rf"{query} \(32, 16\) where \(32, 32\) belongs"),
        (_extra, "others named head.other.weight"),
        (_of_another_kind, "expected a model of type vitpose in .*, got one of type 'vit'"),
        (_named_otherwise, "expected a head for the joints of coco17 .*, got left_eye for nose"),
        (_unnamed, "to name the joints of coco17"),
        (_prepared_otherwise, "'do_normalize': False"),
        (_of_another_size, r"expected crops of \(48, 64\) px"),
    ],
)
def test_a_wrong_folder_is_refused_by_name(tiny, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        load(changed(tiny, tmp_path, change), coco17)


@pytest.mark.parametrize("name", ["model.safetensors", "preprocessor_config.json"])
def test_an_incomplete_folder_is_refused_by_the_file(tmp_path, name):
    (folder_of(tmp_path, network()) / name).unlink()
    with pytest.raises(ValueError, match=f"expected the file .*{name}, got none"):
        load(tmp_path, coco17)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected config\.json, or one \.pth file"):
        load(tmp_path, coco17)


def test_a_human_head_is_refused_for_animals_and_whole_bodies(tmp_path):
    """As on the hub: ViTPose++ with six experts and COCO's head alone, which has as many channels as AP-10K's."""
    folder = folder_of(tmp_path, network(experts=6))
    load(folder, coco17)
    with pytest.raises(ValueError, match=r"expected a head for the joints of ap10k17 .*, got nose for left_eye"):
        load(folder, ap10k17)
    with pytest.raises(ValueError, match=r"expected a head of 133 channels for wholebody133 .*, got 17"):
        load(folder, wholebody133)
    with pytest.raises(ValueError, match="expected one of the skeletons"):
        load(folder, crowdpose14)


def test_an_expert_that_is_not_there_is_refused(tiny, tmp_path):
    with pytest.raises(ValueError, match="got a single task"):
        load(tiny, coco17, dataset_index=3)
    with pytest.raises(ValueError, match=r"expected an expert of 0 … 5 .*, got 6"):
        load(folder_of(tmp_path, network(experts=6)), coco17, dataset_index=6)


# ── the authors' file ──


def original_of(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A transformers state dict in the authors' names, written out here apart from the reader's table."""
    names = (
        ("backbone.embeddings.patch_embeddings.projection", "backbone.patch_embed.proj"),
        ("backbone.embeddings.position_embeddings", "backbone.pos_embed"),
        ("backbone.encoder.layer", "backbone.blocks"),
        ("backbone.layernorm", "backbone.last_norm"),
        ("attention.output.dense", "attn.proj"),
        ("layernorm_before", "norm1"),
        ("layernorm_after", "norm2"),
        ("head.deconv1", "keypoint_head.deconv_layers.0"),
        ("head.batchnorm1", "keypoint_head.deconv_layers.1"),
        ("head.deconv2", "keypoint_head.deconv_layers.3"),
        ("head.batchnorm2", "keypoint_head.deconv_layers.4"),
        ("head.conv", "keypoint_head.final_layer"),
    )
    original = {}
    for name, value in tensors.items():
        if ".attention.attention." in name and ".query." not in name:
            continue
        if ".query." in name:
            value = torch.cat([tensors[name.replace("query", part)] for part in ("query", "key", "value")])
            name = name.replace("attention.attention.query", "attn.qkv")
        for theirs, authors in names:
            name = name.replace(theirs, authors)
        original[name] = value
    return original


@pytest.fixture(scope="module")
def authors(tmp_path_factory):
    """A many-task file of the published shape (width 384, 1 block), and the network of each task in transformers."""
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

    networks, original = {}, {}
    for skeleton in (coco17, ap10k17, wholebody133):
        backbone = VitPoseBackboneConfig(
            hidden_size=384, num_hidden_layers=1, num_experts=6, part_features=96, out_indices=[1], layer_norm_eps=1e-6
        )
        config = VitPoseConfig(backbone_config=backbone, use_simple_decoder=False, num_labels=len(skeleton))
        torch.manual_seed(len(networks))
        model = VitPoseForPoseEstimation(config).eval()
        if networks:
            model.backbone.load_state_dict(networks[coco17].backbone.state_dict())
        networks[skeleton] = model
        for name, value in original_of(model.state_dict()).items():
            original[name.replace("keypoint_head", tasks[skeleton.name].head)] = value
    path = tmp_path_factory.mktemp("authors") / "vitpose+_base.pth"
    torch.save({"meta": {"epoch": 210}, "state_dict": original}, path)
    return path, networks


@pytest.mark.parametrize(("skeleton", "expert"), [(coco17, 0), (ap10k17, 3), (wholebody133, 5)])
def test_the_authors_file_gives_each_task_its_expert_and_head(authors, skeleton, expert):
    path, networks = authors
    crops = torch.rand((2, 3, 256, 192), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = networks[skeleton](crops, dataset_index=torch.full((2,), expert)).heatmaps
    for where in (path, path.parent):
        found = load(where, skeleton)._heatmaps(crops, False)
        assert found.shape == (2, len(skeleton), 64, 48)
        assert (found - wanted).abs().max() < 1e-5 * wanted.abs().max()


@pytest.mark.parametrize(
    ("skeleton", "name"),
    [(coco17, "vitpose-b-coco.pth"), (ap10k17, "vitpose-b-ap10k.pth"), (wholebody133, "vitpose-b-wholebody.pth")],
)
@pytest.mark.parametrize("clean", [True, False])
def test_a_file_cut_for_one_data_set_gives_its_task(authors, tmp_path, skeleton, name, clean):
    """As the authors' script cuts them: the expert joined to the shared part, the head in COCO's place."""
    path, networks = authors
    whole, task = torch.load(path, weights_only=True)["state_dict"], tasks[skeleton.name]
    cut_out = {key: value for key, value in whole.items() if key.startswith("backbone.") and ".experts." not in key}
    for kind in ("weight", "bias"):
        shared = f"backbone.blocks.0.mlp.fc2.{kind}"
        expert = whole[f"backbone.blocks.0.mlp.experts.{task.expert}.{kind}"]
        cut_out[shared] = torch.cat([whole[shared], expert])
        if not clean:
            cut_out[f"backbone.blocks.0.mlp.experts.{task.expert}.{kind}"] = expert
    for key, value in whole.items():
        if key.startswith(f"{task.head}."):
            cut_out[key.replace(task.head, "keypoint_head")] = value
    torch.save({"state_dict": cut_out} if clean else cut_out, tmp_path / name)
    crops = torch.rand((2, 3, 256, 192), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = networks[skeleton](crops, dataset_index=torch.full((2,), task.expert)).heatmaps
    found = load(tmp_path / name, skeleton)._heatmaps(crops, False)
    assert (found - wanted).abs().max() < 1e-5 * wanted.abs().max()
    other = coco17 if skeleton == ap10k17 else ap10k17
    with pytest.raises(ValueError, match=rf"ap10k or animals in its name for {other.name}, got .*{name}"):
        load(tmp_path / name, other)


def test_a_wrong_file_of_the_authors_is_refused_by_name(authors, tmp_path):
    whole = torch.load(authors[0], weights_only=True)
    wrong = tmp_path / "vitpose.pth"

    def refused(name: str, message: str) -> None:
        rest = {key: value for key, value in whole["state_dict"].items() if key != name}
        torch.save({"state_dict": rest}, wrong)
        with pytest.raises(ValueError, match=message):
            load(wrong, ap10k17)

    refused("backbone.blocks.0.mlp.experts.3.bias", "none named backbone.encoder.layer.0.mlp.experts.3.bias")
    refused("associate_keypoint_heads.2.final_layer.weight", "associate_keypoint_heads.2.final_layer.weight")
    refused("associate_keypoint_heads.2.deconv_layers.4.weight", "none named head.batchnorm2.weight")
    refused("backbone.last_norm.bias", "none named backbone.layernorm.bias")
    wrong.write_bytes(b"not a torch file")
    with pytest.raises(ValueError, match=r"expected a torch file of tensors, got vitpose\.pth"):
        load(wrong, ap10k17)


# ── quick to start ──


@pytest.mark.parametrize(
    ("said", "threads"), [("3", 3), ("4,2", 4), (" 1", 1), ("", 2), ("0", 2), ("many", 2), (None, 2)]
)
def test_networks_take_two_threads_or_as_many_as_the_variable_says(monkeypatch, said, threads):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    if said is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert usual_threads() == threads
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert usual_threads() == (threads if threads != 2 else 1)


def test_the_studio_keeps_it_to_its_threads(tiny, tmp_path):
    shutil.copytree(tiny, tmp_path / "mine")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        Studio(tmp_path, threads=1).estimator("mine")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_importing_the_modules_leaves_transformers_alone():
    code = (
        "import sys, engine.vitpose, engine.vitpose_checkpoint, engine.rtdetr; sys.exit('transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
