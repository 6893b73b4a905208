"""The renderer's handle: many threads, graphics that are missing, children that die, are slow, or rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from solids import Solid, ball, stand, straight_on

from engine.render import Actor, Look, Renderer, Shot, Unavailable, packages, windows
from engine.shot import around

root = Path(__file__).parent.parent
bare = Look("flat", ground=False, shadows=False)
answers_the_probe = """
import sys, time
from engine.render_wire import receive, send
receive(sys.stdin.buffer)
send(sys.stdout.buffer, ("done", "a window"))
receive(sys.stdin.buffer)
"""


@pytest.fixture
def own():
    """A renderer of the test's own, and the process that draws for it."""
    made, child = started()
    yield made, child
    made.close()


def started(**how) -> tuple[Renderer, psutil.Process]:
    before = set(psutil.Process().children())
    made = Renderer(**how)
    if problem := made.problem():
        pytest.skip(problem)
    (child,) = set(psutil.Process().children()) - before
    return made, child


def program(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


def colored(color) -> Shot:
    return Shot((ball(color=color),), straight_on(), bare, "moving")


def hue(picture: np.ndarray) -> int:
    """Which of red, green and blue is strongest in the middle."""
    return int(picture[picture.shape[0] // 2, picture.shape[1] // 2, :3].argmax())


def test_a_picture_has_the_figure_in_it(renderer):
    picture = renderer.frame(colored((255, 40, 40)))
    assert picture.shape == (96, 96, 4)
    assert picture.dtype == np.uint8
    assert hue(picture) == 0
    assert picture[48, 48, 3] == 255
    assert picture[3, 3, 3] == 0


def test_threads_each_get_their_own_picture(renderer):
    paints = [(255, 40, 40), (40, 255, 40), (40, 40, 255)] * 6
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda paint: hue(renderer.frame(colored(paint))), paints))
    assert found == [0, 1, 2] * 6


def test_what_the_child_has_forgotten_is_told_again(renderer):
    """It keeps sixteen meshes; the handle must not believe it keeps more."""
    shots = [
        Shot((ball(center=(0.05 * k - 0.5, 0, 0), radius=0.2 + 0.01 * k),), straight_on(), bare) for k in range(24)
    ]
    first = [renderer.frame(shot) for shot in shots]
    again = [renderer.frame(shot) for shot in shots]
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert len({picture.tobytes() for picture in first}) == len(shots)


def test_an_empty_stage_is_a_picture_too(renderer):
    assert not renderer.frame(Shot((), straight_on(), Look())).any()
    assert not np.isfinite(renderer.maps(Shot((), straight_on())).depth).any()


# ── what is refused at the door ──


def test_a_broken_mesh_is_refused():
    good = ball().mesh
    with pytest.raises(ValueError, match="finite vertices"):
        Actor(Solid(np.full_like(good.vertices, np.nan), good.faces, stand, good.colors))
    with pytest.raises(ValueError, match="faces of vertices 0 …"):
        Actor(Solid(good.vertices, good.faces + len(good.vertices), stand, good.colors))
    with pytest.raises(ValueError, match=r"vertices and colors \(V, 3\)"):
        Actor(Solid(good.vertices, good.faces, stand, good.colors[:5]))
    with pytest.raises(ValueError, match="opacity"):
        Actor(good, opacity=1.5)


def test_an_unknown_light_and_a_picture_too_large_are_refused():
    with pytest.raises(ValueError, match="expected one of the lights studio"):
        Look("disco")
    with pytest.raises(ValueError, match="1 to 4096 pixels"):
        Shot((), straight_on((4097, 10)))


def test_an_unknown_encoding_is_refused(renderer):
    with pytest.raises(ValueError, match="expected one of jpg, png, webp"):
        renderer.encoded(colored((255, 255, 255)), "bmp")


# ── graphics that are missing ──


def test_a_child_that_crashes_leaves_the_program_alive(tmp_path):
    """As VTK does, by a segmentation fault, where libGL or libX11 is missing: every window is tried, and only once."""
    log = tmp_path / "tried"
    code = f"""
import os, signal
open({str(log)!r}, "a").write(os.environ["VTK_DEFAULT_OPENGL_WINDOW"] + "\\n")
os.kill(os.getpid(), signal.SIGSEGV)
"""
    broken = Renderer(command=program(code), kinds=("one", "other"))
    for _ in range(3):
        with pytest.raises(Unavailable, match=packages):
            broken.frame(colored((255, 255, 255)))
    assert broken.problem().startswith("expected a graphics library")
    assert log.read_text().split() == ["one", "other"]


def test_the_packages_named_are_those_a_space_installs():
    assert set(packages.split()) <= set((root / "packages.txt").read_text("utf-8").split())


def test_blank_frames_count_as_none():
    code = """
import sys
from engine.render_wire import receive, send
receive(sys.stdin.buffer)
send(sys.stdout.buffer, ("blank", "vtkEGLRenderWindow"))
"""
    assert "graphics library" in Renderer(command=program(code), kinds=("one",)).problem()


def test_a_missing_pyvista_is_named():
    code = "raise ModuleNotFoundError(\"No module named 'pyvista'\")"
    problem = Renderer(command=program(code), kinds=("one",)).problem()
    assert "No module named 'pyvista'" in problem
    assert "requirements.txt" in problem


def test_a_child_that_cannot_start_is_tried_again_later(tmp_path):
    broken = Renderer(command=(str(tmp_path / "none"),), kinds=("one",))
    for _ in range(2):
        assert "try again in a while" in broken.problem()


def test_the_next_kind_of_window_is_taken(renderer):
    code = """
import os, runpy
if os.environ["VTK_DEFAULT_OPENGL_WINDOW"] == "none such":
    os.abort()
runpy.run_module("engine.render_process", run_name="__main__")
"""
    here = windows(os.environ, sys.platform)
    second = Renderer(command=program(code), kinds=("none such", *here))
    assert second.problem() == ""
    assert hue(second.frame(colored((40, 40, 255)))) == 2
    second.close()


def test_windows_worth_a_try():
    assert windows({}, "linux") == ("vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow")
    assert windows({"DISPLAY": ":0"}, "linux")[0] == ""
    assert windows({}, "win32") == ("",)
    assert windows({"VTK_DEFAULT_OPENGL_WINDOW": "mine"}, "linux") == ("mine",)


def test_chatter_does_not_come_between_the_answers(renderer):
    code = """
import os, runpy
import engine.render_scene as place
drawn = place.Scene.frame
place.Scene.frame = lambda *told: (os.write(1, b"ERROR: In vtk.cxx, line 1\\n"), drawn(*told))[1]
runpy.run_module("engine.render_process", run_name="__main__")
"""
    loud = Renderer(command=program(code))
    assert hue(loud.frame(colored((40, 255, 40)))) == 1
    loud.close()


# ── children that end ──


def test_a_killed_child_is_started_again(own):
    renderer, child = own
    child.kill()
    child.wait()
    assert hue(renderer.frame(colored((40, 255, 40)))) == 1


@pytest.mark.slow
def test_a_child_killed_while_it_draws_is_started_again(own):
    renderer, child = own
    child.suspend()
    killer = threading.Timer(0.3, child.kill)
    killer.start()
    assert hue(renderer.frame(colored((40, 40, 255)))) == 2


def test_a_child_that_dies_of_every_picture_is_given_up():
    fragile = Renderer(command=program(answers_the_probe + "import os; os.abort()"), kinds=("one",))
    for _ in range(2):
        with pytest.raises(Unavailable, match="crashed twice"):
            fragile.frame(colored((255, 255, 255)))
    fragile.close()


def test_a_child_that_takes_too_long_is_ended():
    slow = Renderer(limit=1.5, command=program(answers_the_probe + "time.sleep(600)"), kinds=("one",))
    with pytest.raises(Unavailable, match=r"within 1\.5 seconds"):
        slow.frame(colored((255, 255, 255)))
    slow.close()


@pytest.mark.slow
def test_an_idle_child_is_let_go_and_comes_back():
    brief, child = started(idle=0.3)
    child.wait(60)
    assert hue(brief.frame(colored((255, 40, 40)))) == 0
    brief.close()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_the_child_goes_when_the_program_is_killed(renderer):
    code = """
import psutil
from engine.render import Renderer
kept = Renderer()
assert not kept.problem()
print(psutil.Process().children()[0].pid, flush=True)
input()
"""
    program_ = subprocess.Popen(
        program(code),
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    child = psutil.Process(int(program_.stdout.readline()))
    program_.send_signal(signal.SIGKILL)
    program_.wait()
    child.wait(60)
    assert not child.is_running()


@pytest.mark.slow
def test_closing_ends_the_child(own):
    renderer, child = own
    renderer.close()
    assert not child.is_running()
    assert hue(renderer.frame(colored((40, 255, 40)))) == 1


# ── all around ──


def test_a_turntable_keeps_its_distance_and_comes_round():
    shot = Shot((ball(center=(0.7, 0.2, -0.3)),), straight_on())
    cameras = around(shot, 8, 360)
    middle = np.array([0.7, 0.2, -0.3])
    depths = [camera.in_camera(middle)[2] for camera in cameras]
    assert np.allclose(depths, depths[0], atol=1e-6)
    assert np.allclose([camera.project(middle) for camera in cameras], cameras[0].project(middle), atol=1e-4)
    eyes = np.array([-camera.T_camera_world[:3, :3].T @ camera.T_camera_world[:3, 3] for camera in cameras])
    assert np.allclose(eyes[:, 1], eyes[0, 1])
    assert len(np.unique(eyes.round(6), axis=0)) == 8
    assert np.allclose(eyes[0] + eyes[4], 2 * middle * [1, 0, 1] + [0, 2 * eyes[0, 1], 0], atol=1e-6)
    with pytest.raises(ValueError, match="at least one frame"):
        around(shot, 0, 360)
