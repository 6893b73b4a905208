"""From picture to pose: the geometry exactly, the rules of the stage on a stand-in model, the rest on real pictures."""

import json
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine import paper, weights
from engine.box import Box
from engine.detect import Detection, distinct
from engine.estimate import Cancelled, Options, estimate
from engine.evaluate import Figures, evaluate, read_examples
from engine.measure import oks
from engine.movenet import MoveNet, _crop
from engine.photo import read_photo
from engine.pose import Person
from engine.skeleton import coco17
from engine.studio import Studio, measured_accuracy, nobody, record_accuracy
from engine.weights import MissingWeights

root = Path(__file__).parent.parent
shared = root.parent / "shared" / "eval"
needs_shared = [
    pytest.mark.shared,
    pytest.mark.skipif(not shared.is_dir(), reason="the evaluation files are not beside the project"),
]


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio()


def photo(path: Path) -> np.ndarray:
    return read_photo(path.read_bytes(), path.name).image


# ── the crop ──


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("view", [Box(100, 50, 820, 650), Box(200.3, 100.7, 500.1, 600.2), Box(860, -30, 940, 60)])
def test_crop_pixels_lie_where_the_affine_says(view, quarters):
    y, x = np.mgrid[:700, :900].astype(np.float32)
    ramp = np.stack([x, y, np.ones_like(x)], -1)  # a picture whose colour is its place
    crop, to_photo = _crop(ramp, view, quarters)
    inside = crop[..., 2] > 0.999
    inside[:3], inside[-3:], inside[:, :3], inside[:, -3:] = False, False, False, False
    # Shrinking by area rounds the last cell: stay two cells clear of the view's edges.
    v, u = np.nonzero(inside)
    place = np.column_stack([u, v]) @ to_photo[:, :2].T + to_photo[:, 2]
    cell = 2 * max(view.width, view.height) / 256
    clear = (place > (max(view.x0, 0) + cell, max(view.y0, 0) + cell)).all(1)
    clear &= (place < (min(view.x1, 900) - cell, min(view.y1, 700) - cell)).all(1)
    assert clear.sum() > 500
    assert np.abs(crop[v[clear], u[clear], :2] - place[clear]).max() < 0.3


def test_crop_hides_what_is_outside_the_view():
    white = np.full((200, 400, 3), 255, np.uint8)
    crop, _ = _crop(white, Box(150, 20, 250, 180), 0)
    share = (crop[..., 0] > 0).mean()
    assert share == pytest.approx(100 / 160, abs=0.02)


# ── the rules of the stage ──


@dataclass
class Stand:
    """A model that puts a figure of a given score into each box."""

    score: float = 0.9
    name: str = "stand"
    skeleton = coco17
    at_once = 1
    thresholds = MoveNet.thresholds

    def points(self, photo, boxes, flip_test=True, watch=None):
        spread = np.column_stack([np.linspace(0, 1, 17), np.linspace(0, 1, 17) ** 2])
        return [
            Person(coco17, (box.x0 - 0.5, box.y0 - 0.5) + spread * (box.width, box.height), np.full(17, self.score))
            for box in boxes
        ]


class Sees:
    """A detector that has seen the given boxes."""

    def __init__(self, *boxes: Box) -> None:
        self.boxes = boxes

    def people(self, photo):
        return [Detection(box, 0.9, Stand().points(photo, [box])[0]) for box in self.boxes]


# Not plain, so that nobody takes it for a drawing.
noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
small, large = Box(10, 10, 50, 90), Box(100, 20, 300, 290)


def test_given_boxes_keep_their_order_and_number():
    pose = estimate(noise, Stand(), boxes=[large, small, large])
    assert pose.size == (400, 300)
    assert [person.box() for person in pose.people] == [large, small, large]


def test_detected_people_come_once_and_the_smallest_at_the_back():
    nearly = Box(102, 20, 300, 290)
    pose = estimate(noise, Stand(), Sees(large, nearly, small))
    assert [person.box() for person in pose.people] == [small, large]


def test_doubles_are_left_out_and_neighbours_stay():
    found = Sees(large, Box(101, 22, 302, 290), Box(200, 20, 399, 290)).people(noise)
    assert [d.box for d in distinct(found)] == [large, Box(200, 20, 399, 290)]


def test_half_a_figure_seen_twice_is_left_out_and_a_child_in_front_stays():
    person = Stand().points(noise, [large])[0]
    upper = Box(100, 20, 300, 150)

    def found(score: float) -> list[Detection]:
        return distinct([Detection(large, 0.7, person), Detection(upper, score, Stand().points(noise, [upper])[0])])

    assert [d.box for d in found(0.3)] == [large]
    assert [d.box for d in found(0.5)] == [large, upper]


