"""SP-Ctrl against its fixtures: the spatial pose, words, concepts, sampler and maps, then a tiny ControlNet at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.draw import first_limb, limb_palette
from engine.networks.keypoint_concepts import LossKind
from engine.networks.spctrl import joints
from engine.spctrl_layout import prefix
from scripts.parity import Comparison, Fixtures, Metric, differing, largest, relative, sha256_of
from scripts.parity.spctrl_run import Run, demo_size, said, words

variants = ("plain", "sigmoid_version", "interp_kpt", "plain_C16")
losses = tuple(f"{block}|{kind}" for block in ("down_blocks.0", "down_blocks.1", "down_blocks.2", "mid_block")
               for kind in ("mse", "bce"))  # fmt: skip
rendered = {"rendered_ap10k_222": "ap10k_000000000222", "rendered_ap10k_1996": "ap10k_000000001996"}
human_drawings = {"cartoon": "cartoon_000000000053", "garage": "garage_kits_000000000768"}
unplaced = ("cartoon_000000000053", "dance_000000000274", "garage_kits_000000000768")
residuals = 13


class Subject:
    """What is checked, made from a folder of fixtures."""

    def __init__(self, folder: Path) -> None:
        self.fixtures = Fixtures(folder, "spctrl")
        self.run = Run(self.fixtures)


def compare(
    name: str, tolerance: float, ours: Callable[[Run], Any], theirs: Callable[[Run], Any], metric: Metric = largest,
    obstacle: str = "",
) -> Comparison[Subject]:  # fmt: skip
    """A check on the fixtures' run."""
    return Comparison(name, tolerance, lambda s: ours(s.run), lambda s: theirs(s.run), metric, lambda _: obstacle)


def _spatial_pose() -> Iterator[Comparison[Subject]]:
    for variant in variants:

        def rows(run: Run, which: str, variant: str = variant) -> np.ndarray:
            return np.array(run.facts["SPR_G"]["rows"][variant][which])

        def others(run: Run, variant: str = variant) -> dict[int, list[float]]:
            return {int(i): row for i, row in run.facts["SPR_G"]["rows"][variant]["other_ids"].items()}

        yield compare(
            f"spatial pose, {variant}: joints", 1e-5, lambda r, v=variant: r.table(v)[said[:joints]],
            lambda r, f=rows: f(r, "keypoint_rows"),
        )  # fmt: skip
        yield compare(
            f"spatial pose, {variant}: limbs", 1e-5, lambda r, v=variant: r.table(v)[said[joints:]],
            lambda r, f=rows: f(r, "limb_rows"),
        )  # fmt: skip
        yield compare(
            f"spatial pose, {variant}: other numbers", 0,
            lambda r, v=variant, f=others: r.table(v)[list(f(r))], lambda r, f=others: list(f(r).values()),
        )  # fmt: skip
        yield compare(
            f"spatial pose, {variant}: numbers that say something", 0,
            lambda r, v=variant: np.abs(r.table(v)).sum(1).nonzero()[0], lambda _: said, differing,
        )  # fmt: skip
    yield compare(
        "spatial pose: tensors", 0, lambda r: sorted(r.spr.state_dict()), lambda r: r.facts["SPR_G"]["sorted_keys"],
        differing,
    )  # fmt: skip


def _words() -> Iterator[Comparison[Subject]]:
    for table in words:

        def cases(run: Run, table: str = table) -> list[dict[str, Any]]:
            return [case for case in run.facts["Token_G"]["cases"] if case["table"] == table]

        yield compare(
            f"words, {table}: order", 0, lambda _, t=table: [word.token for word in words[t]],
            lambda r, t=table: r.facts["Token_G"][f"order_{t}"], differing,
        )  # fmt: skip
        yield compare(
            f"words, {table}: what they begin with", 0,
            lambda r, t=table: [r.ids(t, word.initial)[1:-1] for word in words[t]],
            lambda r, t=table: [r.facts["Token_G"]["init_words"][word.initial] for word in words[t]], differing,
        )  # fmt: skip
        yield compare(
            f"words, {table}: ids", 0, lambda r, t=table: r.ids(t, "".join(word.token for word in words[t]))[1:-1],
            lambda r: r.facts["Token_G"]["first_new_id"] + np.arange(joints), differing,
        )  # fmt: skip
        yield compare(
            f"words, {table}: prompts", 0, lambda r, t=table, f=cases: r.ids(t, *(case["prompt"] for case in f(r))),
            lambda r, f=cases: [token for case in f(r) for token in case["ids"]], differing,
        )  # fmt: skip


