"""SDPose's instruments against their fixtures: crops, decode, encode, loss, point orders, the demo's drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from engine.box import Box
from engine.demo_look import demo_map, demo_overlay, openpose18_from_coco17, openpose134_from_133
from engine.heatmap import Crop, crop_of, cut, decode, encode
from engine.pose import Person, Pose2D
from engine.sdpose_training import Objective, Recipe
from engine.skeleton import coco17, openpose18, wholebody133
from scripts.parity import Comparison, Fixtures, Metric, differing, largest, mean, relative, sha256_of
from scripts.parity.formula import heatmaps, photo

S = TypeVar("S")
# Map and crop (width, height) and sigma of the decode fixtures.
decodes: dict[str, tuple[tuple[int, int], tuple[int, int], float]] = {
    "full": ((192, 256), (768, 1024), 6.0),
    "small": ((48, 64), (192, 256), 2.0),
}
loss_map, loss_crop = decodes["small"][:2]
skeletons = {"body": coco17, "wholebody": wholebody133}
grey = 200  # of the photo under the overlay


class Tools:
    """The instruments run on the fixtures' inputs."""

    def __init__(self, fixtures: Fixtures) -> None:
        self.facts: dict[str, Any] = fixtures.facts["tools"]
        self.constants: dict[str, Any] = fixtures.facts["formula"]
        self.stored = fixtures.stored

    @cached_property
    def photo(self) -> np.ndarray:
        return photo(self.constants["warp_source"], (160, 120))

    # ── decode, encode, loss ──

    def decoded(self, which: str) -> tuple[np.ndarray, np.ndarray]:
        """Points (133, 2) and scores (133,) of the made-up maps."""
        map_size, crop_size, sigma = decodes[which]
        points, scores = decode(heatmaps(self.constants["decode"], 133, map_size, sigma), crop_size)
        return points[0].numpy(), scores[0].numpy()

    def placed(self, which: str) -> np.ndarray:
        """Channels (133,) whose place means something."""
        return self.stored[f"decode_{which}_scores"] > 0

    @cached_property
    def encoded(self) -> tuple[np.ndarray, np.ndarray]:
        return encode(self.stored["encode_keypoints"], self.stored["encode_visible"])

    @cached_property
    def round_trip(self) -> tuple[np.ndarray, np.ndarray]:
        points, scores = decode(torch.from_numpy(self.stored["encode_heatmaps"])[None])
        return points[0].numpy(), scores[0].numpy()

    def loss(self, weighted: bool) -> float:
        """The training's heatmap loss of made-up predictions."""
        facts = self.facts["loss"]
        visible = np.array(facts["visible"])
        pairs = zip(np.array(facts["keypoints"]), visible, strict=True)
        targets, weights = zip(*(encode(p, v, loss_crop, loss_map) for p, v in pairs), strict=True)
        shape = (*visible.shape, *loss_map[::-1])
        said = 0.1 * np.sin(0.01 * np.arange(1, np.prod(shape) + 1)).reshape(shape)
        batch = {
            "seen": torch.zeros(len(visible), 3, 8, 8, dtype=torch.uint8),
            "heatmaps": torch.from_numpy(np.stack(targets)),
            "weights": torch.from_numpy(np.stack(weights) if weighted else np.ones_like(visible)),
        }
        objective = Objective(Says(torch.from_numpy(said.astype(np.float32))), Recipe(rgb=False))  # type: ignore[arg-type]
        return float(objective(batch, (0,))[0])

    # ── crops ──

    def crop(self, facts: dict[str, Any], size: tuple[int, int]) -> Crop:
        """The evaluation crop of a fixture's box, turned by its angle."""
        return replace(crop_of(Box(*facts["xyxy"]), "evaluation", size), rotation=float(np.radians(facts["rot"])))

    def warped(self, which: str) -> np.ndarray:
        facts = self.facts[which]
        return cut(self.photo, self.crop(facts, tuple(facts["size"])))

    def other_opencv(self) -> str:
        """Why warps cannot be exact, where this OpenCV interpolates unlike the one the fixtures were made with."""
        there, here = self.facts["opencv"], cv2.__version__
        return (
            "" if here.split(".")[0] == there.split(".")[0] else f"exact under OpenCV {there}'s series, here is {here}"
        )

    def mapped_back(self) -> np.ndarray:
        crop = self.crop(self.facts["boxes"][1], (768, 1024))
        return crop.to_photo(self.stored["decode_full_keypoints"])

    def demo_crop(self) -> np.ndarray:
        facts = self.facts["demo_crop"]
        height, width = self.photo.shape[:2]
        return cut(self.photo, crop_of(Box(*facts["box"]), "demo", tuple(facts["size"]), (width, height)))

    # ── the demo's drawing ──

    def pose(self, kind: str, people: int) -> Pose2D:
        """The fixture's figures, one or two."""
        figures = [
            Person(
                skeletons[kind], self.stored[f"draw_{kind}_in_keypoints{i}"], self.stored[f"draw_{kind}_in_scores{i}"]
            )
            for i in ("", "2")[:people]
        ]
        height, width = self.stored[f"draw_{kind}_canvas"].shape[:2]
        return Pose2D((width, height), tuple(figures))

    def overlay(self, kind: str) -> np.ndarray:
        pose = self.pose(kind, 1)
        return demo_overlay(pose, np.full((*pose.size[::-1], 3), grey, np.uint8))

    def mapped(self) -> tuple[np.ndarray, np.ndarray]:
        stored = self.stored
        return openpose134_from_133(stored["draw_wholebody_in_keypoints"], stored["draw_wholebody_in_scores"])

    def order18(self) -> list[int]:
        """Where each of OpenPose's 18 points comes from; -1 for the neck."""
        points, _ = openpose18_from_coco17(np.stack([np.arange(17), 100.0 + np.arange(17)], axis=1), np.ones(17))
        return _order(points)

    def order134(self) -> list[int]:
        points, _ = openpose134_from_133(np.stack([np.arange(133), 1000.0 + np.arange(133)], axis=1), np.ones(133))
        return _order(points)


