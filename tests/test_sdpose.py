"""SDPose's pipeline: its batches and promises, and how the studio uses it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny_sdpose import boxes, lively, photo, saved

from engine import forecast
from engine.estimate import Options
from engine.heatmap import crop_of
from engine.networks.sdpose import build, sizes
from engine.progress import Cancelled
from engine.sdpose import SDPosePipeline
from engine.studio import Studio


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny folders in the hub's layout, by their keypoints."""
    root = tmp_path_factory.mktemp("sdpose")
    return {17: saved(root / "sdpose-body", 17), 133: saved(root / "sdpose-wholebody", 133)}


@pytest.fixture(scope="module")
def pipeline(folders):
    return SDPosePipeline.from_pretrained(folders[133]).for_inference()


def test_people_and_pictures_in_batches_are_as_one_by_one(pipeline):
    other = np.ascontiguousarray(photo[:200, ::-1])
    together = pipeline([photo, other], [boxes, boxes[:1]], batch_size=3, output_heatmaps=True)
    assert [len(points) for points in together.keypoints] == [2, 1]
    for i, (picture, here) in enumerate(((photo, boxes), (other, boxes[:1]))):
        for k, box in enumerate(here):
            alone = pipeline(picture, [[box]], output_heatmaps=True)
            assert torch.allclose(together.heatmaps[i][k], alone.heatmaps[0][0], atol=1e-5)


def test_a_picture_without_people_has_none(pipeline):
    found = pipeline([photo, photo], [[], boxes[:1]])
    assert [points.shape for points in found.keypoints] == [(0, 133, 2), (1, 133, 2)]
    assert [scores.shape for scores in found.scores] == [(0, 133), (1, 133)]


def test_no_pictures_give_no_entries(pipeline):
    found = pipeline([], output_heatmaps=True)
    assert (found.keypoints, found.scores, found.heatmaps) == ([], [], [])
    (maps,) = pipeline(photo, [[]], output_heatmaps=True).heatmaps
    assert maps.shape == (0, 133, 48, 32)


@pytest.mark.parametrize("count", [0, -1])
def test_a_batch_of_nobody_is_refused(pipeline, count):
    with pytest.raises(ValueError, match=f"expected a batch of 1 or more figures, got {count}"):
        pipeline(photo, [boxes], batch_size=count)


def test_one_threads_stop_is_not_anothers(pipeline):
    inside, waiting, go_on = threading.Event(), threading.Event(), threading.Event()

    def stop(done: float) -> None:
        if done > 0.3:
            inside.set()
            go_on.wait(60)
            raise Cancelled

    with ThreadPoolExecutor(2) as pool:
        stopped = pool.submit(pipeline, photo, [boxes], watch=stop)
        assert inside.wait(60)
        other = pool.submit(pipeline, photo, [boxes], watch=lambda _done: waiting.set())
        assert waiting.wait(60)
        go_on.set()
        with pytest.raises(Cancelled):
            stopped.result()
        assert np.allclose(other.result().scores[0], pipeline(photo, [boxes]).scores[0], atol=1e-5)


def test_too_little_memory_is_said_so(folders, monkeypatch):
    small = SDPosePipeline.from_pretrained(folders[133])

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(small.net, "encode", full)
    with pytest.raises(MemoryError, match="expected memory for 2 pictures at once"):
        small(photo, [boxes[:1]])


def test_equal_inputs_give_equal_outputs(pipeline):
    first, second = pipeline(photo, [boxes]), pipeline(photo, [boxes])
    assert (first.keypoints[0] == second.keypoints[0]).all()


