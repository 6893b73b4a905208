"""What tensors a file holds, by names and shapes alone: no tensor is read, and torch is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

named_in_a_message = 4  # more would hide the sentence they stand in


class WrongWeights(ValueError):
    """A file's tensors are not those of the network they are for."""


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a .safetensors file, from its header alone; WrongWeights when it is none."""
    if not path.is_file():
        raise WrongWeights(f"expected the file {path}, got none")
    try:
        with safe_open(path, "np") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WrongWeights(
            f"expected a whole .safetensors file, got {path.name}, which cannot be read as one"
        ) from error


def differences(wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> str:
    """How the tensors found differ from those wanted, in words; empty when they do not."""
    wrong = [f"{k} {found[k]} where {wanted[k]} belongs" for k in wanted if k in found and found[k] != wanted[k]]
    parts = [
        _listed("none named", [name for name in wanted if name not in found]),
        _listed("others named", [name for name in found if name not in wanted]),
        _listed("", wrong),
    ]
    return "; ".join(part for part in parts if part)


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - named_in_a_message} more" if len(names) > named_in_a_message else ""
    return f"{what} {', '.join(names[:named_in_a_message])}{more}".strip()
