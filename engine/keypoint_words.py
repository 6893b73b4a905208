"""The joints in words: SP-Ctrl's learned tokens, which joints they name, and how a prompt says them.

One token stands for a joint of all figures in the picture; the same token has another place in each of the two tables.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from engine.pose import Pose2D
from engine.skeleton import Skeleton, ap10k17, coco17

PoseKind = Literal["human", "animal"]
slot = "<KPT>"  # where in a prompt the joints are named
_skeletons: dict[PoseKind, Skeleton] = {"human": coco17, "animal": ap10k17}


@dataclass(frozen=True)
class Word:
    """A learned token, the joint it names, and the ordinary word it was made from."""

    token: str
    joint: str
    initial: str


def _table(skeleton: Skeleton) -> tuple[Word, ...]:
    return tuple(Word(f"<{j.replace('_', '-')}>", j, j.rpartition("_")[2]) for j in skeleton.joints)


# In the published order, in which the tokens are added: ids from 49408 on.
humanart: tuple[Word, ...] = _table(coco17)
ap10k: tuple[Word, ...] = _table(ap10k17)


def table_of(kind: PoseKind) -> tuple[Word, ...]:
    """The words of humans (Human-Art) or animals (AP-10K)."""
    return {"human": humanart, "animal": ap10k}[kind]


def kind_of(tokens: Iterable[str]) -> PoseKind | None:
    """Whose joints the tokens name, all of them and no other; none when they are of neither table."""
    found = set(tokens)
    kinds: tuple[PoseKind, ...] = ("human", "animal")
    return next((kind for kind in kinds if found == {word.token for word in table_of(kind)}), None)


def visible_words(pose: Pose2D, kind: PoseKind, silent: Collection[str] = ()) -> tuple[str, ...]:
    """Tokens, in the table's order, of the joints that any figure of that kind has, but for the `silent` joints."""
    seen: set[str] = set()
    for person in pose.people:
        if (person.skeleton.name == ap10k17.name) == (kind == "animal"):
            known = person.to(_skeletons[kind])
            seen.update(j for j, state in zip(known.skeleton.joints, known.states, strict=True) if state != "missing")
    return tuple(word.token for word in table_of(kind) if word.joint in seen and word.joint not in silent)


def phrase(tokens: Iterable[str], wrapped: bool = True) -> str:
    """The tokens as prompts name them: `<<left-eye>, <nose>>`, without the outer brackets unless `wrapped`."""
    named = ", ".join(tokens)
    return f"<{named}>" if named and wrapped else named


def with_words(prompt: str, tokens: Iterable[str], kind: PoseKind, wrapped: bool = True) -> str:
    """The prompt with the joints named: at its first slot `<KPT>`, else behind it; `caption. <<nose>>` for humans."""
    named = phrase(tokens, wrapped)
    if slot in prompt:
        filled = re.sub(rf"\s*{slot}", lambda _: f" {named}" if named else "", prompt, count=1)
        return re.sub(rf"\s*{slot}", "", filled).strip()
    if not named:
        return prompt
    before = prompt.strip().rstrip(",;")
    if before and kind == "human" and not before.endswith((".", "!", "?")):
        before += "."
    return f"{before} {named}".strip()
