"""What every training here shares: seeded randomness, the running mean of weights, state and figures in files.

Randomness comes from (seed, step) alone, so no generator's state has to be kept for training to go on bit by bit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.tensors import load_strictly, read_tensors

Precision = Literal["fp32", "bf16", "fp16"]


def seeded(*numbers: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator whose numbers depend on these alone, on every machine with that kind of device."""
    return torch.Generator(device).manual_seed(seed_of(*numbers))


def seed_of(*numbers: int) -> int:
    """One seed that differs where any of the numbers does."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class Ema:
    """A running mean of the trained weights, with their names; it follows faster during the first steps."""

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self.decay = decay
        self.mean = {name: value.detach().clone() for name, value in weights.items()}

    @torch.no_grad()
    def follow(self, weights: Mapping[str, Tensor], step: int) -> None:
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        for name, mean in self.mean.items():
            mean.lerp_(weights[name].detach(), share)

    @contextmanager
    def worn(self, weights: Mapping[str, Tensor]) -> Iterator[None]:
        """While inside, the network has the mean in place of its own weights."""
        own = {name: value.data for name, value in weights.items()}
        for name, value in weights.items():
            value.data = self.mean[name]
        try:
            yield
        finally:
            for name, value in weights.items():
                value.data = own[name]


# ── files ──


class Metrics:
    """A table of what steps came to, in a file of comma-separated values; later steps than `step` are cut off.

    `columns` name the numbers of a row after its step.
    """

    def __init__(self, path: Path, step: int, columns: Iterable[str]) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = path.read_text("utf-8").splitlines()[1:] if step and path.is_file() else []
        kept = [row for row in rows if int(row.partition(",")[0]) <= step]
        path.write_text("\n".join([",".join(["step", *columns]), *kept, ""]), "utf-8")

    def add(self, *row: float) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(",".join(f"{value:.7g}" for value in row) + "\n")


def save_state(
    path: Path,
    recipe: Any,
    step: int,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    names: Iterable[str],
    ema: Ema | None,
    more: Mapping[str, Any],
) -> None:
    """Writes all that training needs to go on into one .safetensors file; the former one stays until this is whole.

    `recipe` is a dataclass, `names` those of the optimiser's parameters in its order.
    """
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    moments = optimizer.state_dict()["state"]
    for i, name in enumerate(names):
        tensors |= {f"optimizer.{name}.{key}": value for key, value in moments.get(i, {}).items()}
    if ema is not None:
        tensors |= {f"ema.{name}": value for name, value in ema.mean.items()}
    about = {"step": step, "recipe": asdict(recipe), **more}
    fresh = path.with_suffix(".new")
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, fresh, {"training": json.dumps(about)})
    fresh.replace(path)


def replace_folder(folder: Path, write: Callable[[Path], object]) -> None:
    """Writes a folder anew by `write`; the former one stays until this one is whole, see `last_folder`."""
    fresh, old = (folder.with_name(f"{folder.name}.{kind}") for kind in ("new", "old"))
    shutil.rmtree(fresh, ignore_errors=True)
    write(fresh)
    if folder.is_dir():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def last_folder(folder: Path) -> Path:
    """The folder, or the one before where a run was ended between two renames."""
    old = folder.with_name(f"{folder.name}.old")
    return old if old.is_dir() and not folder.is_dir() else folder


def read_about(path: Path) -> dict[str, Any]:
    """What a state file says of itself: step, recipe and more; ValueError for another file."""
    if not path.is_file():
        raise ValueError(f"expected a state to resume from at {path}, got none")
    with safe_open(path, "pt") as file:
        about = (file.metadata() or {}).get("training")
    if about is None:
        raise ValueError(f"expected the state of a training in {path}, got another file")
    return json.loads(about)


def load_state(
    path: Path,
    recipe: Any,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    names: Iterable[str],
    ema: Ema | None,
    free: Collection[str] = (),
) -> dict[str, Any]:
    """Puts a state into network, optimiser and running mean, and returns what it says of itself.

    ValueError when it was made with another recipe, but for its `free` words: what went on from there would be neither.
    """
    about = read_about(path)
    now = json.loads(json.dumps(asdict(recipe)))
    if other := [key for key in now if now[key] != about["recipe"].get(key) and key not in free]:
        raise ValueError(f"expected the recipe that {path.name} was made with, got another {', '.join(other)}")
    tensors = read_tensors(path)
    device = next(net.parameters()).device
    part = {kind: _under(tensors, f"{kind}.") for kind in ("net", "optimizer", "ema")}
    net.load_state_dict(part["net"], strict=True)
    found = optimizer.state_dict()
    moments: dict[str, dict[str, Tensor]] = {}
    for key, value in part["optimizer"].items():
        name, _, moment = key.rpartition(".")
        moments.setdefault(name, {})[moment] = value
    found["state"] = {i: moments[name] for i, name in enumerate(names) if name in moments}
    optimizer.load_state_dict(found)
    if ema is not None:
        ema.mean = {name: value.to(device) for name, value in part["ema"].items()}
    return about


def load_weights(path: Path, net: nn.Module) -> None:
    """Puts what a state has learned into a network, its running mean where it kept one; training then begins anew.

    ValueError for another file, WrongWeights when it is of a network of other parts or sizes.
    """
    read_about(path)
    tensors = read_tensors(path)
    load_strictly(net, _under(tensors, "net.") | _under(tensors, "ema."), str(path))


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
