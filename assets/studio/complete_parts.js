// What "Complete" is about: which parts of a figure are meant by what is selected, or missing, and how they are called.

import { worded } from "./dom.js";
import { boxOf, present } from "./figure.js";

const ends = ["left_hand", "right_hand", "face"]; // parts that are always taken whole
const limbs = { left_arm: /^left_(elbow|wrist)$/, right_arm: /^right_(elbow|wrist)$/, left_leg: /^left_(knee|ankle)$/, right_leg: /^right_(knee|ankle)$/ };
const head = /^(nose|head|(left|right)_(eye|ear))$/;
const held = /^(neck|mid_hip|pelvis|(left|right)_(hip|collar))$|^spine/; // what the trunk holds is never guessed
const inSpace = new Set([...ends, ...Object.keys(limbs), "head"]);

export class Parts {
  constructor(studio) {
    this.studio = studio;
    this.store = studio.store;
  }

  /** Whether there may be something to complete on this figure. */
  fits(person) {
    const skeleton = person && this.store.skeletonOf(person);
    return Boolean(skeleton) && "left_elbow" in skeleton.at && !("left_front_paw" in skeleton.at);
  }

  /** Names of what the selected joints stand for: hands and face whole, limbs when both their joints are meant, else joints. */
  meant(person, joints) {
    const skeleton = this.store.skeletonOf(person);
    const names = joints.map((i) => skeleton.joints[i]);
    const found = new Set();
    for (const name of names) {
      const end = ends.find((part) => skeleton.groupIndices[part]?.includes(skeleton.at[name]));
      if (end) found.add(end);
    }
    for (const [limb, pattern] of Object.entries(limbs)) if (names.filter((name) => pattern.test(name)).length > 1) found.add(limb);
    if (names.filter((name) => head.test(name)).length > 2) found.add("head");
    const covered = (name) => [...found].some((part) => limbs[part]?.test(name) || (part === "head" && head.test(name)) || skeleton.groupIndices[part]?.includes(skeleton.at[name])
      || (/_leg$/.test(part) && /toe|heel/.test(name) && name.startsWith(part.split("_")[0])) || (/_arm$/.test(part) && name === part.replace("arm", "shoulder")));
    return [...found, ...names.filter((name) => !covered(name) && !held.test(name))];
  }

  /** What is not drawn of a figure and could be: its limbs and joints, then its hands where there are wrists. */
  lacking(person) {
    const skeleton = this.store.skeletonOf(person);
    const gone = [...person.points.keys()].filter((i) => !present(person, i));
    const joints = this.meant(person, gone.filter((i) => skeleton.kinds[i] === "body"));
    const hands = ["left", "right"].filter((side) => {
      const group = skeleton.groupIndices[`${side}_hand`];
      const wrist = skeleton.at[`${side}_wrist`];
      return wrist !== undefined && (present(person, wrist) || joints.includes(`${side}_arm`)) && !(group && boxOf(person, group));
    });
    return [...joints, ...hands.map((side) => `${side}_hand`)];
  }

  /** What the selected joint of the body stands for. */
  get meantInSpace() {
    const joint = this.studio.body.editor.selected;
    if (!joint) return [];
    const side = joint.split("_")[0];
    if (/_hand_|_wrist$/.test(joint)) return [`${side}_hand`];
    if (/_(shoulder|elbow|collar)$/.test(joint)) return [`${side}_arm`];
    if (/_(hip|knee|ankle|foot)$/.test(joint)) return [`${side}_leg`];
    if (/^(jaw|left_eye|right_eye)$/.test(joint)) return ["face"];
    return /^(neck|head)$/.test(joint) ? ["head"] : [];
  }

  /** What the selection asks for, in either step; what is missing when nothing is selected. */
  get asked() {
    const { store, studio } = this;
    const person = store.doc.people[store.active];
    if (!this.fits(person)) return [];
    if (studio.step === "body") return this.meantInSpace;
    const joints = store.jointsOf(store.active);
    return joints.length ? this.meant(person, joints) : this.lacking(person);
  }

  /** How these names are called: "Left hand", "Left hand and right hand", "5 joints". */
  called(names) {
    const { words } = this.studio;
    if (names.length > 2) return worded(words.complete.several, { n: names.length });
    return names.map((name) => (inSpace.has(name) ? words.groupName(name) : words.jointName(name))).join(` ${words.complete.and} `);
  }
}
