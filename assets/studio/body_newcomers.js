// Figures that join those who stand: one at ease, or one that is drawn, each as one step.

import { makePerson } from "./figure.js";
import { dot, minus, times } from "./space.js";

const elbowRoom = 0.8; // metres from one standing figure to the next
const newcomer = "wholebody133"; // the skeleton of a figure that is new in space

/** A new figure at ease, in space and in the drawing, beside those that stand there. */
export async function addStanding(work) {
  const { store } = work;
  await work.load();
  const made = await work.ask("body_new", { camera: work.cameraOf(), size: store.doc.size, id: null });
  const { camera } = made;
  const across = camera.T_camera_world[0].slice(0, 3);
  const by = times(across, gap(work, made.body.translation, across));
  const { body, points } = await work.ask("body_edit", { bodies: [made.body], index: 0, edit: { kind: "move", by }, view: null, drawing: { camera, skeleton: newcomer } });
  const skeleton = store.skeletons[newcomer];
  const n = skeleton.joints.length;
  const person = makePerson(skeleton, { points, scores: Array(n).fill(1), states: Array(n).fill("visible") });
  join(work, { ...person, body }, camera);
}

/** A figure of the drawing joins, standing. */
export async function addDrawn(work, person) {
  const { camera, figures: [{ readings, note }] } = await work.read([person]);
  join(work, { ...person, body: readings[0]?.body ?? null }, camera);
  work.studio.toast(note);
}

function join({ store, studio }, person, camera) {
  const people = [...store.doc.people, person];
  store.commit(studio.words.steps.add, { ...store.doc, camera, people });
  store.activate(people.length - 1);
}

/** How far `across` from `place` there is room for another figure, metres. */
function gap({ bodies }, place, across) {
  const taken = bodies.map((body) => dot(minus(body.translation, place), across));
  const clear = (by) => Math.min(...taken.map((other) => Math.abs(other - by)));
  return [0, 1, -1, 2, -2, 3, -3].map((side) => side * elbowRoom).find((by) => clear(by) > 0.75 * elbowRoom) ?? 0;
}