@pytest.mark.parametrize(("score", "state"), [(0.9, "visible"), (0.2, "visible"), (0.19, "hidden"), (0.04, "missing")])
def test_unsure_joints_are_marked_and_keep_place_and_score(score, state):
    (person,) = estimate(noise, Stand(score), boxes=[large]).people
    assert person.states == (state,) * 17
    assert person.scores == pytest.approx(score)
    assert person["right_ankle"] == pytest.approx([299.5, 289.5])


def test_nobody_sure_enough_is_nobody_unless_a_box_was_drawn():
    assert estimate(noise, Stand(0.1), Sees(large)).people == ()
    assert len(estimate(noise, Stand(0.1), boxes=[large]).people) == 1
    assert len(estimate(noise, Stand(0.1), whole_image=True).people) == 1


def test_progress_rises_to_one_and_cancelling_stops_between_people():
    heard = []
    estimate(noise, Stand(), boxes=[small, large], progress=lambda share, text: heard.append((share, text)))
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert "Figure 2 of 2" in [text for _, text in heard]
    asked = []
    with pytest.raises(Cancelled):
        estimate(noise, Stand(), boxes=[small, large], cancelled=lambda: len(asked) == 1 or asked.append(1))
    assert len(asked) == 1


@pytest.mark.parametrize(
    "box", [(10, 10, 10, 50), (50, 10, 20, 90), (-90, 0, -10, 50), (500, 0, 600, 50), (0, 0, float("nan"), 9)]
)
def test_boxes_outside_the_picture_are_refused(box):
    with pytest.raises(ValueError, match=r"expected a box \(x0, y0, x1, y1\) in the picture of \(400, 300\)"):
        estimate(noise, Stand(), boxes=[Box(*box)])


def test_wrong_photos_and_contradictions_are_refused():
    with pytest.raises(ValueError, match=r"expected a photo \(H, W, 3\) of uint8, got \(300, 400\)"):
        estimate(noise[..., 0], Stand(), boxes=[small])
    with pytest.raises(ValueError, match=r"got .* of float64"):
        estimate(noise / 255, Stand(), boxes=[small])
    with pytest.raises(ValueError, match="got both"):
        estimate(noise, Stand(), boxes=[small], whole_image=True)
    with pytest.raises(ValueError, match="or a detector, got none of them"):
        estimate(noise, Stand())


# ── drawings ──


def sheet(figures: int = 2, ground: int = 240) -> np.ndarray:
    """Outlines of a rough figure, side by side, on paper whose light falls off to the right."""
    image = Image.new("RGB", (300 * figures, 500), "white")
    pen = ImageDraw.Draw(image)
    for i in range(figures):
        x = 300 * i + 150
        pen.ellipse((x - 35, 50, x + 35, 130), outline="navy", width=4)
        half = [(12, 128), (60, 150), (85, 230), (120, 300), (105, 310), (66, 250), (48, 200), (42, 290), (48, 370),
                (45, 460), (12, 460), (8, 380), (0, 310)]  # fmt: skip
        outline = [(x + dx, y) for dx, y in half] + [(x - dx, y) for dx, y in reversed(half)]
        pen.polygon(outline, outline="navy", width=4)
    light = np.linspace(1, 0.8, image.width)[None, :, None] * (ground / 255)
    return (np.asarray(image) * light).astype(np.uint8)


def test_figures_on_paper_are_told_apart_and_filled():
    page = sheet()
    found = paper.drawing(page)
    assert found is not None
    assert len(found.figures) == 2
    left = min(found.figures, key=lambda box: box.x0)
    assert left.iou(Box(30, 50, 271, 461)) > 0.9
    assert found.solid.shape == page.shape
    assert np.abs(found.solid[200, 150].astype(int) - page[200, 150]).max() > 10  # inside the outline
    assert (found.solid[20, 20] == paper.ground_color).all()


@pytest.mark.parametrize("picture", [noise, np.full((300, 400, 3), 250, np.uint8), noise[:8, :8]])
def test_photos_and_empty_pages_are_no_drawings(picture):
    assert paper.drawing(picture) is None


def test_an_outline_nobody_recognises_becomes_a_figure(studio):
    found = studio.estimate(sheet(1))
    (person,) = found.pose.people
    # Which side is which an outline hardly tells: heights do.
    assert person["nose"][1] < person["left_hip"][1] < person["left_ankle"][1]
    assert abs(person["nose"][0] - 150) < 40
    assert np.abs(np.sort([person["left_wrist"][0], person["right_wrist"][0]]) - (45, 255)).max() < 60
    assert any("drawing" in text for text in found.notes)


# ── the studio ──