def _concepts() -> Iterator[Comparison[Subject]]:
    yield compare(
        "concepts: made-up attention", 1e-7, lambda r: r.attention[0][0, :5, 0, 0, 0],
        lambda r: r.facts["KCL_G"]["softmax_first5"],
    )  # fmt: skip
    kinds: tuple[LossKind, ...] = ("mse", "bce")
    for kind in kinds:
        yield compare(
            f"concepts: made-up losses, {kind}", 1e-6, lambda r, k=kind: r.made_up_losses(k),
            lambda r, k=kind: [row[k] for row in r.facts["KCL_G"]["rows"]],
        )  # fmt: skip
    yield compare(
        "concepts: without words", 0, lambda r: str(r.loss_without_words()), lambda r: r.facts["KCL_G"]["no_tokens"],
        differing,
    )  # fmt: skip
    for i in range(2):
        yield compare(
            f"concepts: attention map {i}", 1e-6, lambda r, i=i: r.looked("down_blocks.2", r.text)[i],
            lambda r, i=i: r.stored[f"attn_map_{i}"],
        )  # fmt: skip
    for which in (*losses, "down_blocks.2|mse|no window"):
        yield compare(
            f"concepts: {which.replace('|', ', ')}", 2e-6, lambda r, w=which: r.loss(w),
            lambda r, w=which: r.facts["KCL_net"]["losses"][w],
        )  # fmt: skip
    yield compare(
        "concepts: gradient to the text", 1e-6, lambda r: r.gradients[0], lambda r: r.stored["kcl_grad_text_states"]
    )
    yield compare(
        "concepts: what learns", 0, lambda r: sorted(r.gradients[1]), lambda r: sorted(_that_learn(r)), differing
    )
    yield compare(
        "concepts: gradients' norms", 1e-4, lambda r: [r.gradients[1][name] for name in _that_learn(r)],
        lambda r: list(_that_learn(r).values()), relative,
    )  # fmt: skip


def _that_learn(run: Run) -> dict[str, float]:
    return run.facts["KCL_net"]["params_with_grad"]


def _sampler() -> Iterator[Comparison[Subject]]:
    for steps in (50, 10):

        def run_of(run: Run, what: str, steps: int = steps) -> Any:
            return run.facts["UniPC_G"]["runs"][str(steps)][what]

        yield compare(
            f"sampler, {steps} steps: timesteps", 0, lambda r, n=steps: r.sampler(n).timesteps,
            lambda r, f=run_of: f(r, "timesteps"), differing,
        )  # fmt: skip
        yield compare(
            f"sampler, {steps} steps: sigmas", 1e-6, lambda r, n=steps: r.sampler(n).sigmas,
            lambda r, f=run_of: f(r, "sigmas"),
        )  # fmt: skip
        yield compare(
            f"sampler, {steps} steps: walk", 1e-4, lambda r, n=steps: r.walk(n), lambda r, f=run_of: f(r, "walk_final")
        )


