"""Tiny SDPose networks and folders, for the tests of the network, its weights and its pipeline."""

from pathlib import Path

import numpy as np
import torch

from engine.box import Box
from engine.networks.sdpose import SDPoseNet, build, sizes
from engine.sdpose import SDPosePipeline

photo = np.random.default_rng(0).integers(0, 255, (300, 220, 3), dtype=np.uint8)
boxes = [Box(10, 10, 150, 280), Box(60, 30, 210, 200)]


def lively(keypoints: int, seed: int = 0) -> SDPoseNet:
    """A tiny network whose maps are not flat, as those of an untrained head would be."""
    torch.manual_seed(seed)
    net = build("tiny", keypoints)
    for weight in net.head.parameters():
        torch.nn.init.normal_(weight, std=0.05)
    return net


def saved(folder: Path, keypoints: int) -> Path:
    """A folder of such a network in the hub's layout."""
    SDPosePipeline(lively(keypoints), sizes["tiny"].input_size).save_pretrained(folder)
    return folder
