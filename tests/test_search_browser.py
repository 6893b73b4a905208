"""Poses like this one, own poses, parts of poses on a figure, and motion cleaned, in the browser."""

from __future__ import annotations

import numpy as np
import pytest
from body_desk import BodyDesk
from desk import Desk, figures, standing

from engine.formats.bvh import to_bvh
from engine.motion import Motion
from engine.posing import standing as at_ease

pytestmark = pytest.mark.browser
panel = "studio.panels.library"
tiles = ".poses .pose"


@pytest.fixture
def poses(desk: Desk) -> Desk:
    """A runner of 17 points before the pose library, and no history."""
    runner = desk.ask("studio.library.placed(studio.library.byId('running'), false, 'coco17')")
    desk.put(figures(runner, size=(768, 1024)), step="pose")
    desk.ask(f"({panel}.chosen = null, {panel}.mixing.chosen.clear(), {panel}.kind = null, {panel}.alike.stop())")
    desk.ask("studio.showLibrary()")
    return desk


def titles(desk: Desk) -> list[str]:
    return desk.page.locator(tiles).evaluate_all("all => all.map((one) => one.title)")


def test_poses_like_the_figure_come_first_and_go_again(poses: Desk):
    before = titles(poses)
    assert poses.page.locator("[data-alike=selection]").is_disabled()
    poses.page.click("[data-alike=figure]")
    poses.wait(f"{panel}.alike.found")
    found = titles(poses)
    assert found[0].startswith("Running: ")
    assert found[0].endswith(" % alike")
    assert found[1] == "Running at us: 96 % alike, drawn from another side"
    assert any("mirrored" in title for title in found)
    assert len(found) < len(before)
    assert poses.page.locator(".match").count() == len(found)
    poses.page.click("[data-alike=figure]")
    assert titles(poses) == before
    assert poses.steps == 0


def test_poses_like_a_limb_and_the_search_that_has_aged(poses: Desk):
    joints = [poses.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")]
    poses.ask("store.select(0, x)", joints)
    poses.page.click("[data-alike=selection]")
    poses.wait(f"{panel}.alike.found")
    first = titles(poses)
    assert first[0].startswith("Running: ")
    assert poses.page.locator("text=Search again").count() == 0
    poses.ask("store.select(0, x)", joints[:3])
    poses.page.click("text=Search again")
    poses.wait(f"{panel}.alike.asked.joints.length === 3")
    assert poses.page.locator("text=Search again").count() == 0
    assert titles(poses) != first


def test_an_own_pose_is_kept_found_renamed_and_removed(poses: Desk):
    poses.page.click("button[aria-label='Keep this pose']")
    assert poses.toast() == "Kept among your own poses."
    poses.saved()
    poses.open()
    poses.wait("studio.own.poses.length === 1")
    poses.ask("studio.showLibrary()")
    poses.page.click("[data-kind=own]")
    poses.page.click("[data-alike=figure]")
    poses.wait(f"{panel}.alike.found")
    assert titles(poses) == ["My pose 1: 100 % alike"]
    poses.page.click(tiles)
    name = poses.page.get_by_label("Name of the pose")
    name.fill("Dash")
    name.press("Enter")
    poses.wait("studio.own.poses[0].title === 'Dash'")
    poses.page.click("button[aria-label='Remove the pose']")
    poses.wait("!studio.own.poses.length")
    assert poses.page.locator(tiles).count() == 0
    poses.page.click(".toast button:text-is('Undo')")
    poses.wait("studio.own.poses.length === 1")
    poses.ask("studio.own.remove(studio.own.poses[0].id)")
    poses.hush()


def test_arms_of_another_pose_are_tried_and_taken_as_one_step(poses: Desk):
    before = poses.people[0]
    poses.page.click("[data-pose=waving]")
    poses.page.click("[data-take=left_arm]")
    poses.page.click("[data-take=right_arm]")
    poses.wait(f"editor.ghost && !{panel}.mixing.running")
    assert poses.steps == 0
    poses.page.click("text=Take these")
    poses.wait("store.past.length === 1")
    after = poses.people[0]
    moved = np.linalg.norm(np.array(after["points"]) - before["points"], axis=1)
    wrists, ankles = ([poses.index(f"{side}_{end}") for side in ("left", "right")] for end in ("wrist", "ankle"))
    assert moved[wrists].max() > 80
    assert moved[ankles].max() < 15
    assert after["body"]
    assert not poses.ask("studio.body.work.outOfStep(store.doc.people[0])")
    assert poses.ask("store.past[0].label") == "Mix poses"
    poses.press("Control+z")
    assert poses.people[0] == before


@pytest.mark.slow
def test_a_motion_is_cleaned_compared_and_taken_home(desk: Desk, body, tmp_path):
    rng, frames = np.random.default_rng(0), []
    for _ in range(40):
        turns = at_ease().axis_angles
        turns[:22] += np.radians(2) * rng.normal(size=(22, 3))
        frames.append(at_ease().with_axis_angles(turns))
    rest = body.joints(body.poses(at_ease().with_axis_angles(np.zeros((55, 3)))))[0].double().numpy()
    path = tmp_path / "shaky.bvh"
    path.write_bytes(to_bvh(Motion(tuple(frames)), rest))
    made = BodyDesk(desk.page, desk.url)
    made.enter(standing)
    made.section("import")
    with made.page.expect_file_chooser() as dialogue:
        made.page.click("text=Open npz or bvh…")
    dialogue.value.set_files(path)
    made.wait("studio.body.exports.frames && studio.body.exports.frames.bodies.length === 40")
    made.page.click("[data-motion=clean]")
    made.wait("studio.body.exports.cleaning.made && !studio.body.exports.cleaning.job")
    told = made.ask("(({ before, after }) => ({ before, after }))(studio.body.exports.cleaning.made)")
    assert told["after"]["acceleration"] < 0.2 * told["before"]["acceleration"]
    shown = "studio.body.exports.frames.bodies === studio.body.exports.cleaning.{}"
    assert made.ask(shown.format("made.bodies"))
    made.page.click("text=As it came")
    assert made.ask(shown.format("came"))
    with made.page.expect_download() as download:
        made.page.click("[data-motion=npz]")
    assert download.value.suggested_filename.endswith("-clean.npz")
    assert made.steps == 0
    made.page.click("text=Put away")
    made.quiet()
    assert made.steps == 0
