"""The desktop window: which files it shows, and that it needs neither the page nor, to refuse, a display."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import files
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.formats.bvh import to_bvh
from engine.formats.smplx_npz import to_smplx_npz
from engine.motion import Motion
from engine.pose import Person, Pose2D
from engine.render import Renderer, windows
from engine.scene import Scene
from engine.skeleton import coco17
from engine.stage import Stage
from engine.viewer import film

root = Path(__file__).parent.parent
bent = BodyPose().with_joint("left_elbow", (0.0, -1.0, 0.0))


@pytest.fixture(scope="module")
def stage():
    made = Stage()
    yield made
    made.close()


def scene(*bodies: BodyPose | None) -> Scene:
    points = np.full((17, 2), 50.0)
    people = tuple(Person(coco17, points, np.ones(17), body=body) for body in bodies)
    camera = Camera.looking_at(np.zeros(3), np.array([0.0, 0.0, 4.0]), (200, 100), 240.0)
    return Scene(Pose2D((200, 100), people), camera=camera)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["document", "project"])
def test_a_work_shows_its_bodies_as_its_camera_sees_them(stage, tmp_path, kind):
    work = scene(bent, None, BodyPose())
    shown = film(stage, written(tmp_path / "work", files.write(work, kind)))
    assert shown.frames == ((bent, BodyPose()),)
    assert shown.camera == work.camera


def test_a_work_without_bodies_says_so(stage, tmp_path):
    path = written(tmp_path / "flat.json", files.write(scene(None, None), "document"))
    with pytest.raises(ValueError, match=r"“flat.json” there are 2 figures without"):
        film(stage, path)


def test_motions_are_films(stage, tmp_path):
    motion = Motion((BodyPose(), bent, BodyPose()), fps=24.0)
    rest = stage.joints(BodyPose())
    for name, data in (("walk.npz", to_smplx_npz(motion)), ("walk.bvh", to_bvh(motion, rest))):
        shown = film(stage, written(tmp_path / name, data))
        assert len(shown.frames) == 3
        assert shown.fps == pytest.approx(24, rel=1e-4)
        assert np.allclose(shown.frames[1][0].joint("left_elbow"), (0, -1, 0), atol=1e-3)


def test_other_files_are_refused(stage, tmp_path):
    with pytest.raises(ValueError, match="which is none"):
        film(stage, tmp_path / "nothing.npz")
    with pytest.raises(ValueError, match="neither"):
        film(stage, written(tmp_path / "notes.txt", b"hello"))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there always is a display")
def test_without_a_display_the_program_says_so(tmp_path):
    path = written(tmp_path / "stand.npz", to_smplx_npz(bent))
    there = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "app.py", "--viewer", str(path)], cwd=root, env=there, capture_output=True
    )
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "contrapposto: expected a display for a window, got none" in said
    assert "Traceback" not in said
    assert "gradio" not in said  # nothing of the page was imported


@pytest.mark.slow
def test_the_window_shows_the_figure_and_obeys_its_keys(tmp_path):
    """Off the screen, in a process of its own: a window without graphics takes its process along."""
    with_graphics = Renderer()
    if problem := with_graphics.problem():
        pytest.skip(problem)
    with_graphics.close()
    path = written(tmp_path / "two.npz", to_smplx_npz(Motion((BodyPose(), bent))))
    code = f"""
from pathlib import Path
from engine.stage import Stage
from engine.viewer import Window, film, night
stage = Stage()
window = Window(stage, film(stage, Path({str(path)!r})), off_screen=True)
def picture():
    window.plotter.render()
    return window.plotter.screenshot(return_img=True)[:900].astype(int)
first = picture()
assert first.shape == (900, 960, 3), first.shape
assert first.std(axis=(0, 1)).min() > 5
window.verbs["Right"]()
assert window.frame == 1
assert abs(picture() - first).max() > 100
window.verbs["Left"]()
for key in ("l", "g", "k"):
    before = picture()
    window.verbs[key]()
    assert (picture() != before).any(), key
window.verbs["d"]()
assert (picture()[2, 2] == night).all()
"""
    kind = {"VTK_DEFAULT_OPENGL_WINDOW": windows(os.environ, sys.platform)[0], "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | kind, cwd=root, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
