"""Painting an annotated set and measuring it: known answers, runs that go on, the whole way on tiny random weights."""

from __future__ import annotations

import json
import zlib
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.box import Box
from engine.detect import Detection
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest, Picture
from engine.skeleton import ap10k17, coco17

pytest.importorskip("faster_coco_eval", reason="faster-coco-eval is not installed: see requirements-dev.txt")
from scripts import evaluate_spctrl
from scripts.evaluation.inception import Inception, enlarged
from scripts.evaluation.painting_features import Clip, InceptionFeatures, find_clip, find_inception
from scripts.evaluation.painting_report import as_csv, markdown, sheet
from scripts.evaluation.painting_run import Settings, paint_set, read_run
from scripts.evaluation.painting_scores import Networks, Scores, Source, scores
from scripts.evaluation.painting_set import PaintingSet, read

rng = np.random.default_rng(5)
layout = rng.uniform(0.1, 0.9, (17, 2))
width, height = 200, 120


def figure(number: int, image: int, left: float, category: int = 1, **more) -> dict:
    """Somebody 60 × 100 px at (left, 10), all joints labelled."""
    points = np.column_stack([layout * (60, 100) + (left, 10), np.full(17, 2)]).round(1)
    return {
        "id": number, "image_id": image, "category_id": category, "bbox": [left, 10, 60, 100], "area": 6000,
        "iscrowd": 0, "num_keypoints": 17, "keypoints": points.ravel().tolist(),
    } | more  # fmt: skip


# Three pictures: a tiger, two dogs, a tiger.
animals = [
    {"filename": f"{n:012d}.jpg", "image_id": n, "height": height, "width": width, "background": 1, "anns": anns}
    for n, anns in enumerate(
        ([figure(1, 1, 20, 32)], [figure(2, 2, 10, 8), figure(3, 2, 100, 8)], [figure(4, 3, 70, 32)]), start=1
    )
]  # fmt: skip


@pytest.fixture
def tigers(tmp_path: Path) -> PaintingSet:
    return read(lines(tmp_path / "val.jsonl", animals))


def lines(path: Path, entries: list[dict]) -> Path:
    path.write_text("\n".join(map(json.dumps, entries)), "utf-8")
    return path


def captioned(path: Path, **image) -> Path:
    """Pictures 1 and 2 of people, with captions; one has a crowd beside."""
    images = [
        {"id": n, "file_name": f"in/{n}.png", "width": width, "height": height, "caption": f" picture {n} "} | image
        for n in (1, 2)
    ]
    annotations = [figure(1, 1, 10), figure(2, 1, 110), figure(3, 2, 60), figure(4, 2, 130, iscrowd=1)]
    categories = [{"id": 1, "name": "person", "keypoints": list(coco17.joints)}]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}), "utf-8")
    return path


# ── sets ──


def test_ap10k_s_lines_ask_for_their_species(tigers):
    assert (tigers.name, tigers.kind, tigers.skeleton) == ("AP-10K", "animal", ap10k17)
    assert [one.prompt for one in tigers.asked][:2] == [
        "A photo of tiger<KPT> in the grass or savanna", "A photo of dog<KPT> in the grass or savanna"
    ]  # fmt: skip
    assert [one.name for one in tigers.asked] == ["000000000001", "000000000002", "000000000003"]
    assert tigers.asked[1].pose.size == (width, height)
    assert [len(one.pose.people) for one in tigers.asked] == [1, 2, 1]
    first = tigers.first(2)
    assert [one["id"] for one in first.annotations["annotations"]] == [1, 2, 3]
    assert len(first.annotations["images"]) == len(first.asked) == 2


def test_human_art_s_lines_ask_for_their_captions(tmp_path):
    entry = {
        "filename": "x", "dirname": "HumanArt/images/2D_virtual_human/cartoon", "picture_name": "0053.jpg",
        "category": "cartoon", "image_id": 53, "height": height, "width": width,
        "anns": [figure(1, 53, 20)], "caption": ["cartoon, a girl in red", "other"],
    }  # fmt: skip
    of = read(lines(tmp_path / "humanart_validation.jsonl", [entry]))
    assert (of.name, of.kind) == ("Human-Art", "human")
    (asked,) = of.asked
    assert (asked.name, asked.file) == ("2D_virtual_human/cartoon/0053", "2D_virtual_human/cartoon/0053.jpg")
    assert asked.prompt == "cartoon, a girl in red"


