"""Batches: many pictures or a video's frames in, one zip out, names kept, failures told, nothing left when stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import files
from engine.batch import Result, pictures_in, pictures_to_zip, spoken
from engine.estimate import Cancelled
from engine.pose import Person, Pose2D
from engine.scene import Scene
from engine.sequence import read_moment, read_sequence, video_to_zip
from engine.skeleton import coco17
from engine.track import Tracker
from engine.video import Recorder, frame_at, frames, open_clip
from engine.weights import MissingWeights


@dataclass(frozen=True)
class Found:
    pose: Pose2D
    model: str = "fake"
    notes: tuple[str, ...] = ()


rng = np.random.default_rng(5)
shape = rng.uniform(0.1, 0.9, (17, 2))


def person(x: float, y: float = 4, size: float = 20, points: np.ndarray = shape) -> Person:
    return Person(coco17, points * (size, 2 * size) + (x, y), np.full(17, 0.9))


class Work:
    """Stands in for a model: one person at the centre of what is red; it counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, photo: np.ndarray) -> Found:
        self.calls += 1
        if photo.shape[0] == 17:
            raise ValueError("expected another height, got 17")
        red = np.argwhere((photo[..., 0] > 150) & (photo[..., 1] < 100))
        at = red.mean(0)[::-1] if len(red) else (0.0, 0.0)
        return Found(Pose2D(photo.shape[1::-1], (person(*at, size=8),)), notes=("a guess",))


def picture(path: Path, red_at: int = 10, size: tuple[int, int] = (40, 30)) -> Path:
    image = np.full((size[1], size[0], 3), 255, np.uint8)
    image[8:12, red_at - 2 : red_at + 2] = (220, 10, 10)
    Image.fromarray(image).save(path)
    return path


def film(path: Path, count: int = 10, fps: Fraction = Fraction(30000, 1001)) -> Path:
    with Recorder(path, (64, 48), fps) as recorder:
        for n in range(count):
            image = np.full((48, 64, 3), 250, np.uint8)
            image[16:24, 8 + 2 * n :][:, :8] = (220, 10, 10)
            recorder.add(image, n / fps, 1 / fps)
    return path


# ── pictures ──


def test_pictures_become_documents_and_overlays(tmp_path):
    work = Work()
    batch = pictures_to_zip(
        [picture(tmp_path / "a.png", 10), picture(tmp_path / "b.png", 20)], work, tmp_path / "o.zip"
    )
    assert (batch.done, batch.people, batch.model, batch.failures, work.calls) == (2, 2, "fake", (), 2)
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        assert sorted(archive.namelist()) == ["a.json", "a.png", "b.json", "b.png", "index.json"]
        document, overlay = (files.read(archive.read(name)) for name in ("b.json", "b.png"))
        index = json.loads(archive.read("index.json"))
    assert document.pose == overlay.pose
    assert document.pose.people == Work()(np.array(Image.open(tmp_path / "b.png"))).pose.people
    assert overlay.photo is not None
    assert np.array_equal(overlay.photo, np.array(Image.open(tmp_path / "b.png")))
    assert index["contrapposto_batch"] == 1
    assert index["pictures"][1] == {
        "picture": "b.png", "document": "b.json", "overlay": "b.png", "people": 1, "notes": ["a guess"],
    }  # fmt: skip