def test_accuracy_is_the_mean_over_the_people_of_all_sets(tmp_path):
    table = tmp_path / "accuracy.json"
    assert measured_accuracy(table) == {}
    for measured_on, people, mean_oks in (("one", 3, 0.9), ("two", 1, 0.5), ("two", 1, 0.1)):
        record_accuracy("quick", Figures(people, mean_oks, 0.0, 0.0, 0.0, 0.0), measured_on, table)
    assert measured_accuracy(table) == {"quick": pytest.approx((3 * 0.9 + 0.1) / 4)}


def test_auto_takes_the_measured_model_and_says_which(studio):
    both = "quick + sdpose-mini"
    assert [model.name for model in studio.models() if model.present] == [both, "quick", "sdpose-mini"]
    assert studio.models()[0].accuracy == measured_accuracy()["quick"] > 0.68
    found = studio.estimate(np.full((64, 64, 3), 200, np.uint8))
    assert (found.model, found.pose.people) == (both, ())
    assert found.seconds > 0
    assert found.notes == (nobody,)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3)])
def test_pictures_of_any_shape_end_well(studio, size):
    picture = np.random.default_rng(1).integers(0, 255, (*size, 3), dtype=np.uint8)
    assert studio.estimate(picture).pose.size == size[::-1]
    if min(size) > 1:
        assert len(studio.estimate(picture, whole_image=True).pose.people) == 1


def test_unknown_and_unusable_models_are_refused(studio, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="got 'slow'"):
        studio.estimate(noise, "slow")
    with pytest.raises(MissingWeights, match=r"download_weights\.py sdpose-wholebody"):
        studio.estimate(noise, "sdpose-wholebody")
    monkeypatch.setattr(weights, "embedded_folder", tmp_path)
    with pytest.raises(MissingWeights, match=r"movenet-thunder\.onnx"):
        Studio().estimate(noise)
    assert not any(model.present for model in Studio().models())