def test_captioned_annotations_are_a_set(tmp_path):
    of = read(captioned(tmp_path / "world.json"))
    assert (of.name, of.kind, [one.prompt for one in of.asked]) == ("world", "human", ["picture 1", "picture 2"])
    assert [one.name for one in of.asked] == ["in/1", "in/2"]
    assert [len(one.pose.people) for one in of.asked] == [2, 1]  # crowds are not painted


@pytest.mark.parametrize(
    ("image", "message"),
    [({"caption": None}, "expected a caption"), ({"file_name": "1.png"}, "each picture once")],
)
def test_sets_that_cannot_be_painted_are_refused(tmp_path, image, message):
    with pytest.raises(ValueError, match=message):
        read(captioned(tmp_path / "world.json", **image))


@pytest.mark.parametrize("name", ["../1.png", "a/../../1.png", "/1.png"])
def test_names_do_not_lead_out_of_their_folder(tmp_path, name):
    path = captioned(tmp_path / "world.json")
    file = json.loads(path.read_text("utf-8"))
    file["images"][0]["file_name"] = name
    path.write_text(json.dumps(file), "utf-8")
    with pytest.raises(ValueError, match="within their folder"):
        read(path)


@pytest.mark.shared
def test_the_published_lines_are_read_whole(shared):
    of = read(shared / "ap10k" / "val_split1.jsonl")
    assert len(of.asked) == 995
    assert sum(len(one.pose.people) for one in of.asked) == 1272


# ── runs ──


class Hand:
    """Paints in the colour of the seed, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[PaintRequest] = []

    def __call__(self, request: PaintRequest, pose: Pose2D) -> list[Picture]:
        self.asked.append(request)
        shape = (*request.size[::-1], 3)
        return [
            Picture(np.full(shape, (request.seed + n) % 256, np.uint8), replace(request, seed=request.seed + n), pose)
            for n in range(request.count)
        ]


settings = Settings("tiny-sd", "tiny-spctrl-animal", "spctrl", side=64, steps=3)


def test_pictures_lie_as_the_published_ones_do_in_the_real_pictures_size(tigers, tmp_path):
    hand = Hand()
    assert paint_set(tigers, hand, settings, tmp_path / "run") == 3
    found = sorted(path.relative_to(tmp_path / "run").as_posix() for path in (tmp_path / "run").rglob("*.jpg"))
    assert found == ["000000000001/0.jpg", "000000000002/0.jpg", "000000000003/0.jpg"]
    with Image.open(tmp_path / "run" / found[0]) as image:
        assert image.size == (width, height)
    first = hand.asked[0]
    assert (first.size, first.fit, first.steps, first.encoding, first.words) == ((64, 64), "squash", 3, "spctrl", True)
    assert first.prompt == tigers.asked[0].prompt
    assert len({request.seed for request in hand.asked}) == 3


def test_a_run_that_was_stopped_goes_on_and_paints_what_it_would_have(tigers, tmp_path):
    whole, parts = Hand(), Hand()
    paint_set(tigers, whole, settings, tmp_path / "whole", count=3)
    paint_set(tigers.first(1), parts, settings, tmp_path / "parts")
    (tmp_path / "parts" / "000000000002").mkdir()
    (tmp_path / "parts" / "000000000002" / "0.part").write_bytes(b"half a picture")
    assert paint_set(tigers, parts, settings, tmp_path / "parts", count=3) == 8
    assert paint_set(tigers, parts, settings, tmp_path / "parts", count=3) == 0
    for name in (one.name for one in tigers.asked):
        for n in range(3):
            one, other = ((tmp_path / run / name / f"{n}.jpg").read_bytes() for run in ("whole", "parts"))
            assert one == other, (name, n)


def test_a_run_has_one_way_of_painting(tigers, tmp_path):
    paint_set(tigers, Hand(), settings, tmp_path / "run")
    with pytest.raises(ValueError, match="painted with seed 1, got one with seed 0"):
        paint_set(tigers, Hand(), replace(settings, seed=1), tmp_path / "run")
    assert read_run(tmp_path / "run")["control"] == "tiny-spctrl-animal"
    with pytest.raises(ValueError, match=r"expected a run with run\.json"):
        read_run(tmp_path)


def test_the_real_proportions_can_be_kept():
    keeping = replace(settings, side=512, keep_aspect=True)
    assert keeping.size((1024, 768)) == (592, 440)
    assert keeping.size((500, 500)) == (512, 512)
    assert keeping.size((2000, 20)) == (5120, 64)
    assert settings.size((1024, 768)) == (64, 64)


# ── scores ──


class Eye:
    """An estimator that finds in each box the figure annotated there, `off` px away, told by the box."""

    def __init__(self, off=lambda box: 0.0) -> None:
        self.off = off

    def __call__(self, photos: list[np.ndarray], boxes: list[list[Box]]) -> list[np.ndarray]:
        return [np.stack([self.seen(box) for box in here]) for here in boxes]

    def seen(self, box: Box) -> np.ndarray:
        points = (layout * (60, 100) + (box.x0, 10)).round(1)
        points[:, 0] += self.off(box)
        return np.column_stack([points, np.full(17, 0.9)])


class Colours:
    """Features: the mean colour, and the prompt's length for texts."""

    name = "colours"

    def __call__(self, pictures):
        return np.stack([picture.reshape(-1, 3).mean(0) + 1 for picture in pictures])

    def texts(self, texts):
        self.heard = list(texts)
        return np.tile((1.0, 1.0, 1.0), (len(texts), 1))


