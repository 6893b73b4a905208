"""Arms of this pose, legs of that one: what is taken stays, the rest stays, the join is natural."""

import numpy as np
import pytest

from app.mixes import mix
from engine.fit import camera_for
from engine.formats.people import from_body, from_camera
from engine.mixing import mixed, offered
from engine.placing import placed
from engine.posing import mirrored, parts
from engine.rig import axis_angles, joint_number, matrices
from engine.stage import Stage

arms, legs = ("left_arm", "right_arm"), ("left_leg", "right_leg")


@pytest.fixture(scope="module")
def stage():
    return Stage()


@pytest.fixture(scope="module")
def put(stage):
    def made(onto, taken, *chosen, **more):
        pose = stage.examples.pose
        return mixed(stage.body(), stage.natural, stage.limits, pose(onto), pose(taken), chosen, **more)

    return made


def apart(a, b, *names: str) -> float:
    """Mean degrees between joints of two poses, each in its parent's frame."""
    rows = [joint_number(joint) for name in names for joint in parts.get(name, (name,))]
    turns = np.swapaxes(matrices(a.axis_angles), -1, -2) @ matrices(b.axis_angles)
    return float(np.degrees(np.linalg.norm(axis_angles(turns[rows]), axis=-1)).mean())


@pytest.mark.parametrize(("onto", "taken", "chosen"), [("sitting", "throwing", arms), ("reaching-up", "running", legs)])
def test_what_is_taken_and_the_rest_stay(stage, put, onto, taken, chosen):
    found = put(onto, taken, *chosen)
    other = legs if chosen == arms else arms
    assert apart(found, stage.examples.pose(taken), *chosen) < 5
    assert apart(found, stage.examples.pose(onto), *other) < 5
    assert apart(found, stage.examples.pose(onto), *chosen) > 15
    assert (found.betas == stage.examples.pose(onto).betas).all()


def test_the_join_is_more_natural_than_the_parts_put_together(stage, put):
    pairs = [("sitting", "throwing", arms), ("reaching-up", "running", legs), ("arabesque", "guard", ("trunk", *arms))]
    gains = []
    for onto, taken, chosen in pairs:
        found = put(onto, taken, *chosen)
        turns = stage.examples.pose(onto).axis_angles
        rows = [joint_number(joint) for name in chosen for joint in parts[name]]
        turns[rows] = stage.examples.pose(taken).axis_angles[rows]
        rough = stage.examples.pose(onto).with_axis_angles(turns)
        before, after = stage.natural.unnatural([rough, found])
        gains.append(before - after)
    assert np.mean(gains) > 0.01


def test_a_part_of_itself_changes_nothing(stage, put):
    found = put("sitting", "sitting", "left_arm", "trunk", "left_leg")
    assert (found.axis_angles == stage.examples.pose("sitting").axis_angles).all()


def test_legs_stand_on_the_ground_that_was_there(stage, put):
    found = put("sitting", "walking", *legs)
    soles = [joint_number(name) for name in ("left_foot", "right_foot", "left_ankle", "right_ankle")]
    before, after = (
        stage.body().joints(stage.body().poses(one))[0].numpy()[:, 1] for one in (stage.examples.pose("sitting"), found)
    )
    assert abs(after[soles].min() - before[soles].min()) < 0.03


def test_a_mirror_takes_the_other_side(stage, put):
    found = put("at-ease", "pointing", "left_arm", mirror=True)
    assert apart(found, mirrored(stage.examples.pose("pointing")), "left_arm") < 5


def test_half_way_is_half_way_and_all_is_the_pose(stage, put):
    half, whole = (put("at-ease", "waving", *arms, blend=part) for part in (0.5, 1.0))
    start = stage.examples.pose("at-ease")
    assert apart(half, start, *arms) == pytest.approx(apart(whole, start, *arms) / 2, rel=0.2)
    everything = put("at-ease", "running", *offered)
    assert apart(everything, stage.examples.pose("running"), *offered) < 1e-3


def test_the_page_sees_where_the_joints_go(stage):
    camera = camera_for((600, 800))
    body = placed(stage.body(), stage.examples.pose("at-ease"), camera)
    told = {"body": from_body(body), "taken": {"id": "waving"}, "camera": from_camera(camera), "skeleton": "coco17"}
    found = mix(stage, told | {"parts": ["right_arm", "left_arm", "hands"]})
    moved = np.linalg.norm(np.array(found["points"]) - found["before"], axis=1)
    assert moved[[9, 10]].max() > 100
    assert moved[[15, 16]].max() < 15
    assert mix(stage, told | {"parts": ["left_arm"]}) == mix(stage, told | {"parts": ["left_arm"]})
    for wrong in ({"parts": []}, {"parts": ["tail"]}, {"parts": ["head"], "taken": {"id": "nobody"}}, {"taken": {}}):
        with pytest.raises(ValueError, match="expected"):
            mix(stage, {"parts": ["head"]} | told | wrong)
