"""What SP-Ctrl's training reads: published lines, captions, the square it sees, prompts with joints' words, targets."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.clip_words import tokenizer
from engine.draw import index_map
from engine.keypoint_words import ap10k, humanart, slot, visible_words
from engine.library import read_library
from engine.pose import Person, Pose2D
from engine.posed_figures import PosedFigures
from engine.skeleton import ap10k17, coco17, wholebody133
from engine.spctrl_data import Samples, Showing, Words, conditioning, heatmaps, of_bodies, squared, targets_of
from engine.spctrl_pictures import (
    AnimalPictures,
    ArtPictures,
    CaptionedPictures,
    JoinedPictures,
    PaintedPictures,
    PosedPicture,
    animal_prompts,
    read_pictures,
)

library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"
every_animal, every_human = (tuple(word.token for word in words) for words in (ap10k, humanart))
# Joints of the published demo 1996, a tiger, in AP-10K's order.
tiger = (
    (349, 74), (285, 70), (315, 106), (293, 220), (57, 124), (299, 334), (285, 392), (287, 462), (213, 304), (215, 386),
    (209, 458), (145, 278), (137, 378), (147, 448), (45, 240), (41, 334), (17, 434),
)  # fmt: skip
tiger_size = (500, 476)


def animal(*places: tuple[float, float], size=(60, 40), missing: tuple[str, ...] = ()) -> Pose2D:
    """An animal whose joints lie in a row, but for the first ones, that are at `places`."""
    points = np.array([(20 + i, 20) for i in range(17)], float)
    points[: len(places)] = np.reshape(places, (-1, 2))
    states = tuple("missing" if joint in missing else "visible" for joint in ap10k17.joints)
    return Pose2D(size, (Person(ap10k17, points, np.ones(17), states),))


def keypoints(pose: Pose2D) -> list[float]:
    person = pose.people[0]
    rows = zip(person.points, person.states, strict=True)
    return [v for (x, y), state in rows for v in ((x, y, 2) if state == "visible" else (0, 0, 0))]


def picture(folder: Path, name: str = "a.png", size=(60, 40)) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def animal_line(**changes) -> dict:
    ann = {"id": 1, "image_id": 7, "category_id": 32, "bbox": [1, 1, 30, 30], "keypoints": keypoints(animal())}
    line = {"filename": "a.png", "image_id": 7, "height": 40, "width": 60, "anns": [ann], "background": 3}
    return line | changes


def art_line(**changes) -> dict:
    ann = {"id": 1, "image_id": 7, "category_id": 1, "keypoints": [v for i in range(17) for v in (20.5 + i, 20.25, 1)]}
    folder = "HumanArt/images/digital_art/cartoon"
    return {
        "filename": f"{folder}/a.png", "dirname": folder, "picture_name": "a.png", "category": "cartoon", "image_id": 7,
        "height": 40, "width": 60, "anns": [ann], "caption": [" cartoon, a girl in red ", "another"],
    } | changes  # fmt: skip


def lines(folder: Path, *entries: dict) -> Path:
    path = folder / "lines.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def captioned(folder: Path, joints=coco17.joints, **image) -> Path:
    rows = [v for i in range(17) for v in (20 + i, 20, 2)]
    images = [
        {"id": 7, "file_name": "a.png", "width": 60, "height": 40, "caption": "a dancer"} | image,
        {"id": 8, "file_name": "b.png", "width": 60, "height": 40, "caption": "nobody"},
    ]
    one = {"image_id": 7, "category_id": 1, "keypoints": rows}
    path = folder / "world.json"
    path.write_text(
        json.dumps(
            {
                "images": images,
                "annotations": [{"id": 1, **one}, {"id": 2, **one}, {"id": 3, "iscrowd": 1, **one}],
                "categories": [{"id": 1, "name": "figure", "keypoints": list(joints)}],
            }
        )
    )
    return path


# ── readers ──


def test_ap10k_by_its_lines(tmp_path):
    picture(tmp_path)
    found = read_pictures(lines(tmp_path, animal_line()), tmp_path)
    one = found[0]
    assert (found.kind, len(found), one.name) == ("animal", 1, "a")
    assert one.pose.people[0].skeleton == ap10k17
    assert one.image.shape == (40, 60, 3)
    assert len(one.prompts) == len(animal_prompts) == 10
    assert one.prompts[1] == f"A photo of tiger{slot} in the mud or rock"
    assert one.prompts[6] == f"In the mud or rock, there are severl tiger{slot}."


def test_humanart_by_its_lines(tmp_path):
    picture(tmp_path, "HumanArt/images/digital_art/cartoon/a.png")
    path = lines(tmp_path, art_line())
    for images in (tmp_path, tmp_path / "HumanArt" / "images"):  # as unpacked, or the folder of groups
        one = ArtPictures(path, images)[0]
        assert (one.name, one.prompts) == ("digital_art/cartoon/a", ("cartoon, a girl in red",))
        np.testing.assert_allclose(one.pose.people[0]["nose"], (20.5, 20.25))  # fractions are kept: limbs hang on them
    assert read_pictures(path, tmp_path).kind == "human"


def test_captioned_annotations(tmp_path):
    picture(tmp_path), picture(tmp_path, "b.png")
    found = CaptionedPictures(captioned(tmp_path), tmp_path)
    assert (found.kind, len(found)) == ("human", 2)
    assert [len(found[i].pose.people) for i in (0, 1)] == [2, 0]  # a crowd is nobody to learn from
    assert (found[0].name, found[0].prompts) == ("a", ("a dancer",))
    assert CaptionedPictures(captioned(tmp_path, ap10k17.joints), tmp_path).kind == "animal"


def test_painted_mannequins_are_said_as_the_library_says_them():
    pictures = PaintedPictures(PosedFigures(read_library(library), coco17, 5, (96, 128)))
    one, again = pictures[3], pictures[3]
    assert one.prompts == again.prompts
    assert one.prompts[0].startswith("mannequin, ")
    assert np.array_equal(one.image, again.image)
    assert one.pose.size == (96, 128)
    assert one.pose.people[0].present.sum() > 10


def test_sets_of_one_kind_are_joined(tmp_path):
    picture(tmp_path), picture(tmp_path, "b.png")
    people = CaptionedPictures(captioned(tmp_path), tmp_path)
    animals = AnimalPictures(lines(tmp_path, animal_line()), tmp_path)
    both = JoinedPictures([people, people])
    assert (len(both), both.kind, both[3].name) == (4, "human", "b")
    with pytest.raises(ValueError, match="animal and human"):
        JoinedPictures([people, animals])


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"background": 12}, "line 1 of lines.jsonl: expected a background of 1, 2"),
        ({"anns": []}, "of one category of 1 … 54, got none"),
        ({"anns": [{"category_id": 1}, {"category_id": 2}]}, "one category .* got 1, 2"),
        ({"anns": [{"category_id": 60}]}, "got 60"),
        ({"filename": "b.png"}, "got no .*b.png .1 of 1"),
    ],
)
def test_a_line_that_is_no_animals_is_refused(tmp_path, line, sentence):
    picture(tmp_path)
    with pytest.raises(ValueError, match=sentence):
        AnimalPictures(lines(tmp_path, animal_line(**line)), tmp_path)


def test_other_files_are_refused(tmp_path):
    picture(tmp_path), picture(tmp_path, "b.png")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"filename": "a.png"\n')
    with pytest.raises(ValueError, match=r"expected JSON in line 1 of .*broken.jsonl"):
        AnimalPictures(broken, tmp_path)
    with pytest.raises(ValueError, match="got no height"):
        AnimalPictures(lines(tmp_path, {"filename": "a.png"}), tmp_path)
    with pytest.raises(ValueError, match="AP-10K's lines, with a background, or Human-Art's"):
        read_pictures(lines(tmp_path, {"filename": "a.png"}), tmp_path)
    with pytest.raises(ValueError, match="expected pictures in"):
        ArtPictures(lines(tmp_path), tmp_path)
    with pytest.raises(ValueError, match="folder like HumanArt/images/group/scene, got 'images'"):
        ArtPictures(lines(tmp_path, art_line(dirname="images")), tmp_path)
    with pytest.raises(ValueError, match=r"picture a.png of world.json: expected a caption, got None"):
        CaptionedPictures(captioned(tmp_path, caption=None), tmp_path)
    with pytest.raises(ValueError, match=r"COCO's 17 joints or AP-10K's .* got 3 joints"):
        CaptionedPictures(captioned(tmp_path, ("a", "b", "c")), tmp_path)
    wrong = AnimalPictures(lines(tmp_path, animal_line(width=61)), tmp_path)
    with pytest.raises(ValueError, match="61 × 40 as listed, got 60 × 40"):
        wrong[0]


# ── words ──


@pytest.fixture(scope="module")
def animal_words() -> Words:
    return Words(tokenizer(), "animal")


def test_prompts_in_numbers_as_published(animal_words):
    prompt = animal_words.prompt(f"A photo of tiger{slot} in the grass or savanna", every_animal)
    ids, places = animal_words.told(prompt)
    assert ids.tolist()[:9] == [49406, 320, 1125, 539, 6531, 283, 49408, 267, 49409]
    assert (ids.tolist().index(49407) + 1, len(ids)) == (47, 77)
    assert places.tolist() == list(range(6, 40, 2))
    _, places = animal_words.told(animal_words.prompt(f"A good photo of tiger{slot}", every_animal[0:3:2]))
    assert places.tolist() == [7, -1, 9] + 14 * [-1]
    assert animal_words.prompt(f"A close photo of tiger{slot}.", ()) == "A close photo of tiger."


def test_the_joints_words_follow_a_humans_caption():
    words = Words(tokenizer(), "human")
    with pytest.raises(ValueError, match="expected words of animal joints, as the pictures', got human ones"):
        Samples(Some(animal()), words, Showing())
    assert words.prompt("cartoon, a girl", every_human[:2]) == "cartoon, a girl. <<nose>, <left-eye>>"
    assert words.told(words.prompt("cartoon, a girl", every_human))[1].min() >= 0


@pytest.mark.parametrize("template", ["word " * 500, "word " * 500 + slot + " in the grass", slot + "word " * 500])
def test_long_captions_are_cut_so_that_every_joint_is_said(animal_words, template):
    prompt = animal_words.prompt(template, every_animal)
    _, places = animal_words.told(prompt)
    assert (places >= 0).all()
    assert prompt.startswith("word word" if template.startswith("word") else "<<left-eye>")
    # No more is cut than must be.
    kept = prompt.split("<<")[0].split()
    if template.startswith("word"):
        longer = prompt.replace("word <<", "word word word <<")
        assert len(animal_words.tokenizer(longer, max_length=90, truncation=True).input_ids) > 77 > len(kept)


def test_a_tokenizer_with_the_words_is_not_given_them_twice():
    known = Words(tokenizer(), "animal").tokenizer
    with pytest.raises(ValueError, match="expected a tokenizer without the words <left-eye>"):
        Words(known, "animal")
    assert len(tokenizer()) == 49408


# ── geometry ──


def test_the_square_is_the_middle_of_the_picture():
    wide = np.arange(10, dtype=np.uint8)[None].repeat(4, 0)  # (4, 10): column x holds x
    assert squared(wide, 4, nearest=True)[0].tolist() == [3, 4, 5, 6]
    assert squared(wide.T, 4, nearest=True)[:, 0].tolist() == [3, 4, 5, 6]
    assert squared(wide, 8, nearest=True).shape == (8, 8)
    odd = np.zeros((333, 500, 3), np.uint8)
    assert squared(odd, 512).shape == (512, 512, 3)  # 768.7… columns become 768


def test_picture_map_and_target_lie_on_each_other(tmp_path):
    """A joint's mark in the picture, its number in the map and its target's middle are at the same place."""
    pose = animal((300, 90), size=(400, 200), missing=ap10k17.joints[1:])
    image = np.zeros((200, 400, 3), np.uint8)
    image[86:95, 296:305] = 255
    showing = Showing(side=64)
    one = PosedPicture("a", image, pose, ("x",))
    expected = ((np.array([300, 90]) + 0.5) * 64 / 200 - (32, 0)) - 0.5
    numbers = conditioning(one, showing)["map"]
    for there in (torch.tensor(squared(image, 64))[..., 0] > 128, numbers == 1):
        middle = there.nonzero().float().mean(0).flip(0)
        np.testing.assert_allclose(middle, expected, atol=1)
    target = targets_of(heatmaps(pose, "animal"), pose.size, 64, "gaussian")[0]
    middle = (target > 0.9).nonzero().float().mean(0).flip(0)
    np.testing.assert_allclose(middle, expected, atol=1.5)


def test_numbers_of_a_map_are_never_mixed():
    pose = animal(*tiger, size=tiger_size)
    numbers = conditioning(PosedPicture("a", np.zeros((476, 500, 3), np.uint8), pose, ()), Showing(side=64))["map"]
    assert numbers.dtype == torch.int64
    assert set(numbers.unique().tolist()) <= {0, *range(1, 18), *range(51, 68)}


@pytest.mark.shared
def test_maps_are_the_published_ones(tmp_path, shared):
    """Drawn from the lines, as prepared in files, and as the published demo has them."""
    demo = shared / "ap10k" / "demo"
    wanted = [
        line
        for line in (shared / "ap10k" / "val_split1.jsonl").read_text().splitlines()
        if json.loads(line)["image_id"] in (222, 1996)
    ]
    for place in demo.iterdir():
        shutil.copy(place / "raw_image.jpg", tmp_path / f"{place.name.removeprefix('ap10k_')}.jpg")
        shutil.copy(place / "pose_kptindex.png", tmp_path / f"{place.name.removeprefix('ap10k_')}.png")
    (tmp_path / "val.jsonl").write_text("\n".join(wanted))
    pictures = AnimalPictures(tmp_path / "val.jsonl", tmp_path)
    for i in range(2):
        with Image.open(tmp_path / f"{pictures[i].name}.png") as file:
            assert np.array_equal(np.asarray(file), index_map(pictures[i].pose))
        drawn, read = (conditioning(pictures[i], Showing(folder=folder))["map"] for folder in (None, tmp_path))
        assert drawn.shape == (512, 512)
        assert torch.equal(drawn, read)


# ── targets ──


def test_targets_are_discs_or_gaussians():
    pose = animal(*tiger, size=tiger_size)
    maps = heatmaps(pose, "animal")
    assert maps.shape == (17, 64, 64)
    assert maps[0].max() == 1
    assert maps[0, 10, 45] == 1  # 74 · 64 / 476 and 349 · 64 / 500, to the nearest cell
    disc = targets_of(maps, tiger_size, 512, "disc")
    whole = [0, 1, 2, 3, 4, 5, 11]  # joints farther than a disc from the picture's edge
    ones, between = (disc == 1).flatten(1).sum(1)[whole], ((disc > 0) & (disc < 1)).flatten(1).sum(1)
    assert 133 <= ones.min() <= ones.max() <= 141
    assert between.max() <= 10
    gaussian = targets_of(maps, tiger_size, 512, "gaussian")
    np.testing.assert_allclose(gaussian.flatten(1).sum(1)[whole], 25.5, atol=0.5)


def test_joints_beyond_the_square_keep_their_word_and_have_no_target(animal_words):
    pose = animal((5, 20), size=(400, 100), missing=ap10k17.joints[4:])  # the left eye is far to the left
    targets = targets_of(heatmaps(pose, "animal"), pose.size, 64, "disc")
    assert visible_words(pose, "animal")[0] == "<left-eye>"
    assert targets[0].sum() == 0
    samples = Samples(Some(pose), animal_words, Showing(side=64, empty=0, named=1))
    sample = samples[0, 0]
    assert (sample["places"][:4] >= 0).all()
    assert (sample["places"][4:] == -1).all()
    assert sample["targets"][0].sum() == 0


def test_figures_share_a_target_and_other_kinds_have_none():
    far = animal((30, 20), missing=ap10k17.joints[1:])
    two = far.added(animal((10, 20), missing=ap10k17.joints[1:]).people[0])
    assert heatmaps(two, "animal")[0].sum() == pytest.approx(2 * heatmaps(far, "animal")[0].sum(), rel=1e-5)
    once, twice = (targets_of(heatmaps(pose, "animal"), far.size, 64, "disc") for pose in (far, far.added(*far.people)))
    assert (twice >= once).all()  # no sum runs over
    assert heatmaps(two, "human").sum() == 0


# ── samples ──


class Some:
    """One pose, said in many ways."""

    kind = "animal"

    def __init__(self, pose: Pose2D, count: int = 1) -> None:
        self.pose, self.count = pose, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> PosedPicture:
        image = np.full((*self.pose.size[::-1], 3), 100, np.uint8)
        return PosedPicture("some/one", image, self.pose, tuple(f"{n} tiger{slot}." for n in "abcdefgh"))


def test_samples_come_again(animal_words):
    some = Some(animal(), 4)
    first, again, other = (Samples(some, animal_words, Showing(side=64), seed) for seed in (0, 0, 1))
    keys = [(epoch, index) for epoch in range(4) for index in range(4)]
    prompts = [[samples[key]["prompt"] for key in keys] for samples in (first, again, other)]
    assert prompts[0] == prompts[1] != prompts[2]
    assert len(set(prompts[0])) > 4
    for name in ("pixels", "map", "ids", "places", "targets"):
        assert torch.equal(first[1, 2][name], again[1, 2][name])


def test_what_a_sample_holds(animal_words):
    sample = Samples(Some(animal()), animal_words, Showing(side=64, empty=0, named=1))[0, 0]
    assert {name: tuple(value.shape) for name, value in sample.items() if name != "prompt"} == {
        "pixels": (3, 64, 64), "map": (64, 64), "ids": (77,), "places": (17,), "targets": (17, 64, 64),
    }  # fmt: skip
    assert float(sample["pixels"][0, 0, 0]) == pytest.approx(100 / 127.5 - 1)
    assert (sample["places"] >= 0).all()


def test_chances_of_words(animal_words):
    def samples(count: int = 6, **chances: float) -> list[dict]:
        made = Samples(Some(animal(), count), animal_words, Showing(side=8, **chances))
        return [made[0, i] for i in range(len(made))]

    assert {sample["prompt"] for sample in samples(empty=1, named=1)} == {""}
    assert all("<" not in sample["prompt"] and sample["prompt"] for sample in samples(empty=0, named=0))
    usual = samples(60)
    empty = sum(not sample["prompt"] for sample in usual)
    named = sum("<nose>" in sample["prompt"] for sample in usual)
    assert 20 <= empty <= 40
    assert 12 <= named <= 36  # 0.5 · 0.8 of 60
    assert all((sample["places"] >= 0).any() == ("<nose>" in sample["prompt"]) for sample in usual)


def test_bodies_alone_are_drawn_where_the_map_shall_not_be_told_less():
    """A whole body is drawn as its 17 joints, an animal and a body as they are."""
    whole = next(one.person for one in read_library(library) if one.person.skeleton == wholebody133)
    pose = Pose2D((600, 1000), (whole,))
    image = np.zeros((1000, 600, 3), np.uint8)
    told = {
        body: conditioning(PosedPicture("a", image, pose, ("",)), Showing(64, "openpose"), body)["condition"]
        for body in (False, True)
    }
    alone = Pose2D(pose.size, (whole.to(coco17),))
    same = conditioning(PosedPicture("a", image, alone, ("",)), Showing(64, "openpose"))["condition"]
    assert torch.equal(told[True], same)
    assert (told[False] > 0).sum() > (told[True] > 0).sum()
    assert of_bodies(animal()).people == animal().people
    assert of_bodies(alone).people == alone.people


@pytest.mark.parametrize("condition", ["openpose", "index", "mask", "depth"])
def test_other_conditions_are_pictures(tmp_path, condition):
    path = tmp_path / "some" / "one.png"
    path.parent.mkdir()
    Image.new("RGB", (60, 40), (255, 0, 51)).save(path)
    from_folder = condition in ("mask", "depth")
    showing = Showing(side=32, condition=condition, folder=tmp_path if from_folder else None)
    found = conditioning(Some(animal())[0], showing)["condition"]
    assert found.shape == (3, 32, 32)
    assert 0 <= float(found.min()) <= float(found.max()) <= 1
    if from_folder:
        np.testing.assert_allclose(found[:, 5, 5], (1, 0, 0.2), atol=1e-6)
    else:
        assert float(found.max()) > 0.05


def test_bad_conditions_are_refused(tmp_path):
    one = Some(animal())[0]
    with pytest.raises(ValueError, match="expected a folder with prepared files of the depth, got none"):
        Showing(condition="depth")
    with pytest.raises(ValueError, match="expected a condition spctrl, openpose"):
        Showing(condition="canny")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="multiples of 8"):
        Showing(side=100)
    with pytest.raises(ValueError, match=r"expected a file some/one.png.* in .*, got none"):
        conditioning(one, Showing(condition="mask", folder=tmp_path))
    (tmp_path / "some").mkdir()
    Image.new("L", (30, 20)).save(tmp_path / "some" / "one.png")
    with pytest.raises(ValueError, match="as large as its picture, 60 × 40"):
        conditioning(one, Showing(condition="mask", folder=tmp_path))


def test_the_chance_of_bodies_alone_leaves_all_other_chances():
    whole = next(one.person for one in read_library(library) if one.person.skeleton == wholebody133)
    pictures = Some(Pose2D((600, 1000), (whole,)), 12)
    pictures.kind = "human"
    words = Words(tokenizer(), "human")
    some = [Samples(pictures, words, Showing(64, "openpose", body=body)) for body in (0.0, 0.5, 1.0)]
    kinds = []
    for key in [(0, index) for index in range(12)]:
        whole_one, half, body_one = (samples[key] for samples in some)
        assert whole_one["prompt"] == half["prompt"] == body_one["prompt"]
        kinds.append(torch.equal(half["condition"], body_one["condition"]))
        assert kinds[-1] or torch.equal(half["condition"], whole_one["condition"])
    assert 0 < sum(kinds) < 12
