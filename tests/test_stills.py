"""Turntables and maps as files: they open again with what was drawn."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image
from solids import ball, straight_on

from engine.progress import Cancelled
from engine.render import Look, Maps, Shot
from engine.stills import depth_millimetres, depth_picture, gif, maps_file, mp4, turntable
from engine.video import frames, open_clip


@pytest.fixture
def shot() -> Shot:
    """Two balls, so that every side looks different."""
    pair = ball(center=(0.5, 0, 0), radius=0.3, color=(220, 60, 60)), ball(center=(-0.5, 0, 0), radius=0.2)
    return Shot(pair, straight_on((80, 60)), Look("flat", background=(20, 40, 60)), "moving")


def shades(count: int, size=(40, 30)) -> list[np.ndarray]:
    return [np.full((size[1], size[0], 3), 20 + 200 * k // count, np.uint8) for k in range(count)]


def test_a_turntable_as_gif(renderer, shot):
    done: list[float] = []
    data = turntable(renderer, shot, "gif", frames=7, seconds=0.7, progress=lambda share, _: done.append(share))
    opened = Image.open(io.BytesIO(data))
    assert (opened.n_frames, opened.size, opened.info["loop"]) == (7, (80, 60), 0)
    assert [round(share * 7) for share in done] == [1, 2, 3, 4, 5, 6, 7]
    drawn = []
    for k in range(7):
        opened.seek(k)
        drawn.append(np.asarray(opened.convert("RGB")).astype(int))
        assert opened.info["duration"] == 100
    assert np.abs(drawn[0][2, 2] - (20, 40, 60)).max() < 12
    assert np.abs(drawn[0] - drawn[3]).max() > 60
    first = renderer.frame(shot)[..., :3].astype(int)
    assert np.abs(drawn[0] - first).mean() < 8


def test_a_turntable_as_video(renderer, shot, tmp_path):
    path = tmp_path / "turn.mp4"
    path.write_bytes(turntable(renderer, replace(shot, camera=straight_on((81, 61))), "mp4", frames=6, seconds=0.5))
    clip = open_clip(path)
    read = list(frames(clip))
    assert len(read) == 6
    assert clip.size == (82, 62)
    assert [frame.time for frame in read] == [Fraction(k, 12) for k in range(6)]
    assert sum(frame.lasts for frame in read) == pytest.approx(0.5, abs=1e-3)


def test_a_shot_without_background_is_put_on_paper(renderer, shot):
    data = turntable(renderer, replace(shot, look=Look("flat", ground=False)), "gif", frames=1)
    assert np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[2, 2].min() > 200


def test_a_turntable_stops_when_asked(renderer, shot):
    seen: list[float] = []
    with pytest.raises(Cancelled):
        turntable(renderer, shot, "gif", 40, 2.0, lambda share, _: seen.append(share), lambda: len(seen) >= 3)
    assert len(seen) == 3


def test_impossible_turntables_are_refused(renderer, shot):
    for told in ({"kind": "avi"}, {"kind": "gif", "frames": 0}, {"kind": "gif", "seconds": 0.0}):
        with pytest.raises(ValueError, match="expected"):
            turntable(renderer, shot, **told)
    vast = replace(shot, camera=shot.camera.scaled((4096, 4096 * shot.camera.size[1] // shot.camera.size[0])))
    with pytest.raises(ValueError, match="million pixels, got 240 frames of 4096"):
        turntable(renderer, vast, "gif", 240)


def test_a_gif_keeps_its_time_where_a_frame_is_no_whole_hundredth():
    opened = Image.open(io.BytesIO(gif(iter(shades(30)), Fraction(1, 24))))
    total = 0
    for k in range(opened.n_frames):
        opened.seek(k)
        total += opened.info["duration"]
    assert total == 1250


def test_a_video_of_shades_opens_again(tmp_path):
    path = tmp_path / "shades.mp4"
    path.write_bytes(mp4(iter(shades(5)), Fraction(1, 25), (40, 30)))
    found = [frame.image.mean() for frame in frames(open_clip(path))]
    assert np.abs(np.array(found) - [one.mean() for one in shades(5)]).max() < 4


# ── maps ──


@pytest.fixture
def maps() -> Maps:
    depth = np.full((20, 30), np.inf, np.float32)
    depth[5:15, 5:25] = np.linspace(2.0, 4.0, 20, dtype=np.float32)
    mask = np.where(np.isfinite(depth), 255, 0).astype(np.uint8)
    normal = np.full((20, 30, 3), (128, 128, 255), np.uint8)
    normal[8, 8] = (255, 10, 128)
    return Maps(depth, normal, mask, mask // 2)


def test_depth_is_light_where_it_is_near(maps):
    picture = depth_picture(maps.depth)
    assert picture[10, 5] == 255
    assert picture[10, 24] == 64
    assert (np.diff(picture[10, 5:25].astype(int)) < 0).all()
    assert not picture[0].any()
    # Even in 1 / m: half-way between 1/2 and 1/4 is 1/(8/3).
    halfway = depth_picture(np.array([[2.0, 8 / 3, 4.0]]))
    assert halfway[0, 1] == pytest.approx((255 + 64) / 2, abs=1)
    assert not depth_picture(np.full((3, 3), np.inf)).any()
    assert depth_picture(np.full((3, 3), 2.0)).min() >= 64


def test_millimetres(maps):
    found = depth_millimetres(maps.depth)
    assert found.dtype == np.uint16
    assert (found[10, 5], found[10, 24], found[0, 0]) == (2000, 4000, 0)
    assert depth_millimetres(np.array([[1000.0, 0.0001]])).tolist() == [[65535, 1]]


def test_maps_open_again(maps):
    for kind, expected in (("normal", maps.normal), ("mask", maps.mask), ("canny", maps.canny)):
        assert (np.asarray(Image.open(io.BytesIO(maps_file(maps, kind)))) == expected).all()
    assert (np.asarray(Image.open(io.BytesIO(maps_file(maps, "depth")))) == depth_picture(maps.depth)).all()


def test_all_maps_in_one_file(maps):
    with zipfile.ZipFile(io.BytesIO(maps_file(maps, "maps"))) as archive:
        assert set(archive.namelist()) == {
            "depth.png", "depth_mm.png", "depth.npy", "normal.png", "mask.png", "canny.png",
        }  # fmt: skip
        assert archive.testzip() is None
        assert (np.load(io.BytesIO(archive.read("depth.npy"))) == maps.depth).all()
        millimetres = np.asarray(Image.open(io.BytesIO(archive.read("depth_mm.png"))))
        assert (millimetres == depth_millimetres(maps.depth)).all()


def test_an_unknown_map_is_refused(maps):
    with pytest.raises(ValueError, match="depth, normal, mask, canny or maps"):
        maps_file(maps, "albedo")
