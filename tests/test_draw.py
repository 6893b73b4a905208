"""The three paints: equal to the published tools to the pixel, and robust to any pose."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.draw import index_map, joint_radius, layers, openpose_map, overlay, palette, paper
from engine.pose import Person, Pose2D, State
from engine.skeleton import ap10k17, coco17, crowdpose14, face68, hand21, openpose18, skeletons, wholebody133

demo_folder = Path(__file__).parents[2] / "shared" / "eval" / "ap10k"

# Coordinates decoded from the published demo maps; "–" is a missing joint.
ap10k_222 = """132,150 – 128,180 202,183 384,143 227,234 226,276 209,349 278,231 302,278 328,335 352,219 389,256
387,342 384,210 413,234 413,331"""
ap10k_1996 = """349,74 285,70 315,106 293,220 57,124 299,334 285,392 287,462 213,304 215,386 209,458 145,278 137,378
147,448 45,240 41,334 17,434"""
cartoon = """186,167 211,152 157,152 245,161 98,167 183,252 139,253 207,268 123,280 229,268 101,290 178,309
151,310 193,348 139,349 197,385 138,385"""
garage = """289,300 348,266 232,260 395,287 188,288 344,372 228,374 374,448 193,434 402,506 161,499 317,522
245,524 317,594 244,593 313,649 242,648"""
dance = (
    """327,165 323,155 318,156 – 293,167 243,225 339,220 207,174 433,277 195,98 505,259 283,370 353,365
245,519 367,529 183,640 396,670""",
    """763,336 774,330 763,321 – 747,295 738,353 686,272 806,386 603,260 864,340 544,239 579,380 558,315