def test_a_bad_picture_is_told_by_name_and_ends_nothing(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    (tmp_path / "note.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    picture(tmp_path / "odd.png", size=(40, 17))
    picture(tmp_path / "z.png")
    batch = pictures_to_zip([*pictures_in(tmp_path), tmp_path / "gone.png"], Work(), tmp_path / "o.zip")
    assert batch.done == 1
    assert [failure.name for failure in batch.failures] == ["broken.png", "note.heic", "odd.png", "gone.png"]
    assert "HEIC" in batch.failures[1].why
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        told = json.loads(archive.read("index.json"))["failures"]
    assert [row["picture"] for row in told] == ["broken.png", "note.heic", "odd.png", "gone.png"]


def test_when_nothing_can_be_read_it_is_refused_and_no_file_left(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    with pytest.raises(ValueError, match=r"none: .*broken\.png"):
        pictures_to_zip([tmp_path / "broken.png"], Work(), tmp_path / "o.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["broken.png"]


def test_a_model_that_is_missing_ends_the_batch(tmp_path):
    def work(_: np.ndarray) -> Found:
        raise MissingWeights("expected weights, got none")

    with pytest.raises(MissingWeights):
        pictures_to_zip([picture(tmp_path / "a.png")], work, tmp_path / "o.zip")


def test_same_names_are_kept_apart(tmp_path):
    (tmp_path / "sub").mkdir()
    found = [tmp_path / name for name in ("a.png", "A.jpg", "sub/a.png", "a-2.png", "index.png")]
    pictures_to_zip([picture(path) for path in found], Work(), tmp_path / "o.zip")
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        names = [name.lower() for name in archive.namelist()]
        rows = json.loads(archive.read("index.json"))["pictures"]
    assert len(set(names)) == len(names) == 11
    assert [row["document"] for row in rows] == ["a.json", "A-2.json", "a-3.json", "a-2-2.json", "index-2.json"]


def test_a_folder_is_counted_as_people_count(tmp_path):
    for name in ("f10.png", "f2.png", "F1.png", ".hidden.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["F1.png", "f2.png", "f10.png"]
    with pytest.raises(ValueError, match="expected pictures in the folder"):
        pictures_in(tmp_path / "folder.png")


def test_progress_rises_to_the_end_and_tells_the_time_left(tmp_path):
    heard: list[tuple[float, str]] = []
    pictures = [picture(tmp_path / f"{n}.png") for n in range(4)]
    pictures_to_zip(pictures, Work(), tmp_path / "o.zip", progress=lambda share, what: heard.append((share, what)))
    shares = [share for share, _ in heard]
    assert shares == [0, 0.25, 0.5, 0.75, 1]
    assert heard[0][1] == "Picture 1 of 4"
    assert heard[3][1].startswith("Picture 4 of 4, about ")
    assert heard[3][1].endswith(" left")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (7, "7 s"), (42, "40 s"), (58, "1 min"), (601, "10 min"), (8000, "2 h 13 min")]
)
def test_times_are_told_as_exactly_as_one_wants_them(seconds, words):
    assert spoken(seconds) == words


def test_cancelled_between_pictures_leaves_no_file(tmp_path):
    work = Work()
    pictures = [picture(tmp_path / f"{n}.png") for n in range(4)]
    (tmp_path / "out").mkdir()
    with pytest.raises(Cancelled):
        pictures_to_zip(pictures, work, tmp_path / "out" / "o.zip", cancelled=lambda: work.calls == 2)
    assert work.calls == 2
    assert list((tmp_path / "out").iterdir()) == []


def test_cancelled_it_keeps_what_is_done_where_that_is_wanted(tmp_path):
    work = Work()
    pictures = [picture(tmp_path / f"{n}.png") for n in range(4)]
    batch = pictures_to_zip(pictures, work, tmp_path / "o.zip", cancelled=lambda: work.calls == 2, partial=True)
    assert (batch.done, batch.cancelled) == (2, True)
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        assert sorted(archive.namelist()) == ["0.json", "0.png", "1.json", "1.png", "index.json"]
    with pytest.raises(Cancelled):  # nothing is done yet
        pictures_to_zip(pictures, work, tmp_path / "none.zip", cancelled=lambda: True, partial=True)


def test_each_picture_is_told_when_it_is_done_and_goes_by_its_own_name(tmp_path):
    (tmp_path / "x1").write_bytes(b"no picture")
    told: list[Result] = []
    pictures = [picture(tmp_path / "x0.png"), tmp_path / "x1"]
    batch = pictures_to_zip(
        pictures, Work(), tmp_path / "o.zip", names=["../../Jo.jpg", "my notes.txt"], each=told.append
    )
    assert [result.number for result in told] == [0, 1]
    assert told[0].pose is not None
    assert told[0].image is not None
    assert told[1].pose is None
    assert "my notes.txt" in told[1].why
    assert batch.failures[0].name == "my notes.txt"
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        assert sorted(archive.namelist()) == ["Jo.json", "Jo.png", "index.json"]


# ── video ──


def test_a_video_becomes_a_sequence_and_comes_back(tmp_path):
    work = Work()
    batch = video_to_zip(film(tmp_path / "a.mp4"), work, tmp_path / "o.zip")
    assert (batch.done, batch.people, batch.model, batch.notes, work.calls) == (10, 10, "fake", (), 10)
    sequence = read_sequence(tmp_path / "o.zip")
    assert (sequence.size, sequence.fps, sequence.model) == ((64, 48), Fraction(30000, 1001), "fake")
    assert sequence.seconds == pytest.approx(10 * 1001 / 30000)
    assert [moment.number for moment in sequence.moments] == list(range(10))
    assert [moment.time for moment in sequence.moments] == pytest.approx([n * 1001 / 30000 for n in range(10)])
    assert {p.name for moment in sequence.moments for p in moment.pose.people} == {"1"}
    noses = [moment.pose.people[0]["nose"][0] for moment in sequence.moments]
    assert np.diff(noses) == pytest.approx(2, abs=0.7)  # the red square goes 2 px a frame: frames in order


def test_the_overlay_shows_the_pose_over_each_frame(tmp_path):
    video_to_zip(film(tmp_path / "a.mp4"), Work(), tmp_path / "o.zip")
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        archive.extract("overlay.mp4", tmp_path)
    shown, plain = open_clip(tmp_path / "overlay.mp4"), open_clip(tmp_path / "a.mp4")
    assert (shown.size, shown.fps, shown.frames) == (plain.size, plain.fps, plain.frames)
    assert shown.seconds == pytest.approx(plain.seconds, abs=1e-3)
    for drawn, frame in zip(frames(shown), frames(plain), strict=True):
        changed = np.abs(drawn.image.astype(int) - frame.image).max(2) > 40
        assert changed[:, : frame.number * 2].sum() < changed.sum() / 2  # it goes along
        assert changed.any()


def test_each_frame_opens_as_a_document(tmp_path):
    video_to_zip(film(tmp_path / "a.mp4", 3), Work(), tmp_path / "o.zip")
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        assert sorted(archive.namelist()) == [
            "frames/000001.json", "frames/000002.json", "frames/000003.json", "index.json", "overlay.mp4",
        ]  # fmt: skip
        assert isinstance(files.read(archive.read("frames/000002.json")), Scene)


@pytest.mark.parametrize(
    ("options", "numbers"),
    [({"every": 4}, [0, 4, 8]), ({"most": 5}, [0, 2, 4, 6, 8]), ({"every": 6, "most": 5}, [0, 6])],
)
def test_fewer_frames_keep_the_length(tmp_path, options, numbers):
    work = Work()
    video_to_zip(film(tmp_path / "a.mp4"), work, tmp_path / "o.zip", **options)
    sequence = read_sequence(tmp_path / "o.zip")
    assert [moment.number for moment in sequence.moments] == numbers
    assert work.calls == len(numbers)
    assert sequence.seconds == pytest.approx(10 * 1001 / 30000)
    assert sequence.fps == Fraction(30000, 1001) / numbers[1]


def test_cancelled_between_frames_leaves_no_file(tmp_path):
    work = Work()
    film(tmp_path / "a.mp4")
    with pytest.raises(Cancelled):
        video_to_zip(tmp_path / "a.mp4", work, tmp_path / "o.zip", cancelled=lambda: work.calls == 3)
    assert work.calls == 3
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_cancelled_a_video_keeps_the_frames_done_where_that_is_wanted(tmp_path):
    work = Work()
    film(tmp_path / "a.mp4")
    told: list[Result] = []
    batch = video_to_zip(
        tmp_path / "a.mp4", work, tmp_path / "o.zip", cancelled=lambda: work.calls == 3, each=told.append, partial=True
    )
    assert (batch.done, batch.cancelled) == (3, True)
    assert [result.number for result in told] == [0, 1, 2]
    sequence = read_sequence(tmp_path / "o.zip")
    assert sequence.seconds == pytest.approx(3 * 1001 / 30000)
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        archive.extract("overlay.mp4", tmp_path)
    assert open_clip(tmp_path / "overlay.mp4").frames == 3


def test_a_frame_is_had_by_its_number(tmp_path):
    clip = open_clip(film(tmp_path / "a.mp4"))
    for frame in frames(clip, every=4):
        again = frame_at(clip, frame.number)
        assert (again.number, again.time) == (frame.number, frame.time)
        assert np.array_equal(again.image, frame.image)
    with pytest.raises(ValueError, match="from 0 to 9, got 10"):
        frame_at(clip, 10)


def test_one_moment_is_had_by_its_number_or_time_without_reading_the_others(tmp_path):
    video_to_zip(film(tmp_path / "a.mp4"), Work(), tmp_path / "o.zip", every=4)
    moments = read_sequence(tmp_path / "o.zip").moments
    with zipfile.ZipFile(tmp_path / "o.zip") as whole, zipfile.ZipFile(tmp_path / "less.zip", "w") as less:
        for name in ("index.json", "frames/000005.json"):
            less.writestr(name, whole.read(name))
    assert read_moment(tmp_path / "less.zip", number=4) == moments[1]
    assert read_moment(tmp_path / "less.zip", number=5) is None
    assert read_moment(tmp_path / "less.zip", time=moments[1].time) == moments[1]
    assert read_moment(tmp_path / "less.zip", time=moments[2].time - 0.001) == moments[1]
    assert read_moment(tmp_path / "o.zip", time=-1.0) == moments[0]
    assert read_moment(tmp_path / "o.zip", time=99.0) == moments[2]


def test_a_video_s_progress_rises(tmp_path):
    heard: list[float] = []
    video_to_zip(film(tmp_path / "a.mp4"), Work(), tmp_path / "o.zip", progress=lambda share, _: heard.append(share))
    assert heard == sorted(heard)
    assert (heard[0], heard[-1], len(heard)) == (0, 1, 11)


def test_what_is_no_sequence_is_refused(tmp_path):
    pictures_to_zip([picture(tmp_path / "a.png")], Work(), tmp_path / "o.zip")
    with pytest.raises(ValueError, match="contrapposto_sequence"):
        read_sequence(tmp_path / "o.zip")
    with pytest.raises(ValueError, match=r"a\.png"):
        read_sequence(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"contrapposto_sequence": 2}, "newer"),
        ({"fps": [30, 0]}, "fraction"),
        ({"size": [32, 48]}, "size"),
        ({"frames": []}, "at least one"),
        ({"frames": [{"document": "frames/000009.json", "number": 8, "time": 0}]}, "000009"),
    ],
)
def test_a_changed_sequence_is_refused_in_words(tmp_path, change, words):
    video_to_zip(film(tmp_path / "a.mp4", 2), Work(), tmp_path / "o.zip")
    with zipfile.ZipFile(tmp_path / "o.zip") as archive, zipfile.ZipFile(tmp_path / "changed.zip", "w") as changed:
        for name in archive.namelist():
            data = archive.read(name)
            changed.writestr(name, json.dumps(json.loads(data) | change) if name == "index.json" else data)
    with pytest.raises(ValueError, match=words):
        read_sequence(tmp_path / "changed.zip")


