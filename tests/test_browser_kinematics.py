"""The editor's kinematics on random figures, run where they run: the shipped modules, in the browser."""

from __future__ import annotations

import numpy as np
import pytest

from engine.formats.document import to_document
from engine.pose import Person, Pose2D
from engine.scene import Scene
from engine.skeleton import skeleton

pytestmark = pytest.mark.browser

# Drags random joints of random figures on every skeleton and reports every bone whose length changed.
fuzz = """
async ([base, names]) => {
  const { dragged, limbDragged, reach } = await import(`${base}/kinematics.js`);
  const { makePerson } = await import(`${base}/figure.js`);
  const { skeletons } = document.querySelector(".contrapposto").studio.store;
  let seed = 7;
  const random = (size) => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648) * size;
  const gap = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const place = () => [random(900) - 200, random(900) - 200];
  const faults = new Set();
  let drags = 0;
  for (const name of names) {
    const skeleton = skeletons[name];
    for (let turn = 0; turn < 150; turn++) {
      const points = skeleton.joints.map(() => [random(500), random(500)]);
      const lost = turn % 2 ? 0.2 : 0; // estimates lose joints all the time
      const states = skeleton.joints.map(() => (random(1) < lost ? "missing" : "visible"));
      const person = makePerson(skeleton, { points, states, scores: states.map(() => 1) });
      const joint = Math.floor(random(skeleton.joints.length));
      const bone = skeleton.boneIndices[Math.floor(random(skeleton.boneIndices.length))];
      const free = /^face_|_pupil$/; // a face is flesh: its points move one by one
      const named = bone.map((i) => skeleton.joints[i]);
      const trials = [];
      const here = (i) => states[i] !== "missing";
      if (!free.test(skeleton.joints[joint]) && here(joint))
        trials.push([skeleton.joints[joint], dragged(person, skeleton, joint, place())]);
      if (!named.some((name) => free.test(name)) && bone.every(here))
        trials.push([named.join("–"), limbDragged(person, skeleton, bone, place(), place())]);
      for (const [what, moved] of trials) {
        drags += 1;
        skeleton.bones.forEach(([a, b], i) => {
          if (/_ear$/.test(a) && /_shoulder$/.test(b)) return; // a line of COCO's table, not of a figure
          const [p, q] = skeleton.boneIndices[i];
          if (!here(p) || !here(q)) return;
          const change = Math.abs(gap(moved[p], moved[q]) - gap(points[p], points[q]));
          if (!(change < 1e-6)) faults.add(`${name}: ${what} changes ${a}–${b}`);
        });
      }
    }
  }
  const arm = reach([[0, 0], [100, 0], [180, 0]], [0, 500]);
  return { faults: [...faults], drags, arm };
}
"""

skeletons = [
    "coco17",
    "openpose18",
    "openpose25",
    "wholebody133",
    "openpose130",
    "openpose137",
    "ap10k17",
    "hand21",
    "smplx55",
]


def test_a_drag_keeps_every_bone(desk):
    base = desk.ask("studio.config.base")
    found = desk.page.evaluate(fuzz, [base, skeletons])
    assert found["drags"] > 1400
    assert found["faults"] == []
    # Out of reach, the chain lies straight towards its goal.
    assert [[round(c, 6) for c in place] for place in found["arm"]] == [[0, 0], [0, 100], [0, 180]]


@pytest.mark.parametrize("name", ["coco17", "wholebody133", "openpose18", "openpose25", "openpose137"])
def test_page_and_engine_convert_a_figure_alike(desk, name):
    """Two halves of one rule: `converted` in the page, `Person.to` in the engine, low scores and hidden joints too."""
    rng = np.random.default_rng(5)
    own = skeleton(name)
    states = rng.choice(["visible", "visible", "hidden", "missing"], len(own)).tolist()
    points, scores = rng.uniform(0, 500, (len(own), 2)), rng.uniform(0, 0.6, len(own))
    person = Person(own, points, scores, tuple(states), name="one", hidden_bones=frozenset(own.bones[:2]))
    (told,) = to_document(Scene(Pose2D((500, 500), (person,))))["people"]
    convert = """async ([base, person, to]) => {
      const { converted } = await import(`${base}/figure.js`);
      const { skeletons, derived } = document.querySelector(".contrapposto").studio.store;
      return converted(person, skeletons[person.skeleton], skeletons[to], derived);
    }"""
    for to in ("coco17", "openpose18", "openpose25", "wholebody133", "openpose130"):
        page = desk.page.evaluate(convert, [desk.ask("studio.config.base"), told, to])
        engine = person.to(skeleton(to))
        assert page["states"] == list(engine.states), to
        here = engine.present
        assert np.allclose(np.array(page["points"])[here], engine.points[here]), to
        assert np.allclose(np.array(page["scores"])[here], engine.scores[here]), to
        assert {tuple(bone) for bone in page["hidden_bones"]} == engine.hidden_bones, to