class Finder:
    """Finds boxes at x = 20, where the first tiger is, and nothing else."""

    def people(self, photo):
        return [Detection(Box(20, 10, 80, 110), 0.9, Person(coco17, np.zeros((17, 2)), np.zeros(17)))]


def by(eye: Eye, **more) -> Networks:
    return Networks("eye", ap10k17, eye, **more)


@pytest.fixture
def painted(tigers, tmp_path) -> Source:
    paint_set(tigers, Hand(), settings, tmp_path / "run", count=2)
    return Source("run", tmp_path / "run")


def test_a_pose_kept_is_a_hundred_and_a_category_counts_as_one(tigers, painted):
    row = scores(tigers, painted, None, by(Eye()))
    assert (row.ap, row.mean_oks, row.pck, row.pictures) == (1, 1, 1, 3)
    # Of two kinds one is kept, by half of the figures, or by three quarters: the mean over kinds is a half.
    row = scores(tigers, painted, None, by(Eye(lambda box: 40 if box.x0 in (10, 100) else 0)))
    assert row.ap == pytest.approx(0.5)
    assert row.pck == pytest.approx(0.5)
    row = scores(tigers, painted, None, by(Eye(lambda box: 40 if box.x0 in (20, 70) else 0)))
    assert row.ap == pytest.approx(0.5)
    far = scores(tigers, painted, None, by(Eye(lambda _: 8)))
    assert 0 < (far.ap or 0) < 1
    assert 0.2 < (far.mean_oks or 0) < 0.9


def test_an_estimator_of_people_is_refused_for_animals(tigers, painted):
    with pytest.raises(ValueError, match="expected an estimator of animals, such as vitpose-animals, got eye"):
        scores(tigers, painted, None, Networks("eye", coco17, Eye()))


def test_real_pictures_are_no_distance_from_themselves(tigers, painted, tmp_path):
    real = real_pictures(tigers, tmp_path / "real")
    networks = by(Eye(), features=Colours(), clip=Colours(), detector=Finder())
    upper = scores(tigers, real, real, networks)
    assert (upper.frechet, upper.diversity, upper.not_measured) == (None, None, ())
    assert upper.ap == 1
    row = scores(tigers, painted, real, networks)
    assert row.frechet is not None
    assert row.frechet > 100
    same = scores(tigers, Source("copy", copied(tigers, real, tmp_path / "copy")), real, networks)
    assert same.frechet == pytest.approx(0, abs=5)  # but for JPEG


def real_pictures(of: PaintingSet, folder: Path) -> Source:
    folder.mkdir()
    for n, one in enumerate(of.asked):
        Image.fromarray(np.full((height, width, 3), (200, 40 * n, 90), np.uint8)).save(folder / one.file, quality=95)
    return Source("real pictures", folder, real=True)


def copied(of: PaintingSet, real: Source, folder: Path) -> Path:
    for one in of.asked:
        (folder / one.name).mkdir(parents=True)
        (folder / one.name / "0.jpg").write_bytes((real.folder / one.file).read_bytes())
    return folder