# ── who is who ──


def test_two_people_who_cross_keep_their_names():
    tracker, other = Tracker(), rng.uniform(0.1, 0.9, (17, 2))
    for n in range(30):
        people = [person(3 * n), person(90 - 3 * n, points=other)]
        named = tracker.named(people[:: 1 if n % 2 else -1], n / 25)[:: 1 if n % 2 else -1]
        assert [p.name for p in named] == ["2", "1"]
        assert np.array_equal(named[0].points, people[0].points)


def test_who_comes_gets_the_next_name_and_who_returns_soon_the_old_one():
    tracker = Tracker()
    names = [
        [p.name for p in tracker.named(people, time)]
        for time, people in (
            (0.0, [person(0)]),
            (0.1, [person(0), person(60)]),
            (0.2, [person(60)]),
            (0.8, [person(1), person(60)]),
            (3.0, [person(1)]),
        )
    ]
    assert names == [["1"], ["1", "2"], ["2"], ["1", "2"], ["3"]]


def test_a_figure_without_joints_does_not_upset_the_rest():
    empty = Person(coco17, np.zeros((17, 2)), np.zeros(17), ("missing",) * 17)
    tracker = Tracker()
    assert [p.name for p in tracker.named([empty, person(0)], 0)] == ["1", "2"]
    assert next(p.name for p in tracker.named([person(1), empty], 0.1)) == "2"