540,502 462,231 537,632 358,206""",
)


def person(skeleton, text: str) -> Person:
    places = [None if word == "–" else [int(v) for v in word.split(",")] for word in text.split()]
    states: tuple[State, ...] = tuple("missing" if place is None else "visible" for place in places)
    return Person(skeleton, np.array([place or (0, 0) for place in places]), np.ones(len(places)), states)


def sha(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def counts(codes: np.ndarray) -> dict[int, int]:
    found, number = np.unique(codes, return_counts=True)
    return dict(zip(found.tolist(), number.tolist(), strict=True))


def standing(skeleton=coco17, size=(400, 500)) -> Pose2D:
    """Somebody whose joints are all apart and inside the picture."""
    n = len(skeleton)
    t = np.arange(n) * 2.4
    r = 20 + 150 * np.sqrt(np.arange(n) / n)
    points = np.stack([200 + r * np.cos(t), 250 + 1.2 * r * np.sin(t)], axis=1)
    return Pose2D(size, (Person(skeleton, points, np.ones(n)),))


# ── what the published tools draw ──


@pytest.mark.parametrize(
    ("text", "size", "index_sha", "color_sha"),
    [
        (ap10k_222, (500, 433), "0ec741a32c5a7b99", "d7ba0461fe6df4a9"),
        (ap10k_1996, (500, 476), "80ee04f94df35dfe", "d5747ca21a90972a"),
    ],
)
def test_animal_demos_hash_as_published(text, size, index_sha, color_sha):
    pose = Pose2D(size, (person(ap10k17, text),))
    assert sha(index_map(pose)) == index_sha
    assert sha(openpose_map(pose)) == color_sha


@pytest.mark.shared
@pytest.mark.parametrize("image_id", [222, 1996])
def test_animal_demos_redraw_to_the_pixel(image_id):
    folder = demo_folder / "demo" / f"ap10k_{image_id:012d}"
    if not folder.exists():
        pytest.skip("needs the AP-10K demo beside the project")
    lines = map(json.loads, (demo_folder / "val_split1.jsonl").read_text().splitlines())
    entry = next(line for line in lines if line["image_id"] == image_id)
    people = []
    for annotation in entry["anns"]:
        table = np.array(annotation["keypoints"], float).reshape(17, 3)
        states = tuple("visible" if v > 0 else "missing" for v in table[:, 2])
        people.append(Person(ap10k17, table[:, :2], np.ones(17), states))
    pose = Pose2D((entry["width"], entry["height"]), tuple(people))
    assert (index_map(pose) != np.array(Image.open(folder / "pose_kptindex.png").convert("L"))).sum() == 0
    assert (openpose_map(pose) != np.array(Image.open(folder / "openpose.png").convert("RGB"))).sum() == 0


@pytest.mark.parametrize(
    ("text", "size", "ears_to_shoulders"), [(cartoon, (295, 429), (780, 678)), (garage, (572, 700), (703, 673))]
)
def test_human_art_joints_and_limbs_count_as_published(text, size, ears_to_shoulders):
    found = counts(index_map(Pose2D(size, (person(coco17, text),))))
    assert set(found) == {0, *range(1, 18), *range(51, 70)}
    assert all(found[joint] == 49 for joint in range(1, 18))
    # The published limbs were drawn from fractions of a pixel that the decoded coordinates lack.
    assert (found[68], found[69]) == pytest.approx(ears_to_shoulders, rel=0.03)


def test_human_art_two_dancers_count_as_published():
    found = counts(index_map(Pose2D((1000, 729), tuple(person(coco17, text) for text in dance))))
    # One wrist lies half under the other dancer's thigh, whose edge hangs on fractions of a pixel.
    assert found.pop(11) == pytest.approx(85, abs=8)
    assert {k: n for k, n in found.items() if 0 < k < 18} == {
        k: 86 if k == 2 else 98 for k in range(1, 18) if k not in (4, 11)
    }
    assert not {4, 66, 68} & set(found)


# ── who is drawn how ──


def test_openpose_takes_any_human_by_name():
    pose = standing()
    assert np.array_equal(openpose_map(pose), openpose_map(pose.to(openpose18)))
    neck = pose.people[0].to(openpose18)["neck"].astype(int)
    assert tuple(openpose_map(pose)[neck[1], neck[0]]) == palette[1]


def test_feet_are_not_part_of_the_openpose_look():
    whole = standing(wholebody133)
    footless = whole.people[0]
    for joint in footless.skeleton.joints[17:23]:
        footless = footless.with_state(joint, "missing")
    assert np.array_equal(openpose_map(whole), openpose_map(whole.with_person(0, footless)))


def test_hands_blue_and_faces_white():
    hand, face = openpose_map(standing(hand21)), openpose_map(standing(face68))
    assert (hand == (0, 0, 255)).all(2).sum() > 20 * 45
    assert {tuple(c) for c in face.reshape(-1, 3)} == {(0, 0, 0), (255, 255, 255)}


@pytest.mark.parametrize(
    ("size", "half_width"), [((400, 499), 4), ((400, 500), 8), ((1500, 400), 12), ((40, 9000), 28)]
)
def test_thick_widens_limbs_by_the_longest_side_and_leaves_joints(size, half_width):
    level = np.array([[20.0 + 15 * i, 100] for i in range(17)])
    pose = Pose2D(size, (Person(ap10k17, level, np.ones(17)),))
    thin, thick = openpose_map(pose), openpose_map(pose, thick=True)
    column = [image[:, 27].max(1) > 0 for image in (thin, thick)]
    assert column[0].sum() <= 9
    assert column[1].sum() <= 2 * half_width + 1
    long = replace(pose.people[0], points=np.where(np.arange(17)[:, None] == 4, (20.0, 200.0), level))
    drawn = openpose_map(Pose2D(size, (long,)), thick=True)
    assert (drawn == palette[4]).all(2).sum() == 49


def test_index_map_numbers_humans_as_coco_whatever_their_skeleton():
    pose = standing(wholebody133)
    assert np.array_equal(index_map(pose), index_map(pose.to(coco17)))
    assert index_map(standing(crowdpose14)).max() <= 69


def test_index_map_refuses_what_its_numbers_cannot_say():
    human, animal = standing().people[0], standing(ap10k17).people[0]
    with pytest.raises(ValueError, match="got both"):
        index_map(Pose2D((400, 500), (human, animal)))
    with pytest.raises(ValueError, match="lone hand or face"):
        index_map(standing(hand21))


@pytest.mark.parametrize("name", sorted(skeletons))
def test_every_skeleton_has_an_overlay_and_an_openpose_map(name):
    pose = standing(skeletons[name])
    assert (overlay(pose) != paper).any()
    assert openpose_map(pose).any()


def test_hidden_bones_vanish_also_where_another_skeleton_takes_their_place():
    pose = standing()
    everything = frozenset(pose.people[0].skeleton.bones)
    boneless = pose.with_person(0, replace(pose.people[0], hidden_bones=everything))
    assert index_map(boneless).max() == 17
    lines = [limb.joints for layer in layers(boneless.people[0], openpose18) for limb in layer.limbs]
    assert lines == [("neck", "nose")]  # COCO has no such bone to hide


def test_groups_in_front_are_drawn_over_the_rest():
    center = np.full((17, 2), 60.0)
    stacked = Person(coco17, center, np.ones(17))
    at_center = [index_map(Pose2D((120, 120), (p,)))[60, 60] for p in (stacked, replace(stacked, front=("left_arm",)))]
    assert at_center == [17, coco17.index("left_wrist") + 1]


def test_a_person_in_front_covers_the_one_behind():
    one, two = standing().people[0], standing().people[0].shifted((3, 0))
    both = Pose2D((400, 500), (one, two))
    alone = index_map(Pose2D((400, 500), (two,)))
    assert np.array_equal(index_map(both)[alone > 0], alone[alone > 0])


# ── the overlay ──


def test_overlay_keeps_the_photo_where_nothing_is_drawn():
    photo = np.random.default_rng(0).integers(0, 256, (500, 400, 3), np.uint8)
    drawn = overlay(standing(), photo)
    untouched = (overlay(standing()) == paper).all(2)
    assert untouched.mean() > 0.5
    assert np.array_equal(drawn[untouched], photo[untouched])
    with pytest.raises(ValueError, match="expected a photo"):
        overlay(standing(), photo[:-1])


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_overlay_reads_on_any_ground(ground):
    drawn = overlay(standing(), np.full((500, 400, 3), ground, np.uint8)).astype(int).sum(2)
    assert drawn.max() > 700  # the light core …
    assert drawn.min() < 250  # … in its dark halo


def test_overlay_opens_hidden_joints():
    pose = standing()
    x, y = np.round(pose.people[0]["left_wrist"]).astype(int)
    hidden = pose.with_person(0, pose.people[0].with_state("left_wrist", "hidden"))
    assert overlay(hidden)[y, x].sum() < overlay(pose)[y, x].sum() - 200


# ── any pose ──


@st.composite
def poses(draw) -> Pose2D:
    size = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    people = []
    for _ in range(draw(st.integers(0, 3))):
        skeleton = skeletons[draw(st.sampled_from(sorted(skeletons)))]
        n = len(skeleton)
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        spread = draw(st.sampled_from([0.0, 1.0, 100.0, 1e5, 1e12, 1e300]))
        states = tuple(rng.choice(["visible", "hidden", "missing"], n, p=draw(st.sampled_from(state_shares))).tolist())
        groups = [name for name, _ in skeleton.groups]
        front = tuple(draw(st.lists(st.sampled_from(groups), max_size=3, unique=True))) if groups else ()
        hidden = frozenset(bone for bone in skeleton.bones if rng.random() < 0.2)
        points = rng.normal(0, spread, (n, 2)) + 100
        people.append(Person(skeleton, points, np.ones(n), states, hidden_bones=hidden, front=front))
    return Pose2D(size, tuple(people))


state_shares = [(0.6, 0.2, 0.2), (0.0, 0.1, 0.9), (0.0, 0.0, 1.0)]


@settings(max_examples=60, deadline=None)
@given(poses())
def test_any_pose_draws(pose):
    width, height = pose.size
    for image in (openpose_map(pose), openpose_map(pose, thick=True), overlay(pose)):
        assert (image.shape, image.dtype) == ((height, width, 3), np.uint8)
    if not any(p.present.any() for p in pose.people):
        assert not openpose_map(pose).any()
        assert (overlay(pose) == paper).all()
    humans = replace(
        pose, people=tuple(p for p in pose.people if len(p.skeleton) not in (21, 68) and p.skeleton != ap10k17)
    )
    drawn = index_map(humans)
    assert drawn.shape == (height, width)
    assert np.isin(drawn, (0, *range(1, 18), *range(51, 70))).all()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([coco17, ap10k17]), st.sets(st.integers(0, 16)))
def test_missing_joints_draw_nothing(skeleton, gone):
    pose = standing(skeleton)
    thinned = pose.people[0]
    for i in gone:
        thinned = thinned.with_state(skeleton.joints[i], "missing")
    found = counts(index_map(pose.with_person(0, thinned)))
    assert {code for code in found if 0 < code < 18} == {i + 1 for i in range(17) if i not in gone}
    drawn = [limb for layer in layers(thinned) for limb in layer.limbs]
    assert not any(joint in limb.joints for limb in drawn for joint in (skeleton.joints[i] for i in gone))


def test_joints_are_discs_of_their_radius_in_and_across_the_border():
    dot = Person(coco17, np.zeros((17, 2)), np.ones(17), ("visible", *["missing"] * 16))
    assert (index_map(Pose2D((40, 40), (dot.shifted((20, 20)),))) == 1).sum() == 49
    assert (index_map(Pose2D((40, 40), (dot.shifted((-joint_radius - 2, 20)),))) == 0).all()