def test_threads_share_one_studio(studio):
    page = sheet(1)
    alone = studio.estimate(page).pose
    found = []
    threads = [threading.Thread(target=lambda: found.append(studio.estimate(page).pose)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 3


def test_script_writes_a_pose(tmp_path):
    Image.fromarray(sheet(1)).save(tmp_path / "sheet.png")
    command = [sys.executable, "scripts/estimate.py", str(tmp_path / "sheet.png"), "--box", "60,30,240,480"]
    command += ["--out", str(tmp_path / "pose.json"), "--format", "openpose"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "1 figures by quick" in done.stdout
    assert len(json.loads((tmp_path / "pose.json").read_text())["people"]) == 1
    refused = subprocess.run([*command, "--box", "9,9,9,9"], cwd=root, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert refused.stderr.startswith("estimate: expected a box")


# ── real pictures ──


@cache
def annotated(kind: str) -> tuple:
    return tuple(read_examples(json.loads((shared / "photos" / kind / f"test_{kind}.json").read_text())))


def figures(studio: Studio, kind: str, use_boxes: bool):
    return evaluate(
        annotated(kind),
        coco17,
        lambda name: photo(shared / "photos" / kind / name),
        lambda picture, boxes: studio.estimate(picture, "quick", boxes).pose,
        studio.detect,
        use_boxes,
    )


@pytest.mark.parametrize(("use_boxes", "least"), [(True, 0.84), (False, 0.86)])
class TestPhotos:
    pytestmark = needs_shared

    def test_coco(self, studio, use_boxes, least):
        found = figures(studio, "coco", use_boxes)
        assert found.people == 12
        assert found.found >= 11 / 12
        assert found.mean_oks >= least
        assert found.pck >= 0.9

    def test_crowdpose(self, studio, use_boxes, least):
        found = figures(studio, "crowdpose", use_boxes)
        assert (found.people, found.found) == (4, 1.0)
        assert found.mean_oks >= 0.8


@pytest.fixture(scope="module")
def skier() -> np.ndarray:
    return photo(shared / "photos" / "coco" / "000000000785.jpg")


class TestOnePhoto:
    pytestmark = needs_shared

    def test_a_mirrored_photo_gives_the_mirrored_pose(self, studio, skier):
        (there,) = studio.estimate(skier, "quick").pose.mirrored().people
        (here,) = studio.estimate(np.ascontiguousarray(skier[:, ::-1]), "quick").pose.people
        assert oks(here, there, there.box().area) > 0.95

    def test_the_flip_test_makes_the_mirror_exact(self, studio, skier):
        # The box is symmetric in the picture, so both see the same two crops.
        box = [Box(120.0, 20.0, 520.0, 420.0)]
        (there,) = studio.estimate(skier, "quick", boxes=box).pose.mirrored().people
        (here,) = studio.estimate(np.ascontiguousarray(skier[:, ::-1]), "quick", boxes=box).pose.people
        assert np.abs(here.points - there.points).max() < 1.0
        (once,) = studio.estimate(skier, "quick", boxes=box, options=Options(flip_test=False)).pose.mirrored().people
        (turned,) = studio.estimate(
            np.ascontiguousarray(skier[:, ::-1]), "quick", boxes=box, options=Options(flip_test=False)
        ).pose.people
        assert np.abs(once.points - turned.points).max() > 1.0

    def test_points_are_in_pixels_of_the_photo(self, studio, skier):
        large = np.asarray(Image.fromarray(skier).resize((1280, 850)))
        (here,) = studio.estimate(large).pose.scaled((640, 425)).people
        (there,) = studio.estimate(skier).pose.people
        assert oks(here, there, there.box().area) > 0.95

    @pytest.mark.parametrize("quarters", [1, 2, 3])
    def test_somebody_upside_down_is_still_read(self, studio, skier, quarters):
        (truth,) = next(e.people for e in annotated("coco") if e.file_name == "000000000785.jpg")
        w, h, points, box = 640, 425, truth.person.points + 0.5, np.array(truth.box).reshape(2, 2)
        for _ in range(quarters):
            points, box = (np.column_stack([each[:, 1], w - each[:, 0]]) for each in (points, box))
            w, h = h, w
        expected = Person(coco17, points - 0.5, truth.person.scores, truth.person.states)
        turned = np.ascontiguousarray(np.rot90(skier, quarters))
        (found,) = studio.estimate(turned, boxes=[Box(*box.min(0), *box.max(0))]).pose.people
        assert oks(found, expected, truth.area) > 0.85

    def test_a_loose_box_will_do(self, studio, skier):
        (truth,) = next(e.people for e in annotated("coco") if e.file_name == "000000000785.jpg")
        (found,) = studio.estimate(skier, whole_image=True).pose.people
        assert oks(found, truth.person, truth.area) > 0.9

    def test_many_people_beyond_the_six_of_one_look(self, studio):
        pictures = [photo(shared / "photos" / "coco" / e.file_name) for e in annotated("coco")]
        pictures = [np.pad(p, ((0, 429 - p.shape[0]), (0, 640 - p.shape[1]), (0, 0))) for p in pictures]
        wall = np.vstack([np.hstack(pictures[:2]), np.hstack(pictures[2:])])
        assert 11 <= len(studio.estimate(wall).pose.people) <= 12

    def test_small_people_are_found_once(self, studio):
        example = next(e for e in annotated("coco") if e.file_name == "000000196141.jpg")
        picture = np.pad(photo(shared / "photos" / "coco" / example.file_name), ((200, 229), (300, 340), (0, 0)))
        found = studio.estimate(picture).pose.people
        assert len(found) == 4
        for truth in example.people:
            there = truth.person.shifted((300, 200))
            assert max(oks(person, there, truth.area) for person in found) > 0.8

    def test_animals_and_hands_are_nobody(self, studio):
        for path in sorted((shared / "photos" / "ap10k").glob("*.jpg"))[:2]:
            assert studio.estimate(photo(path)).pose.people == ()


class TestDrawings:
    pytestmark = needs_shared

    def test_children_draw_people_too(self, studio):
        """PCK@0.1 of the longer side on four drawings: 0.33 for the bare network, mean of 0.08, 0.50, 0.67, 0.08."""
        shares = []
        for n in range(1, 5):
            folder = shared / "animated_drawings" / f"char{n}"
            picture = photo(folder / "texture.png")
            (person,) = studio.estimate(picture, whole_image=True).pose.people
            text = (folder / "char_cfg.yaml").read_text()
            places = re.findall(r"loc:\s+- (\d+)\s+- (\d+)\s+name: (\w+)", text)
            joints = {"hand": "wrist", "foot": "ankle"}
            true = {}
            for x, y, name in places:
                side, _, part = name.partition("_")
                if part:
                    true[f"{side}_{joints.get(part, part)}"] = (int(x), int(y))
            off = [np.hypot(*(person[joint] - place)) for joint, place in true.items()]
            shares.append(np.mean(np.array(off) <= 0.1 * max(picture.shape[:2])))
        assert np.mean(shares) >= 0.55
        assert shares[0] >= 0.6
        assert shares[1] >= 0.9


class TestExamples:
    """Pictures that come with the studio."""

    pictures = sorted(p for p in (root / "assets" / "examples").glob("*") if p.suffix in (".png", ".jpg", ".webp"))

    @pytest.mark.skipif(not pictures, reason="no examples are bundled yet")
    @pytest.mark.parametrize("path", pictures, ids=lambda path: path.name)
    def test_every_example_gives_its_people(self, studio, path):
        people = {"horse": 0, "fencers": 2}.get(path.stem, 1)
        assert len(studio.estimate(photo(path)).pose.people) == people