# ── the script ──


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).parent.parent / "scripts" / "estimate.py"
    return subprocess.run(
        [sys.executable, script, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


def test_the_script_takes_a_folder(tmp_path, example):
    (tmp_path / "in").mkdir()
    shutil.copy(example, tmp_path / "in")
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    done = run(tmp_path / "in", "--out", tmp_path / "o.zip", "--model", "quick", "--no-flip")
    assert done.returncode == 0, done.stderr
    assert "left out: broken.png" in done.stdout
    assert "Picture 1 of 2" in done.stderr
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        scene = files.read(archive.read(f"{example.stem}.json"))
    assert len(scene.pose.people) >= 1


def test_the_script_takes_a_video(tmp_path, example):
    image = np.array(Image.open(example).convert("RGB").resize((160, 120)))
    with Recorder(tmp_path / "a.mp4", (160, 120), Fraction(25)) as recorder:
        for n in range(6):
            recorder.add(image, Fraction(n, 25), Fraction(1, 25))
    done = run(tmp_path / "a.mp4", "--out", tmp_path / "o.zip", "--model", "quick", "--every", "3")
    assert done.returncode == 0, done.stderr
    assert [moment.number for moment in read_sequence(tmp_path / "o.zip").moments] == [0, 3]


@pytest.mark.parametrize("arguments", [("a.mp4", "--out", "o.json"), ("a.png", "b.mp4", "--out", "o.zip")])
def test_the_script_refuses_what_does_not_go_together(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "expected" in done.stderr