class Says(nn.Module):
    """A stand-in for the network: the same heatmaps whatever it sees, so that the loss alone is measured."""

    def __init__(self, said: Tensor) -> None:
        super().__init__()
        self.said, self.unet, self.head = said, nn.Identity(), nn.Identity()

    def encode(self, pixels: Tensor, _generator: torch.Generator | None = None) -> Tensor:
        return pixels

    def heatmaps(self, _latents: Tensor) -> Tensor:
        return self.said


def _order(points: np.ndarray) -> list[int]:
    """The first coordinates of mapped counting points, with -1 where the neck is."""
    neck = openpose18.index("neck")
    return [-1 if i == neck else int(x) for i, x in enumerate(points[:, 0])]


def _expected_order(facts: list[int | str]) -> list[int]:
    return [-1 if isinstance(place, str) else place for place in facts]


def tool_comparisons(tools: Callable[[S], Tools]) -> Iterator[Comparison[S]]:
    """The comparisons of the instruments that `tools` finds in a subject."""

    def compare(
        name: str, tolerance: float, ours: Callable[[Tools], Any], theirs: Callable[[Tools], Any],
        metric: Metric = largest, obstacle: Callable[[Tools], str] = lambda _: "",
    ) -> Comparison[S]:  # fmt: skip
        return Comparison(
            name, tolerance, lambda s: ours(tools(s)), lambda s: theirs(tools(s)), metric, lambda s: obstacle(tools(s))
        )

    for which in decodes:
        yield compare(
            f"decode, {which}: points", 5e-4, lambda t, w=which: t.decoded(w)[0][t.placed(w)],
            lambda t, w=which: t.stored[f"decode_{w}_keypoints"][t.placed(w)],
        )  # fmt: skip
        yield compare(
            f"decode, {which}: scores", 1e-6, lambda t, w=which: t.decoded(w)[1],
            lambda t, w=which: t.stored[f"decode_{w}_scores"],
        )  # fmt: skip
    yield compare("encode: heatmaps", 1e-6, lambda t: t.encoded[0], lambda t: t.stored["encode_heatmaps"])
    yield compare("encode: weights", 1e-6, lambda t: t.encoded[1], lambda t: t.stored["encode_weights"])
    yield compare(
        "encode and decode: points", 5e-4, lambda t: t.round_trip[0][t.stored["encode_decode_scores"] > 0],
        lambda t: t.stored["encode_decode_keypoints"][t.stored["encode_decode_scores"] > 0],
    )  # fmt: skip
    yield compare(
        "encode and decode: scores", 1e-6, lambda t: t.round_trip[1], lambda t: t.stored["encode_decode_scores"]
    )
    yield compare("loss", 1e-5, lambda t: t.loss(True), lambda t: t.facts["loss"]["value"], relative)
    yield compare(
        "loss without weights", 1e-5, lambda t: t.loss(False), lambda t: t.facts["loss"]["value_unweighted"], relative
    )
    yield from _crops(compare)
    yield from _drawing(compare)


