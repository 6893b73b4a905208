"""What a body wears: layers painted on its own mesh and puffed away from the skin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.body_file import BodyFile
from engine.skeleton import RGB

plain_skin: RGB = (214, 170, 142)  # for a file without colours


@dataclass(frozen=True, eq=False)
class Outfit:
    """Skin (V, 3) uint8 and layers over it: offsets (L, V, 3) m, opacities (L, V) 0 … 1, names, colours.

    `default` is worn when nothing else is asked for.
    """

    skin: np.ndarray
    offsets: np.ndarray
    opacities: np.ndarray
    names: tuple[str, ...]
    colors: tuple[RGB, ...]
    default: tuple[str, ...]

    @classmethod
    def of(cls, file: BodyFile) -> Outfit:
        """The outfit of a file; an SMPL-X file without our extra arrays has none, and plain skin."""
        v = file.vertices
        if "vertex_colors" in file:
            skin = file.array("vertex_colors").astype(np.uint8)
        else:
            skin = np.tile(np.array(plain_skin, dtype=np.uint8), (v, 1))
        if "layer_names" not in file:
            return cls(skin, np.zeros((0, v, 3), np.float32), np.zeros((0, v), np.float32), (), (), ())
        offsets = file.array("layer_offset").astype(np.float32)
        opacities = file.array("layer_alpha").astype(np.float32) / 255
        colors = tuple((int(r), int(g), int(b)) for r, g, b in file.array("layer_color"))
        names, default = file.strings("layer_names"), file.strings("default_layers")
        outfit = cls(skin, offsets, opacities, names, colors, default)
        outfit.chosen(default)
        return outfit

    def chosen(self, layers: Iterable[str] | None) -> list[int]:
        """Which layers these are, in the file's order; the default for None. ValueError for an unknown one."""
        wanted = set(self.default if layers is None else layers)
        if unknown := wanted - set(self.names):
            known = ", ".join(self.names) or "none"
            raise ValueError(f"expected layers among {known}, got {', '.join(sorted(unknown))}")
        return [i for i, name in enumerate(self.names) if name in wanted]

    def offset(self, layers: Iterable[str] | None = None) -> np.ndarray | None:
        """How far the layers lift the rest shape (V, 3), metres, laid over one another as paint is; None when bare."""
        chosen = self.chosen(layers)
        lifted = np.zeros_like(self.skin, dtype=np.float32)
        for i in chosen:
            lifted = self.offsets[i] + (1 - self.opacities[i][:, None]) * lifted
        return lifted if chosen else None

    def painted(self, layers: Iterable[str] | None = None, colors: Mapping[str, RGB] | None = None) -> np.ndarray:
        """Colours (V, 3) uint8 with the layers over the skin in the file's order; `colors` change some layers' own."""
        painted = self.skin.astype(np.float32)
        for i in self.chosen(layers):
            color = (colors or {}).get(self.names[i], self.colors[i])
            painted += self.opacities[i][:, None] * (np.array(color, np.float32) - painted)
        return np.round(painted).astype(np.uint8)
