"""The Body step in the browser: figures stand up as drawn, are posed by their handles, and the drawing follows."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from body_desk import BodyDesk
from desk import Desk, figures, near, standing

pytestmark = pytest.mark.browser
arm = ("left_shoulder", "left_elbow", "left_wrist")


@pytest.fixture
def body(desk: Desk) -> BodyDesk:
    """A standing figure of 17 points in the Body step, and no history."""
    made = BodyDesk(desk.page, desk.url)
    made.enter(standing)
    return made


def lengths(body: BodyDesk, *chain: str) -> list[float]:
    places = [body.joint(name) for name in chain]
    return [math.dist(a, b) for a, b in pairwise(places)]


# ── standing up ──


def test_a_figure_stands_up_as_it_is_drawn_in_one_step(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.put(figures(standing))
    body.go_to("body")
    body.stands()
    assert body.ask("store.past.map(({ label }) => label)") == ["Stand up in 3D"]
    assert body.doc["camera"]["size"] == [600, 800]
    assert body.people[0]["points"] == standing["points"], "the drawing is the artist's"
    for drawn, joint in (("left_wrist", "left_wrist"), ("right_ankle", "right_ankle"), ("left_knee", "left_knee")):
        x, y = body.point(drawn)
        seen = body.look("view.project(work.jointsOf(0)[work.info.at[x]])", joint)[:2]
        place = body.look("[view.paper.toScreen(x)]", [x, y])[0]
        assert math.dist(seen, place) < 30, f"{joint} stands where it is drawn"
    body.go_to("pose")
    body.go_to("body")
    body.stands()
    assert body.steps == 1, "what is in step is not fitted again"


def test_a_drawing_that_was_changed_takes_its_body_along(body: BodyDesk):
    before = body.joint("left_wrist")
    body.go_to("pose")
    body.drag_joint("left_wrist", (-60, -140))
    body.go_to("body")
    body.wait("store.past.length === 2")
    body.stands()
    assert body.ask("store.past[1].label") == "Body follows the drawing"
    assert body.joint("left_wrist")[1] > before[1] + 0.1


def test_leaving_gives_standing_up_up(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.put(figures(standing))
    body.ask("(studio.goTo('body'), studio.goTo('pose'))")
    body.go_to("photo")
    body.until("!work.rising")
    assert (body.steps, body.people) == (0, [standing])


def test_nobody_there_is_an_invitation(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.put(figures(), step="body")
    body.page.click(".welcome button.primary")
    body.stands()
    assert body.steps == 1
    assert body.people[0]["skeleton"] == "wholebody133"
    top, bottom = (body.point(joint)[1] for joint in ("nose", "left_ankle"))
    assert 0 < top < bottom < 800


def test_figures_join_standing_beside_each_other(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.put(figures(), step="body")
    body.page.click("[data-stand=running]")
    body.stands()
    assert body.steps == 1, "a pose of the library, drawn and standing"
    body.page.click(".bodypanel button:has-text('Standing figure')")
    body.stands(2)
    assert body.steps == 2
    assert abs(body.joint("pelvis", 0)[0] - body.joint("pelvis", 1)[0]) > 0.5
    body.page.mouse.click(*body.spot("pelvis", 0))
    assert body.ask("store.active") == 0, "a click on its joint takes up the other figure"
    body.page.click(".bodypanel .figure button[aria-label='Delete selection or figure'] >> nth=0")
    assert len(body.people) == 1


@pytest.mark.slow
def test_undone_standing_up_is_offered_again(body: BodyDesk):
    body.put(figures(standing), step="pose")
    body.go_to("body")
    body.stands()
    body.press("Control+z")
    assert body.people == [standing]
    assert "stands" in body.page.inner_text(".said")
    body.page.click("text=Stand it up")
    body.stands()
    assert body.steps == 1


def test_bodies_go_along_with_their_figures(body: BodyDesk):
    kept = body.body
    body.go_to("pose")
    body.press("Control+d", "Control+c", "Control+v", "[")
    people = body.people
    assert len(people) == 3
    assert all(person["body"] == kept for person in people)
    body.go_to("body")
    body.stands(3)
    places = [body.joint("pelvis", i) for i in range(3)]
    assert places[0] != places[1], "a copy that was moved in the drawing stands where it is drawn"


# ── the view ──


def test_orbit_changes_the_picture_and_not_the_work(body: BodyDesk):
    first, before = body.picture, body.doc
    assert body.look("Boolean(view.drawn)"), "at first the figure is seen as it is drawn"
    x, y = body.middle()
    body.drag((x, y), (x + 160, y - 40))
    body.until("body.frame && body.frame.image.src !== x", first)
    body.quiet()
    assert not body.look("Boolean(view.drawn)")
    assert body.doc == before
    body.press("0")
    assert body.look("Boolean(view.drawn)")


def test_the_ready_views_look_from_where_they_say(body: BodyDesk):
    place = "view.project(work.jointsOf(0)[work.info.at[x]])"
    inside = "[0, 1].every((i) => p[i] > 0 && p[i] < [view.width, view.height][i])"
    for key, name in zip("1234", ("front", "back", "left", "right"), strict=True):
        body.press(key)
        left, right = (body.look(place, f"{side}_shoulder") for side in ("left", "right"))
        across, away = left[0] - right[0], left[2] - right[2]
        seen = {"front": across > 20, "back": across < -20, "left": away < -0.1, "right": away > 0.1}
        assert seen[name], f"{name}: {left} {right}"
        assert body.look(f"body.points().map((p) => view.project(p)).every((p) => {inside})"), "all of it is in view"


def test_zoom_stays_at_the_pointer(body: BodyDesk):
    body.press("1")
    x, y = body.spot("left_wrist")
    body.page.mouse.move(x, y)
    size = body.look("view.local[2]")
    body.page.mouse.wheel(0, -400)
    body.until("view.local[2] < x * 0.8", size)
    assert math.dist(body.spot("left_wrist"), (x, y)) < 25, "what is under the pointer stays there"


def test_a_double_click_brings_a_joint_to_the_middle(body: BodyDesk):
    body.page.mouse.dblclick(*body.spot("left_shoulder"))
    x, y = body.look("view.project(work.jointsOf(0)[work.info.at.left_shoulder])")[:2]
    width, height = body.look("[view.width, view.height]")
    assert (x, y) == near((width / 2, height / 2), 2)
    assert body.steps == 0


# ── handles ──


def test_a_dragged_wrist_moves_the_wrist_of_the_drawing_in_one_step(body: BodyDesk):
    before, bones = body.doc, lengths(body, *arm)
    start, others = body.point("left_wrist"), body.point("right_ankle")
    body.pull("left_wrist", (-30, -60))
    assert body.steps == 1
    assert body.ask("store.past[0].label") == "Move joint"
    x, y = body.point("left_wrist")
    scale = body.look("view.paper.scale")
    assert (x - start[0], y - start[1]) == near((-30 / scale, -60 / scale), 12)
    assert body.point("right_ankle") == near(others, 1)
    assert lengths(body, *arm) == pytest.approx(bones, abs=1e-3), "bones keep their length"
    assert body.ask("store.doc.people[0].sources[store.skeletonOf(store.doc.people[0]).at.left_wrist]") == "artist"
    body.press("Control+z")
    assert body.doc == before
    body.press("Control+Shift+z")
    assert body.point("left_wrist") == (x, y)


def test_a_missing_joint_of_the_drawing_stays_missing(desk: Desk):
    lost = {**standing, "states": list(standing["states"])}
    lost["states"][9] = "missing"
    body = BodyDesk(desk.page, desk.url)
    body.enter(lost)
    body.pull("left_elbow", (10, -50))
    assert body.state("left_wrist") == "missing"
    assert body.point("left_wrist") == tuple(standing["points"][9])


def test_escape_gives_a_drag_up(body: BodyDesk):
    before = body.doc
    x, y = body.spot("left_wrist")
    body.page.mouse.move(x, y)
    body.page.mouse.down()
    body.page.mouse.move(x - 60, y - 60, steps=4)
    body.until("work.edit && work.edit.body")
    body.press("Escape")
    body.page.mouse.up()
    body.quiet()
    assert (body.doc, body.steps) == (before, 0)


def test_a_click_selects_and_never_nudges(body: BodyDesk):
    x, y = body.spot("left_knee")
    body.drag((x, y), (x + 2, y + 1))
    assert body.look("body.selected") == "left_knee"
    assert body.ask("studio.statusLine.textContent") == "left knee"
    assert body.steps == 0


def test_a_ring_turns_the_joint(body: BodyDesk):
    body.page.mouse.click(*body.spot("left_shoulder"))
    wrist = body.joint("left_wrist")
    x, y = body.spot("left_shoulder")
    body.drag((x - 62, y), (x - 55, y - 30), (x - 30, y - 55))
    body.stepped(1)
    assert body.ask("store.past[0].label") == "Turn joint"
    assert math.dist(wrist, body.joint("left_wrist")) > 0.1


def test_a_tag_moves_the_whole_figure(body: BodyDesk):
    tag = body.look("body.tags[0][1]")
    left, top = body.look("(({ left, top }) => [left, top])(body.front.getBoundingClientRect())")
    grip = (left + tag[0] + tag[2] / 2, top + tag[1] + tag[3] / 2)
    body.drag(grip, (grip[0] + 50, grip[1]))
    body.stepped(1)
    by = 50 / body.look("view.paper.scale")
    after = body.people[0]["points"]
    assert [a[0] - b[0] for a, b in zip(after, standing["points"], strict=True)] == near([by] * 17, 0.25 * by)


def test_a_pinned_foot_stays_when_the_pelvis_is_dragged(body: BodyDesk):
    body.page.mouse.click(*body.spot("left_ankle"))
    body.press("p")
    foot = body.joint("left_ankle")
    body.pull("pelvis", (20, 40))
    assert body.joint("left_ankle") == pytest.approx(foot, abs=0.02)


# ── keys ──


def test_arrows_nudge_the_selected_joint_as_one_step(body: BodyDesk):
    body.page.mouse.click(*body.spot("left_wrist"))
    before = body.joint("left_wrist")
    body.press("ArrowUp", "ArrowUp", "ArrowUp")
    body.stepped(1)
    assert body.ask("store.past[0].label") == "Nudge"
    assert body.joint("left_wrist")[1] - before[1] == pytest.approx(0.03, abs=0.012)


def test_a_drag_right_after_a_nudge_is_a_step_of_its_own(body: BodyDesk):
    body.page.mouse.click(*body.spot("left_wrist"))
    body.press("ArrowUp", "ArrowUp")
    x, y = body.spot("right_knee")
    body.drag((x, y), (x + 12, y - 30))
    body.stepped(2)
    assert body.ask("store.past.map(({ label }) => label)") == ["Nudge", "Move joint"]


@pytest.mark.slow
def test_a_work_that_is_opened_again_has_its_bodies(new_desk):
    desk = new_desk()
    body = BodyDesk(desk.page, desk.url)
    body.enter(standing)
    body.pull("left_wrist", (-20, -50))
    body.saved()
    before = body.doc
    body.page.reload()
    body.page.wait_for_function("document.querySelector('.contrapposto')?.dataset.ready === 'true'")
    body.stands()
    assert body.ask("studio.step") == "body"
    assert (body.doc, body.steps) == (before, 1), "it is in step, so nothing is fitted again"
    body.press("Control+z")
    assert body.doc != before


def test_tab_walks_the_joints_and_verbs_have_keys(body: BodyDesk):
    body.page.mouse.click(*body.spot("left_elbow"))
    body.press("Tab")
    assert body.look("body.selected") != "left_elbow"
    body.press("Shift+Tab")
    assert body.look("body.selected") == "left_elbow"
    body.press("e")
    body.stepped(1)
    turned = body.joint("left_wrist")
    body.press("r")
    body.stepped(2)
    assert math.dist(turned, body.joint("left_wrist")) > 0.02, "the limb is as in a standing figure"
    body.press("m")
    body.stepped(3)
    body.press("Control+d")
    body.stands(2)
    body.press("Delete")
    assert len(body.people) == 1
    assert body.steps == 5


def test_a_limb_is_copied_to_the_other_side(body: BodyDesk):
    body.pull("left_wrist", (40, -150))
    body.press("o")
    body.stepped(2)
    left, right, pelvis = (body.joint(name) for name in ("left_wrist", "right_wrist", "pelvis"))
    assert right[1] == pytest.approx(left[1], abs=0.12)
    assert right[0] - pelvis[0] == pytest.approx(-(left[0] - pelvis[0]), abs=0.15)


# ── fingers on glass ──


@pytest.mark.slow
def test_two_fingers_pinch_and_one_turns(new_desk):
    desk = new_desk(has_touch=True)
    body = BodyDesk(desk.page, desk.url)
    body.enter(standing)
    body.press("1")
    touch = body.page.context.new_cdp_session(body.page)
    before = body.look("[view.local[2], view.yaw]")
    x, y = body.middle()

    def send(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": a, "y": b, "id": i} for i, (a, b) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", (x, y), (x + 60, y))
    for spread in (80, 100, 120):
        send("touchMove", (x - spread / 2 + 30, y), (x + spread / 2 + 30, y))
    send("touchEnd")
    assert body.look("view.local[2]") == pytest.approx(before[0] / 2, rel=0.1)
    assert body.look("view.yaw") == before[1]
    send("touchStart", (x, y))
    for way in (20, 60, 100):
        send("touchMove", (x + way, y))
    send("touchEnd")
    assert body.look("view.yaw") != before[1]
    assert body.steps == 0
