"""What looks off and proportions, in the page: told quietly, set right in one step, kept in this browser."""

import pytest
from desk import figures, standing

pytestmark = pytest.mark.browser

looked = "studio.lint.issues"


def test_exchanged_arms_are_told_shown_and_set_right(desk):
    desk.wait(looked)
    assert desk.ask("studio.lint.issues.length") == 0
    before = desk.people[0]["points"]
    swapped = {"left_elbow": "right_elbow", "left_wrist": "right_wrist", "left_shoulder": "right_shoulder"}
    pairs = [[desk.index(a), desk.index(b)] for a, b in swapped.items()]
    desk.ask(
        "store.editPerson('mix', 0, (person) => { const points = person.points.map((p) => [...p]);"
        " for (const [a, b] of x) [points[a], points[b]] = [points[b], points[a]]; return { ...person, points }; })",
        pairs,
    )
    desk.wait("studio.lint.issues?.length === 1")
    page = desk.page
    tally = page.locator(".inspector .tally")
    assert "One thing looks off" in tally.inner_text()
    tally.click()
    row = page.locator(".inspector .issue")
    row.hover()
    assert desk.ask("studio.lint.pointed.kind") == "exchanged"
    row.locator(".what").click()
    assert set(desk.selected) == {i for pair in pairs for i in pair}
    steps = desk.steps
    row.locator("[data-mend=exchange]").click()
    desk.wait("store.past.length === x", steps + 1)
    assert desk.people[0]["points"] == before
    desk.wait("studio.lint.issues?.length === 0")
    page.keyboard.press("Control+z")
    desk.wait("studio.lint.issues?.length === 1")
    page.locator(".inspector .issue .leave").click()
    assert "Nothing looks off" in tally.inner_text()
    page.get_by_role("button", name="Show what was left (1)").click()
    assert "One thing" in tally.inner_text()


def test_proportions_are_kept_and_given(desk):
    page = desk.page
    page.locator(".profiles > summary").click()
    page.get_by_role("button", name="Keep the proportions of the active figure in this browser").click()
    desk.wait("studio.profiles.kept.length === 1 && !studio.profiles.working")
    name = page.locator(".profiles input.name")
    name.fill("Giant")
    name.press("Enter")
    desk.ask("(studio.profiles.kept[0].profile.stretches.thighs = 0.6)")
    desk.put(figures(standing))
    hips = [desk.index("left_hip"), desk.index("left_knee")]
    length = "(([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]))(x.map((i) => store.doc.people[0].points[i]))"
    was = desk.ask(length, hips)
    page.locator(".profiles .pose", has_text="Giant").click()
    steps = desk.steps
    page.get_by_role("button", name="Give them to the figure").click()
    desk.wait("store.past.length === x", steps + 1)
    assert desk.ask(length, hips) > 1.3 * was
    page.keyboard.press("Control+z")
    assert desk.ask(length, hips) == was
    page.locator(".profiles .pose", has_text="Plain").click()
    assert page.locator(".profiles [data-give=one]").inner_text() == "Back to plain proportions"
