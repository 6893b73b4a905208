"""RT-DETR v2 on a tiny random network, from a folder as published, against transformers' own pipeline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine.box import Box
from engine.detect import distinct
from engine.estimate import estimate
from engine.estimator import Thresholds
from engine.pose import Person
from engine.rtdetr import RTDetr, animal_kinds, load, people_kinds
from engine.skeleton import coco17

# COCO's 80 in the published order, as far as they are asked for.
names = [f"thing {i}" for i in range(80)]
names[0] = "person"
names[14:24] = ["bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"]


def network():
    """An RT-DETR v2 of one layer each with random weights, whose scores and boxes differ from query to query."""
    from transformers import RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection

    backbone = RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic", out_indices=[2, 3, 4]
    )
    config = RTDetrV2Config(
        backbone_config=backbone, encoder_in_channels=[8, 16, 16], encoder_hidden_dim=32, encoder_ffn_dim=32,
        encoder_attention_heads=2, d_model=32, decoder_in_channels=[32, 32, 32], decoder_ffn_dim=32, decoder_layers=2,
        decoder_attention_heads=2, decoder_n_points=2, num_queries=40, num_denoising=0,
        id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)},
    )  # fmt: skip
    torch.manual_seed(0)
    model = RTDetrV2ForObjectDetection(config).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim > 1 and "backbone" not in name:
                value.normal_(0, 0.2)
        for head in model.model.decoder.class_embed:
            head.bias.zero_()
    return model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    from transformers import RTDetrImageProcessorPil

    folder = tmp_path_factory.mktemp("rtdetr")
    network().save_pretrained(folder)
    RTDetrImageProcessorPil(size={"width": 96, "height": 96}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def net(tiny):
    return load(tiny)._network


def detector(net, **options) -> RTDetr:
    return RTDetr(net, (96, 96), **options)


def picture(width: int = 150, height: int = 110) -> np.ndarray:
    return (
        np.random.default_rng(5).integers(0, 255, (height // 10, width // 10, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    )


def rows(found) -> np.ndarray:
    return np.array([[*each.box, each.score] for each in found]).reshape(-1, 5)


@pytest.mark.parametrize("threshold", [0.5, 0.7])
def test_people_are_those_of_the_published_pipeline(tiny, net, threshold):
    from transformers import RTDetrImageProcessorPil, RTDetrV2ForObjectDetection

    processor = RTDetrImageProcessorPil.from_pretrained(tiny)
    model = RTDetrV2ForObjectDetection.from_pretrained(tiny).eval()
    with torch.no_grad():
        outputs = model(**processor(picture(), return_tensors="pt"))
    # Its post-processing keeps the 40 surest of 40 × 80: here of people alone, as a person is asked for.
    outputs.logits = outputs.logits[..., :1]
    (found,) = processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=[(110, 150)])
    theirs = torch.cat([found["boxes"], found["scores"][:, None]], -1).numpy()
    theirs[:, :4] = theirs[:, :4].clip(0, (150, 110, 150, 110))
    ours = rows(detector(net, threshold=threshold, overlap=1.0).people(picture()))
    assert 3 < len(ours) < 40
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_findings_are_in_the_picture_and_the_surest_first(net):
    found = detector(net, threshold=0.1).people(picture())
    assert len(found) > 3
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    for each in found:
        assert each.box.area > 0
        assert each.box == each.box.clipped((150, 110))
        assert set(each.person.states) == {"missing"}
    assert detector(net, threshold=1.0).people(picture()) == []


def saying(monkeypatch, net, boxes) -> None:
    """Puts other boxes, shares of the sides (Q, 4) made of its own, into the network's mouth."""
    look = net.forward

    def forward(*args, **kwargs):
        found = look(*args, **kwargs)
        found.pred_boxes = boxes(found.pred_boxes)
        return found

    monkeypatch.setattr(net, "forward", forward)


def test_boxes_that_nearly_coincide_come_once(net, monkeypatch):
    columns = torch.arange(40) % 4 / 4 + 0.125 + torch.arange(40) // 4 * 0.002  # four places, ten times a hair apart
    boxes = torch.stack([columns, torch.full((40,), 0.5), torch.full((40,), 0.2), torch.full((40,), 0.8)], -1)
    saying(monkeypatch, net, lambda _: boxes[None])
    found = detector(net, threshold=0.0).people(picture())
    assert len(found) == 4
    assert found[0].score == pytest.approx(detector(net)._look(picture())[1].max())
    # The rule of the other detector, which knows points, leaves them as they are.
    assert [each.box for each in distinct(found)] == [each.box for each in found]


def test_boxes_span_the_picture_from_its_corner(net, monkeypatch):
    """A query that says the whole is the picture's own box."""
    saying(monkeypatch, net, torch.tensor([0.5, 0.5, 1.0, 1.0]).expand_as)
    (only,) = detector(net, threshold=0.0).people(picture())
    assert only.box == Box.of((150, 110))