def test_prompts_are_scored_without_the_joints_words(tigers, painted):
    clip = Colours()
    row = scores(tigers, painted, None, by(Eye(), clip=clip))
    assert row.clip == pytest.approx(100)  # grey pictures along (1, 1, 1)
    assert clip.heard == [f"A photo of {animal} in the grass or savanna" for animal in ("tiger", "dog", "tiger")]


def test_detection_is_coco_s_at_three_quarters(tigers, painted):
    alone = scores(tigers.first(1), painted, None, by(Eye(), detector=Finder()))
    assert alone.detection == pytest.approx(1)
    every = scores(tigers, painted, None, by(Eye(), detector=Finder()))
    assert every.detection is not None
    assert every.detection < 0.3  # one of four found, two false


def test_diversity_is_within_a_pose(tigers, painted):
    row = scores(tigers, painted, None, by(Eye(), features=Colours()))
    assert row.diversity == pytest.approx(0, abs=1e-9)  # greys differ in length alone, which cosines do not see


def test_what_cannot_be_measured_says_so(tigers, painted):
    row = scores(tigers, Source("run", painted.folder), None, by(Eye()))
    assert (row.frechet, row.clip, row.detection, row.diversity) == (None,) * 4
    assert [why.partition(":")[0] for why in row.not_measured] == [
        "Fréchet distance", "CLIP-score", "detection", "diversity"
    ]  # fmt: skip
    for path in (painted.folder / "000000000002").iterdir():
        path.unlink()
    row = scores(tigers, painted, None, by(Eye()))
    assert row.not_measured[0] == "1 of 3 pictures, which are not there"
    assert row.pictures == 2
    with pytest.raises(ValueError, match="expected pictures of the set"):
        scores(tigers, Source("none", painted.folder / "x"), None, by(Eye()))


def test_keypoints_are_kept_and_not_asked_for_again(tigers, painted, tmp_path):
    keep = tmp_path / "kept.jsonl"
    first = scores(tigers.first(2), painted, None, by(Eye(lambda _: 5)), keep)

    class Blind(Eye):
        def seen(self, box):
            raise AssertionError("asked again")

    assert scores(tigers.first(2), painted, None, by(Blind()), keep) == first
    with pytest.raises(ValueError, match="expected predictions of"):
        scores(tigers, painted, None, Networks("other", ap10k17, Eye()), keep)


# ── tables ──


def test_tables_have_the_paper_s_form(tigers, painted):
    rows = [
        Scores("openpose", 3, 0.4425, 0.5, 0.25, 19.4, 24.77, 0.2435, 0.1),
        Scores("spctrl", 3, 0.5563, 0.6, 0.5, 18.52, 23.86, 0.251, 0.2, ("detection: needs rtdetr",)),
    ]
    features = Colours()
    features.name = "Inception"
    text = markdown(tigers, rows, by(Eye(), features=features, clip=Colours()))
    assert "|  | Pose mAP ↑ | FID ↓ | CLIP ↑ | Det AP.75 ↑ |" in text
    assert "| spctrl | **55.63** | **18.52** | 23.86 | **25.10** |" in text
    assert "| *SP-Ctrl (SPR + KCL)* | *55.63* | *18.52* | *23.86* | *25.10* |" in text
    assert "- spctrl: not measured: detection: needs rtdetr" in text
    other = markdown(tigers, rows, by(Eye(), features=Colours()))
    assert "| Fréchet, colours ↓ |" in other
    assert "| *SP-Ctrl (SPR + KCL)* | *55.63* |  | *23.86* | *25.10* |" in other  # no FID to compare with
    header, _, second = as_csv(rows).splitlines()
    assert header == "name,pictures,ap,mean_oks,pck,frechet,clip,detection,diversity,not_measured"
    assert second == "spctrl,3,0.5563,0.6,0.5,18.52,23.86,0.251,0.2,detection: needs rtdetr"


def test_the_sheet_shows_poses_and_pictures(tigers, painted):
    page = sheet(tigers, [painted, Source("absent", painted.folder / "x")], 2)
    assert page.size == (608, 474)
    pixels = np.asarray(page)
    assert len(np.unique(pixels[22:214, 8:200].reshape(-1, 3), axis=0)) > 10  # the pose in colours
    assert np.ptp(pixels[90:150, 220:380]) < 8  # a picture in one grey
    assert (pixels[60:180, 420:560] == 255).all()  # nothing