def _crops(compare: Callable[..., Comparison[S]]) -> Iterator[Comparison[S]]:
    def boxes(ours: Callable[[Tools, dict[str, Any]], Any]) -> Callable[[Tools], np.ndarray]:
        return lambda t: np.array([ours(t, facts) for facts in t.facts["boxes"]])

    for what, ours in (("center", lambda c: c.center), ("scale_fixed", lambda c: c.scale)):
        yield compare(
            f"boxes: {what}", 1e-6, boxes(lambda t, f, g=ours: g(t.crop(f, (768, 1024)))),
            boxes(lambda _, f, k=what: f[k]), relative_to_each,
        )  # fmt: skip
    for width, height in ((768, 1024), (192, 256)):
        yield compare(
            f"boxes: matrices of {width} × {height}", 1e-6, boxes(lambda t, f, z=(width, height): t.crop(f, z).matrix),
            boxes(lambda _, f, k=f"M_{width}x{height}": f[k]), relative_to_each,
        )  # fmt: skip
    for which in ("warp0", "warp1"):
        pair = lambda t, w=which: t.warped(w), lambda t, w=which: t.stored[f"{w}_image"]
        yield compare(f"{which}: levels", 8, *pair)
        yield compare(f"{which}: levels, mean", 1, *pair, mean)
        yield compare(
            f"{which}: sha256", 0, lambda t, w=which: sha256_of(t.warped(w)), lambda t, w=which: t.facts[w]["sha256"],
            differing, Tools.other_opencv,
        )  # fmt: skip
    yield compare(
        "points back in the photo", 1e-6, Tools.mapped_back, lambda t: t.stored["mapped_back_keypoints"], relative
    )
    yield compare("demo crop: levels", 1, Tools.demo_crop, lambda t: np.moveaxis(t.stored["demo_crop_uint8"], 0, -1))


def relative_to_each(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest absolute difference in any box, as a share of that box's largest value."""
    return max(relative(a, b) for a, b in zip(ours, theirs, strict=True))


def _drawing(compare: Callable[..., Comparison[S]]) -> Iterator[Comparison[S]]:
    for name, ours in (("openpose18_from_coco17", Tools.order18), ("openpose134_from_133", Tools.order134)):
        yield compare(name, 0, ours, lambda t, n=name: _expected_order(t.facts[n]), differing)
    yield compare("134 points: places", 1e-6, lambda t: t.mapped()[0], lambda t: t.stored["map134_keypoints"])
    yield compare("134 points: scores", 1e-6, lambda t: t.mapped()[1], lambda t: t.stored["map134_scores"])
    for kind in skeletons:
        for people, ending, hashed in ((1, "", "sha256"), (2, "2", "sha256_two_people")):
            yield compare(
                f"drawing, {kind}, {people}: values that differ", 0, lambda t, k=kind, n=people: demo_map(t.pose(k, n)),
                lambda t, k=kind, e=ending: t.stored[f"draw_{k}_canvas{e}"], differing,
            )  # fmt: skip
            yield compare(
                f"drawing, {kind}, {people}: sha256", 0, lambda t, k=kind, n=people: sha256_of(demo_map(t.pose(k, n))),
                lambda t, k=kind, h=hashed: t.facts[f"draw_{k}_{h}"], differing,
            )  # fmt: skip
        yield compare(
            f"drawing, {kind}, over a photo: sha256", 0, lambda t, k=kind: sha256_of(t.overlay(k)),
            lambda t, k=kind: t.facts[f"draw_{k}_overlay_on_grey{grey}_a0.6_sha256"], differing,
        )  # fmt: skip