def test_a_seeded_sample_is_another_answer_and_repeats(pipeline):
    def maps(generator):
        return pipeline(photo, [boxes], generator=generator, output_heatmaps=True).heatmaps[0]

    first, again, other = (maps(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, maps(None))


def test_the_flip_test_of_a_mirrored_crop_is_the_mirrored_answer(pipeline):
    crop = np.random.default_rng(1).integers(0, 255, (192, 128, 3), dtype=np.uint8)
    straight, mirrored = pipeline.heatmaps([crop]), pipeline.heatmaps([np.ascontiguousarray(crop[:, ::-1])])
    swapped = mirrored.flip(-1)[:, torch.as_tensor(np.array(pipeline.skeleton.swap))]
    assert torch.allclose(straight, swapped, atol=1e-5)
    assert not torch.allclose(straight, pipeline.heatmaps([crop], flip_test=False), atol=1e-3)


def test_the_protocols_differ(pipeline):
    points = [pipeline(photo, [boxes], protocol).keypoints[0] for protocol in ("evaluation", "demo")]
    assert not np.allclose(*points)


def test_progress_rises_and_a_watcher_may_stop_it(pipeline):
    heard: list[float] = []
    pipeline(photo, [boxes], batch_size=1, watch=heard.append)
    assert len(heard) > 20
    assert all(a <= b for a, b in pairwise(heard))
    assert heard[0] == 0
    assert heard[-1] < 1

    def stop(done: float) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        pipeline(photo, [boxes], watch=stop)
    assert not any(part._forward_pre_hooks for part in pipeline.net.modules()), "a stopped run leaves nothing behind"


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_wrong_pictures_are_refused(pipeline, wrong):
    with pytest.raises(ValueError, match=r"expected pictures \(H, W, 3\) uint8 RGB"):
        pipeline(wrong)


def test_boxes_for_other_pictures_are_refused(pipeline):
    with pytest.raises(ValueError, match="expected boxes for 1 pictures, got them for 2"):
        pipeline(photo, [boxes, boxes])


# ── in the studio ──


def test_the_studio_estimates_with_a_users_folder(folders):
    studio = Studio(folders[133].parent)
    known = {model.name: model for model in studio.models()}
    assert known["sdpose-wholebody"].present
    assert known["sdpose-body"].present
    found = studio.estimate(photo, "sdpose-wholebody", boxes, options=Options(precision="fp32"))
    assert [person.skeleton.name for person in found.pose.people] == ["wholebody133"] * 2
    direct = SDPosePipeline.from_pretrained(folders[133]).for_inference()(photo, [boxes], batch_size=1)
    crop = crop_of(boxes[0], "evaluation", sizes["tiny"].input_size)
    inside = (np.abs(direct.keypoints[0][0] - crop.center) <= np.array(crop.scale) / 2).all(1)
    assert inside.mean() > 0.9  # what leaps off the crop is put at its edge
    assert np.allclose(found.pose.people[0].points[inside], direct.keypoints[0][0][inside], atol=1e-3)
    assert np.allclose(found.pose.people[0].scores[inside], direct.scores[0][0][inside].clip(0, 1), atol=1e-4)
    assert {person.skeleton.name for person in studio.estimate(photo, "sdpose-body", boxes).pose.people} == {"coco17"}


def test_low_joints_are_marked_and_none_is_dropped(folders):
    found = Studio(folders[133].parent).estimate(photo, "sdpose-wholebody", boxes, options=Options(precision="fp32"))
    thresholds = {"visible": (0.3, 9), "hidden": (0.1, 0.3), "missing": (-1, 0.1)}
    for person in found.pose.people:
        assert len(person.points) == 133
        for score, state in zip(person.scores, person.states, strict=True):
            low, high = thresholds[state]
            assert low <= score < high


def test_parts_left_out_are_missing(folders):
    options = Options(precision="fp32", parts=("body", "face"))
    (person,) = Studio(folders[133].parent).estimate(photo, "sdpose-wholebody", boxes[:1], options=options).pose.people
    states = dict(zip(person.skeleton.joints, person.states, strict=True))
    assert {state for joint, state in states.items() if "hand_" in joint or "toe" in joint or "heel" in joint} == {
        "missing"
    }
    assert {states[joint] for joint in person.skeleton.group("face")} != {"missing"}


def test_a_cancelled_estimate_ends_within_the_network(folders):
    studio = Studio(folders[133].parent)
    heard: list[float] = []
    with pytest.raises(Cancelled):
        studio.estimate(
            photo, "sdpose-wholebody", boxes, progress=lambda share, _: heard.append(share),
            cancelled=lambda: len(heard) > 6,
        )  # fmt: skip
    assert heard[-1] < 0.6, "it did not wait for the first figure's end"


def test_the_forecast_is_told_before_and_measured_after(folders):
    studio = Studio(folders[133].parent)
    before = studio.forecast("sdpose-wholebody", figures=2)
    assert before.seconds > 0
    assert before.gigabytes > 0
    assert not before.measured
    studio.estimate(photo, "sdpose-wholebody", boxes)
    assert studio.forecast("sdpose-wholebody").measured


@pytest.mark.parametrize("keypoints", [17, 133])
def test_the_official_work_is_what_the_network_does(keypoints):
    with torch.device("meta"):
        net = build("official", keypoints)
    counted, told = forecast.work_of(net, sizes["official"].input_size), forecast.official[keypoints]
    assert told.flops == pytest.approx(counted.flops, rel=1e-3)
    assert told.parameters == pytest.approx(counted.parameters, rel=1e-3)
    assert told.pixels == counted.pixels


def test_a_joint_that_leaps_off_the_crop_is_missing_at_its_edge(folders, tmp_path):
    """A flat heatmap makes the decode's last step leap thousands of pixels."""
    net = lively(133)
    torch.nn.init.constant_(net.head.final_layer.bias, 0.4)
    torch.nn.init.normal_(net.head.final_layer.weight, std=1e-4)
    SDPosePipeline(net, sizes["tiny"].input_size).save_pretrained(tmp_path / "flat")
    raw = SDPosePipeline.from_pretrained(tmp_path / "flat")(photo, [boxes[:1]]).keypoints[0]
    (person,) = Studio(tmp_path).estimate(photo, "flat", boxes[:1], options=Options(precision="fp32")).pose.people
    leapt = np.abs(raw[0] - np.array(boxes[0].center)).max(1) > 400
    assert leapt.any()
    assert {person.states[i] for i in np.flatnonzero(leapt)} == {"missing"}
    assert np.abs(person.points - np.array(boxes[0].center)).max() < 200


def test_a_forecast_of_the_official_size_needs_no_weights():
    expected = Studio().forecast("sdpose-wholebody", Options(precision="fp32"))
    assert 4 < expected.gigabytes < 10


@pytest.mark.parametrize(
    "wrong", [{"precision": "int8"}, {"protocol": "other"}, {"detector": "x"}, {"parts": ("tail",)}]
)
def test_unknown_options_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Options(**wrong)