# ── networks ──


def inception_tensors(network: Inception) -> dict[str, torch.Tensor]:
    """Weights that follow from their names."""
    found = {}
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        source = np.random.default_rng(zlib.crc32(name.encode()))
        numbers = source.standard_normal(tuple(value.shape), dtype=np.float32)
        if value.ndim > 1:
            numbers *= (2 / np.prod(value.shape[1:])) ** 0.5
        else:
            numbers = 1 + 0.1 * numbers**2 if name.endswith(("running_var", "bn.weight")) else 0.1 * numbers
        found[name] = torch.from_numpy(numbers.astype(np.float32))
    return found


def test_inception_is_the_fid_s(tmp_path):
    """Its features of one picture are those of torch-fidelity 0.4.0 with the same weights."""
    network = Inception()
    tensors = inception_tensors(network)
    assert len(tensors) == 470
    file = {**tensors, "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    torch.save(file, tmp_path / "pt_inception-2015-12-05-6726825d.pth")
    found = find_inception(tmp_path)
    assert isinstance(found, InceptionFeatures)
    y, x = np.mgrid[:120, :200]
    features = found([np.stack([x * 5 % 256, y * 7 % 256, x * y % 256], -1).astype(np.uint8)])
    assert features.shape == (1, 2048)
    theirs = (0.51306367, 0.09315102, 2.97488308, 3.81954765, 0.01079931)
    assert features[0, [0, 500, 1000, 1500, 2047]] == pytest.approx(theirs, rel=1e-4)
    assert features.sum() == pytest.approx(3211.82, rel=1e-5)
    with pytest.raises(ValueError, match="Mixed_7c"):
        network.take({name: value for name, value in tensors.items() if "Mixed_7c.branch1x1" not in name})
    assert find_inception(None) is None


def test_enlarging_starts_at_the_corner():
    picture = torch.tensor([[[0.0, 299.0]]])
    wide = enlarged(picture)
    assert wide.shape == (1, 299, 299)
    assert wide[0, 0, :4].tolist() == pytest.approx([0, 2, 4, 6])
    assert wide[0, 0, -1] == 299  # beyond the last pixel it repeats


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory) -> Path:
    """A folder of models with a CLIP of random weights."""
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**sizes, "vocab_size": 49408, "bos_token_id": 49406, "eos_token_id": 49407},
        vision_config={**sizes, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    models = tmp_path_factory.mktemp("models")
    CLIPModel(config).save_pretrained(models / "clip-vit-base-patch32")
    return models


def test_clip_is_found_and_sees_as_its_own_preparation_does(clip_folder):
    from transformers import CLIPImageProcessorPil

    clip = find_clip(clip_folder)
    assert isinstance(clip, Clip)
    assert clip.name == "clip-vit-base-patch32"
    picture = rng.integers(0, 256, (70, 101, 3), np.uint8)
    theirs = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    expected = theirs(Image.fromarray(picture), return_tensors="pt")["pixel_values"][0]
    assert torch.allclose(clip._prepared(picture), expected, atol=1e-5)
    assert clip([picture, picture[::-1]]).shape == (2, 16)
    texts = clip.texts(["a tiger", "a tiger", "many words " * 60])
    assert np.allclose(texts[0], texts[1])
    assert texts.shape == (3, 16)


# ── the whole way ──


@pytest.fixture(scope="module")
def models(tmp_path_factory, clip_folder) -> Path:
    from tiny_painters import write_painters

    return write_painters(clip_folder)


def arguments(*more: str) -> Namespace:
    return evaluate_spctrl.arguments().parse_args(more)


def test_it_paints_and_measures_on_tiny_weights(models, tmp_path, capsys):
    real = tmp_path / "real" / "in"
    real.mkdir(parents=True)
    for n in (1, 2):
        Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(real / f"{n}.png")
    out = tmp_path / "out"
    common = [
        "--annotations", str(captioned(tmp_path / "world.json")), "--images", str(tmp_path / "real"),
        "--out", str(out), "--models", str(models), "--size", "64", "--steps", "2", "--real", "--estimator", "quick",
    ]  # fmt: skip
    args = arguments(*common, "--count", "2")
    of = read(args.annotations).first(args.limit)
    assert evaluate_spctrl.painted(of, args) == out / "tiny-sd-tiny-spctrl-human"
    again = arguments(*common, "--control", "tiny-openpose", "--run", "openpose")
    evaluate_spctrl.painted(of, again)
    assert read_run(out / "openpose")["encoding"] == "openpose"
    rows = evaluate_spctrl.measured(of, again)
    assert [row.name for row in rows] == ["real pictures", "openpose", "tiny-sd-tiny-spctrl-human"]
    assert rows[0].frechet is None
    assert all(row.clip is not None and np.isfinite(row.clip) for row in rows)
    assert all(row.frechet is not None and row.frechet > 0 for row in rows[1:])
    assert rows[1].diversity is None
    assert rows[2].diversity is not None
    assert rows[2].diversity > 0
    text = (out / "results.md").read_text("utf-8")
    assert text in capsys.readouterr().out
    assert "Fréchet, clip-vit-base-patch32" in text
    assert "not measured: detection: needs rtdetr" in text
    assert (out / "results.csv").read_text("utf-8").count("\n") == 4
    with Image.open(out / "sheet.jpg") as page:
        assert page.width == 808


@pytest.mark.parametrize("guided", [False, True])
def test_several_poses_in_one_pass_are_painted_the_same(models, tmp_path, guided):
    of = read(captioned(tmp_path / "world.json"))
    common = [
        "--annotations", "x", "--models", str(models), "--model", "tiny-sd", "--control", "tiny-spctrl-human",
        "--size", "64", "--steps", "2", "--count", "2", *(["--guided"] if guided else []),
    ]  # fmt: skip
    alone = evaluate_spctrl.painted(of, arguments(*common, "--out", str(tmp_path / "alone")))
    together = evaluate_spctrl.painted(of, arguments(*common, "--out", str(tmp_path / "together"), "--batch", "3"))
    assert read_run(alone) == read_run(together)
    files = sorted(path.relative_to(alone) for path in alone.rglob("*.jpg"))
    assert len(files) == 4
    for file in files:
        one, other = (np.asarray(Image.open(run / file), float) for run in (alone, together))
        assert np.abs(one - other).mean() < 1, file
    different = [np.asarray(Image.open(alone / file), float) for file in files]
    assert np.abs(different[0] - different[2]).mean() > 5


def test_squares_alone_are_painted_together(monkeypatch, tmp_path):
    asked = ["--annotations", str(captioned(tmp_path / "world.json")), "--out", str(tmp_path), "--batch", "2"]
    monkeypatch.setattr("sys.argv", ["evaluate_spctrl.py", *asked, "--keep-aspect"])
    with pytest.raises(SystemExit, match="expected squares to paint several poses in one pass"):
        evaluate_spctrl.main()


def test_the_studio_chooses_for_animals(models, tigers, tmp_path):
    args = arguments("--annotations", "x", "--out", str(tmp_path / "out"), "--models", str(models), "--size", "64",
                     "--steps", "1")  # fmt: skip
    folder = evaluate_spctrl.painted(tigers.first(1), args)
    assert read_run(folder)["control"] == "tiny-spctrl-animal"
    with pytest.raises(ValueError, match="vitpose-animals"):
        evaluate_spctrl.measured(tigers.first(1), args)
    with pytest.raises(ValueError, match="animal"):
        evaluate_spctrl.painted(tigers.first(1), arguments(
            "--annotations", "x", "--out", str(tmp_path / "other"), "--models", str(models), "--size", "64",
            "--steps", "1", "--control", "tiny-spctrl-human",
        ))  # fmt: skip
    with pytest.raises(ValueError, match="expected runs"):
        evaluate_spctrl.measured(tigers, replace_out(args, tmp_path / "empty"))


def test_a_model_that_is_told_no_pose_is_refused(tmp_path):
    from tiny_painters import write_small

    models = write_small(tmp_path / "models" / "small-sd").parent
    args = arguments("--annotations", "x", "--out", str(tmp_path), "--models", str(models), "--model", "small-sd")
    with pytest.raises(ValueError, match="got small-sd, which paints from words alone"):
        evaluate_spctrl.painted(read(captioned(tmp_path / "world.json")), args)


def replace_out(args: Namespace, out: Path) -> Namespace:
    out.mkdir()
    return Namespace(**(vars(args) | {"out": out}))