def _maps() -> Iterator[Comparison[Subject]]:
    sizes = {"native": None, "torch_nearest_512": 512, "torch_nearest_256": 256}
    for name, drawing in rendered.items():
        for said_of in (name, drawing):  # our drawing of its keypoints is the published picture itself
            for which, size in sizes.items():
                yield compare(
                    f"map, {said_of}: {which}", 0, lambda r, n=name, s=size: sha256_of(r.map(n, s)),
                    lambda r, n=said_of, w=which: r.facts["maps"][n][f"sha256_{w}"], differing,
                )  # fmt: skip
        yield compare(
            f"map, {name}: pixels of each number", 0, lambda r, n=name: _counts(r.map(n)),
            lambda r, n=name: _expected_counts(r, n), differing,
        )  # fmt: skip
        yield compare(
            f"map, {name}: painted of 512", 0, lambda r, n=name: int((r.map(n, 512) > 0).sum()),
            lambda r, n=name: r.facts["maps"][n]["nonzero_512"],
        )  # fmt: skip
    for name, drawing in human_drawings.items():
        yield compare(
            f"map, {name}: pixels of each joint", 0, lambda r, n=name: _counts(r.whole_number_map(n))[: joints + 1],
            lambda r, n=drawing: _expected_counts(r, n)[: joints + 1], differing,
        )  # fmt: skip
        # Its keypoints are known to whole pixels alone: a limb's edge moves, its number and place do not.
        yield compare(
            f"map, {name}: pixels of each limb, nearly", 0.08,
            lambda r, n=name: _counts(r.whole_number_map(n))[limb_ids],
            lambda r, n=drawing: _expected_counts(r, n)[limb_ids], of_each,
        )  # fmt: skip
    for drawing in unplaced:
        yield compare(
            f"map, {drawing}: native", 0, lambda _: 0, lambda _: 0,
            obstacle="its keypoints between the pixels are not published",
        )  # fmt: skip
    yield compare(
        "map, what the ControlNet reads", 0, lambda r: r.map("rendered_ap10k_1996", demo_size),
        lambda r: r.stored["index_map_256"], differing,
    )  # fmt: skip
    yield compare(
        "map, what the ControlNet reads: sha256", 0, lambda r: sha256_of(r.map("rendered_ap10k_1996", demo_size)),
        lambda r: r.facts["index_map_256_sha256"], differing,
    )  # fmt: skip


limb_ids = np.arange(first_limb, first_limb + len(limb_palette) + 1)  # 51 … 69


def of_each(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of a number, as a share of the number expected."""
    return float((np.abs(ours - theirs) / theirs).max())


def _counts(drawn: np.ndarray) -> np.ndarray:
    """Pixels (256,) of each number but 0."""
    counts = np.bincount(drawn.ravel(), minlength=256)
    counts[0] = 0
    return counts


def _expected_counts(run: Run, name: str) -> np.ndarray:
    counts = np.zeros(256, int)
    for number, count in run.facts["maps"][name]["counts_native"].items():
        counts[int(number)] = count
    return counts


def _networks() -> Iterator[Comparison[Subject]]:
    yield compare(
        "ControlNet: tensors that differ", 0,
        lambda r: len(r.named_shapes(("", r.net), (prefix, r.spr)) ^ _listed(r, "controlnet")), lambda _: 0,
    )  # fmt: skip
    yield compare(
        "U-Net: tensors that differ", 0, lambda r: len(r.named_shapes(("", r.unet)) ^ _listed(r, "unet")), lambda _: 0
    )
    yield compare(
        "ControlNet: what numbers say", 1e-5, lambda r: r.spr.table()[said],
        lambda r: r.stored["spr_table_formula_weights"],
    )  # fmt: skip
    for i in range(residuals):
        name = "res_mid" if i == residuals - 1 else f"res_down_{i}"
        yield compare(f"ControlNet: {name}", 1e-4, lambda r, i=i: r.residuals[i], lambda r, n=name: r.stored[n])
    yield compare("pipeline: latents", 2e-3, lambda r: r.sampled, lambda r: r.stored["pipeline_latents_6steps"])


def _listed(run: Run, part: str) -> set[str]:
    return {f"{name} {shape}" for name, shape in run.facts[f"{part}_state_shapes"].items()}


comparisons: tuple[Comparison[Subject], ...] = (
    *_spatial_pose(), *_words(), *_concepts(), *_sampler(), *_maps(), *_networks(),
)  # fmt: skip
