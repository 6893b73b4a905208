// Skeleton tables, as sent by the engine (one source: engine/skeleton.py), with the indices that drags need.

const kindOf = (joint) => (/^face_|_pupil$/.test(joint) ? "face" : /_hand_|^(thumb|index|middle|ring|pinky|root)/.test(joint) ? "hand" : "body");

class Skeleton {
  constructor(table) {
    Object.assign(this, table);
    this.colors = table.colors.map((rgb) => `rgb(${rgb.join(" ")})`);
    this.kinds = table.joints.map(kindOf); // body, hand or face, by joint
    this.at = Object.fromEntries(table.joints.map((joint, i) => [joint, i]));
    const index = (joint) => this.at[joint];
    this.boneIndices = table.bones.map(([a, b]) => [index(a), index(b)]);
    this.swap = table.joints.map((_, i) => i);
    for (const [left, right] of table.mirror) {
      this.swap[index(left)] = index(right);
      this.swap[index(right)] = index(left);
    }
    this.groupIndices = Object.fromEntries(table.groups.map(([name, joints]) => [name, joints.map(index)]));
    this.parent = table.joints.map(() => -1);
    for (const [child, parent] of table.parents) if (parent in this.at) this.parent[index(child)] = index(parent);
    this.neckless = table.parents.filter(([, parent]) => !(parent in this.at)).map(([child]) => index(child));
    this.children = table.joints.map(() => []);
    this.parent.forEach((p, i) => p >= 0 && this.children[p].push(i));
    this.chainIndices = table.chains.map((chain) => chain.map(index));
    this.torsoIndices = table.torso.map(index);
    this.groupOfJoint = table.joints.map((_, i) => this.#smallestGroup(i));
  }

  #smallestGroup(joint) {
    const holding = Object.entries(this.groupIndices).filter(([, joints]) => joints.includes(joint));
    // A shoulder belongs to its arm before the torso, a wrist to its arm before nothing.
    const limbFirst = holding.sort(([a], [b]) => Number(a === "torso") - Number(b === "torso"));
    return limbFirst.length ? limbFirst[0][0] : null;
  }

  /** All joints that hang from joint i, itself left out. */
  below(i) {
    const found = [];
    const queue = [...this.children[i]];
    while (queue.length) {
      const j = queue.pop();
      found.push(j);
      queue.push(...this.children[j]);
    }
    return found;
  }

  /** The joints in an order in which each comes after the one it hangs on. */
  parentsFirst(joints) {
    const depth = (i) => (i < 0 ? 0 : 1 + depth(this.parent[i]));
    return [...joints].sort((a, b) => depth(a) - depth(b));
  }

  /** Is this bone between a joint and its kinematic parent? Returns [parent, child] or null. */
  link(a, b) {
    if (this.parent[b] === a) return [a, b];
    if (this.parent[a] === b) return [b, a];
    return null;
  }
}

/** The skeletons by name; call once with the tables of the page. */
export function readSkeletons(tables) {
  return Object.fromEntries(tables.map((table) => [table.name, new Skeleton(table)]));
}

export const sideOf = (joint) => (/(^|_)left(_|$)/.test(joint) ? "left" : /(^|_)right(_|$)/.test(joint) ? "right" : "middle");

/** The first of `names` this skeleton has, as an index, or -1. */
export const firstOf = (skeleton, ...names) => skeleton.at[names.find((name) => name in skeleton.at)] ?? -1;

/** "left_hand_thumb_2" → "left thumb 2"; words come from the one file of words. */
export function nameOfJoint(joint, words) {
  const parts = joint.replace(/^face_/, "").replace("_hand_", "_").split("_");
  return parts.map((part) => words.jointWords[part] ?? part).join(" ");
}
