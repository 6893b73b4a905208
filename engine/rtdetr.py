"""RT-DETR v2: boxes of people, or of animals, seen in the whole picture at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine import libraries
from engine.box import Box
from engine.detect import Detection
from engine.model_folder import read_config, read_preparation
from engine.pose import Person
from engine.skeleton import coco17
from engine.tensor_shapes import WrongWeights

people_kinds = ("person",)
# COCO's mammals. Its birds are left out: AP-10K, which the animals' estimator learnt from, has none.
animal_kinds = ("cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe")
# Two findings are one when their boxes nearly coincide, as in engine.detect. The network is trained to say each once;
# what remains are second thoughts of it.
same_overlap = 0.75


class RTDetr:
    """Finds people, or other `kinds` of COCO's things. `network` is transformers' RTDetrV2ForObjectDetection.

    `size` (width, height) px is what the picture is stretched to. `threshold` is the least score: 0.5 is that of the
    published demonstrations. Findings whose boxes overlap (IoU) by more than `overlap` come once.
    """

    def __init__(
        self,
        network: Any,
        size: tuple[int, int] = (640, 640),
        kinds: tuple[str, ...] = people_kinds,
        threshold: float = 0.5,
        overlap: float = same_overlap,
    ) -> None:
        number = {name: index for index, name in network.config.id2label.items()}
        unknown = [kind for kind in kinds if kind not in number]
        if unknown or not kinds:
            raise ValueError(f"expected kinds among those the detector knows, got {', '.join(unknown) or 'none'}")
        self._network = network.eval()
        self._classes = [number[kind] for kind in kinds]
        self.size, self.kinds, self.threshold, self.overlap = size, kinds, threshold, overlap

    def of(self, kinds: tuple[str, ...]) -> RTDetr:
        """The same network looking for other kinds."""
        return RTDetr(self._network, self.size, kinds, self.threshold, self.overlap)

    def people(self, photo: np.ndarray) -> list[Detection]:
        """What was found of the kinds in a photo (H, W, 3) uint8 RGB, cut to it, the surest first; none is empty.

        Its rough points are all missing, at the box's centre: this detector has none.
        """
        boxes, scores = self._look(photo)
        kept: list[Detection] = []
        for i in np.argsort(-scores, kind="stable"):
            if scores[i] <= self.threshold:
                break
            box = Box(*boxes[i].tolist()).clipped((photo.shape[1], photo.shape[0]))
            if min(box.width, box.height) <= 0 or any(box.iou(other.box) > self.overlap for other in kept):
                continue
            kept.append(Detection(box, float(scores[i]), _pointless(box)))
        return kept

    def _look(self, photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (Q, 4) x0, y0, x1, y1 px of the photo and scores (Q,) 0 … 1: a query's score is its best kind's."""
        height, width = photo.shape[:2]
        seen = Image.fromarray(photo).resize(self.size, Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(seen)).permute(2, 0, 1)[None] / 255
        parameter = next(self._network.parameters())
        with torch.inference_mode():
            found = self._network(pixels.to(parameter.device, parameter.dtype))
        scores = found.logits[0].float().sigmoid()[:, self._classes].max(-1).values.cpu().numpy()
        cx, cy, w, h = found.pred_boxes[0].cpu().double().numpy().T  # shares of the sides
        corners = np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], -1)
        return corners * (width, height, width, height), scores


def _pointless(box: Box) -> Person:
    """A figure of whom nothing but the box is known."""
    places = np.tile(np.array(box.center) - 0.5, (len(coco17), 1))
    return Person(coco17, places, np.zeros(len(coco17)), ("missing",) * len(coco17))


def load(
    folder: Path,
    kinds: tuple[str, ...] = people_kinds,
    threshold: float = 0.5,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> RTDetr:
    """The detector in a transformers folder (PekingU/rtdetr_v2_r18vd, r50vd …), every tensor of it accounted for.

    Nothing is fetched; WrongWeights, a ValueError, names what is absent or wrong in the folder.
    """
    read_config(folder, "rt_detr_v2")
    usual = {"do_resize": True, "resample": 2, "do_rescale": True, "do_normalize": False, "do_pad": False}
    _, size = read_preparation(folder, usual)
    if not (folder / "model.safetensors").is_file():
        raise WrongWeights(f"expected the file {folder / 'model.safetensors'}, got none")
    # By transformers' own loader, which knows the published files' older names of tensors.
    try:
        loaded: Any = libraries.transformers("RTDetrV2ForObjectDetection").from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=dtype,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # reported below, together with the rest
        )
    except Exception as error:  # it raises a dozen kinds for a file that is not its own
        raise WrongWeights(f"expected a whole RT-DETR v2 in {folder}, got {error}") from error
    network, report = loaded
    if problems := _problems(report):
        raise WrongWeights(f"expected the tensors of RT-DETR v2 in {folder}, got {problems}")
    return RTDetr(network.to(device), size, kinds, threshold)


def _problems(report: dict[str, Any]) -> str:
    """What transformers says of a file's tensors, in words; empty when each is in its place."""
    # Its frozen norms do not have the counter that norms in training write.
    extra = sorted(name for name in report["unexpected_keys"] if not name.endswith("num_batches_tracked"))
    wrong = [f"{name} {tuple(got)} where {tuple(want)} belongs" for name, got, want in report["mismatched_keys"]]
    parts = (("none named", sorted(report["missing_keys"])), ("others named", extra), ("", sorted(wrong)))
    return "; ".join(f"{what} {', '.join(names[:4])}".strip() for what, names in parts if names)
