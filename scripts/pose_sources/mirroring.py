"""Mirror images of a prior's vectors: left and right change places, and turns about y and z change their sign."""

from __future__ import annotations

import numpy as np

from engine.hand_shape import mirror
from engine.pose_sets import slices, widths
from engine.skeleton import smplx55

_body = np.arange(1, 22)  # the body's joints without the pelvis, of smplx55
_swapped = np.asarray(smplx55.swap)[_body] - 1


def mirrored_body(poses: np.ndarray) -> np.ndarray:
    """Bodies (N, 63) as a mirror shows them."""
    return (_turns(poses, "body")[:, _swapped] * mirror).reshape(poses.shape)


def other_hand(poses: np.ndarray) -> np.ndarray:
    """Hands (N, 45) of one side as hands of the other: a left hand in right-hand form, and back."""
    return (_turns(poses, "hand") * mirror).reshape(poses.shape)


def mirrored_whole(poses: np.ndarray) -> np.ndarray:
    """Whole bodies (N, 256) as a mirror shows them; expression numbers have no sides and stay."""
    if poses.ndim != 2 or poses.shape[1] != widths["wholebody"]:
        raise ValueError(f"expected whole bodies of shape (N, {widths['wholebody']}), got {poses.shape}")
    found = poses.copy()
    found[:, slices["body"]] = mirrored_body(poses[:, slices["body"]])
    found[:, slices["left_hand"]] = other_hand(poses[:, slices["right_hand"]])
    found[:, slices["right_hand"]] = other_hand(poses[:, slices["left_hand"]])
    jaw = slice(slices["face"].start, slices["face"].start + 3)
    found[:, jaw] = poses[:, jaw] * mirror.astype(poses.dtype)
    return found


def _turns(poses: np.ndarray, part: str) -> np.ndarray:
    if poses.ndim != 2 or poses.shape[1] != widths[part]:
        raise ValueError(f"expected {part} poses of shape (N, {widths[part]}), got {poses.shape}")
    return poses.reshape(len(poses), -1, 3)