def test_animals_are_found_by_their_best_kind(net):
    seen = Image.fromarray(picture()).resize((96, 96), Image.Resampling.BILINEAR)
    with torch.inference_mode():
        scores = net(torch.from_numpy(np.array(seen)).permute(2, 0, 1)[None] / 255).logits[0].sigmoid()
    animals = detector(net, kinds=animal_kinds, threshold=0.0)
    assert animals._look(picture())[1] == pytest.approx(scores[:, 15:24].max(-1).values.numpy(), abs=1e-6)
    same = detector(net, threshold=0.0).of(animal_kinds)
    assert (rows(same.people(picture())) == rows(animals.people(picture()))).all()
    assert same.of(people_kinds).kinds == ("person",)


def test_the_same_picture_gives_the_same_findings(tiny, net):
    first = rows(detector(net, threshold=0.2).people(picture()))
    assert (first == rows(detector(net, threshold=0.2).people(picture()))).all()
    assert (first == rows(load(tiny, threshold=0.2).people(picture()))).all()


class Stand:
    """A model that puts a figure into each box."""

    name, skeleton, at_once = "stand", coco17, 1
    thresholds = Thresholds(visible=0.3, hidden=0.1, doubtful=0.3, person=0.0)

    def points(self, photo, boxes, flip_test=True, watch=None):
        spread = np.column_stack([np.linspace(0, 1, 17), np.linspace(0, 1, 17) ** 2])
        return [
            Person(coco17, (box.x0 - 0.5, box.y0 - 0.5) + spread * (box.width, box.height), np.full(17, 0.9))
            for box in boxes
        ]


def test_the_stage_finds_people_with_it(net):
    found = detector(net, threshold=0.7).people(picture())
    pose = estimate(picture(), Stand(), detector(net, threshold=0.7))
    assert 1 <= len(pose.people) <= len(found)
    boxes = [each.box for each in found]
    for person in pose.people:
        assert max(person.box().iou(box) for box in boxes) > 0.99


@pytest.mark.parametrize("kinds", [(), ("person", "unicorn")])
def test_a_kind_it_does_not_know_is_refused(net, kinds):
    with pytest.raises(ValueError, match="expected kinds among those the detector knows, got"):
        detector(net, kinds=kinds)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_looks_too(tiny, dtype):
    boxes, scores = load(tiny, dtype=dtype)._look(picture())
    assert boxes.shape == (40, 4)
    assert scores.shape == (40,)
    assert np.isfinite(boxes).all()


# ── strict ──


def test_a_loaded_folder_has_the_saved_tensors(tiny, net):
    # The folder has the published names, which are older than the network's own.
    assert "model.decoder.layers.0.self_attn.out_proj.weight" in load_file(tiny / "model.safetensors")
    wanted, found = network().state_dict(), net.state_dict()
    assert wanted.keys() == found.keys()
    assert all((wanted[name] == found[name]).all() for name in wanted)


def changed(folder: Path, to: Path, change) -> Path:
    tensors = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    preparation = json.loads((folder / "preprocessor_config.json").read_text())
    change(tensors, config, preparation)
    save_file(tensors, to / "model.safetensors", {"format": "pt"})
    (to / "config.json").write_text(json.dumps(config))
    (to / "preprocessor_config.json").write_text(json.dumps(preparation))
    return to


weight = "model.enc_output.0.weight"


def _without(tensors, config, preparation):
    del tensors[weight]


def _narrow(tensors, config, preparation):
    tensors[weight] = tensors[weight][:, :4].clone()


def _extra(tensors, config, preparation):
    tensors["model.other.weight"] = torch.zeros(2)


def _counted(tensors, config, preparation):
    tensors["model.backbone.model.embedder.embedder.0.normalization.num_batches_tracked"] = torch.tensor(3)


def _of_another_kind(tensors, config, preparation):
    config["model_type"] = "rt_detr"


def _prepared_otherwise(tensors, config, preparation):
    preparation["do_normalize"] = True


def _by_its_edge(tensors, config, preparation):
    preparation["size"] = {"shortest_edge": 640}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without, f"none named {weight}"),
        (_narrow, rf"{weight} \(32, 4\) where \(32, 32\) belongs"),
        (_extra, r"others named model\.other\.weight"),
        (_of_another_kind, "expected a model of type rt_detr_v2 in .*, got one of type 'rt_detr'"),
        (_prepared_otherwise, "'do_normalize': True"),
        (_by_its_edge, "shortest_edge"),
    ],
)
def test_a_wrong_folder_is_refused_by_name(tiny, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        load(changed(tiny, tmp_path, change))


def test_counters_of_training_are_no_fault(tiny, tmp_path):
    assert load(changed(tiny, tmp_path, _counted)).kinds == people_kinds


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json"])
def test_an_incomplete_folder_is_refused_by_the_file(tiny, tmp_path, name):
    (changed(tiny, tmp_path, lambda *_: None) / name).unlink()
    with pytest.raises(ValueError, match=f"expected the file .*{name}, got none"):
        load(tmp_path)


def test_a_damaged_file_is_refused(tiny, tmp_path):
    whole = (changed(tiny, tmp_path, lambda *_: None) / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="expected a whole RT-DETR v2"):
        load(tmp_path)
