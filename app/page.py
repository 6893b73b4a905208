"""The page as one Gradio component: a static template, and the ES modules in assets/studio that fill it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import gradio as gr

from engine import files
from engine.pose import derived, wholebody_floor
from engine.scene import PaintRequest
from engine.skeleton import Skeleton, skeletons, wholebody133

assets = Path(__file__).parent.parent / "assets"
modules = assets / "studio"
examples = assets / "examples"
library_file = assets / "library" / "poses.json"
hand_tiles = assets / "body" / "hands.webp"

# Runs once when the component appears. The events' names must stand quoted here for Gradio to offer them.
boot = """
/* events: 'commit' 'model3d' */
(async () => {
  const root = window.gradio_config.root ?? "";
  const config = JSON.parse(props.studio);
  const base = `${root}/gradio_api/file=${config.folder}`;
  const { mount } = await import(`${base}/studio.js`);
  await mount(element, { props, trigger, server, upload, watch }, { ...config, root, base });
})();
"""
css = """
.contrapposto { position: fixed; inset: 0; background: #f4eee3; }
@media (prefers-color-scheme: dark) { .contrapposto { background: #1b1917; } }
"""


class StudioPage(gr.HTML):
    """The whole studio; its value is what page and server tell each other at a commit."""

    def __init__(self, config: dict[str, Any], server_functions: list[Callable[..., Any]]) -> None:
        super().__init__(
            value={},
            html_template="<div class='contrapposto'></div>",
            css_template=css,
            js_on_load=boot,
            apply_default_css=False,
            server_functions=server_functions,
            # As one text: the front end copies every leaf of what it is given, at every commit and every answer.
            studio=json.dumps(config),
        )

    def get_block_name(self) -> str:
        """The front end knows this component as the HTML that it extends."""
        return "html"


def configuration(menu: dict[str, Any]) -> dict[str, Any]:
    """What the page must know: skeletons, models, formats, examples and where its files are."""
    return {
        "folder": modules.as_posix(),
        "version": _version(),
        "words": (modules / "words.json").as_posix(),
        "library": library_file.as_posix(),
        "handTiles": hand_tiles.as_posix(),
        "skeletons": [_table(skeleton) for skeleton in skeletons.values()],
        "derived": {"rules": derived, "wholebody": wholebody133.name, "floor": wholebody_floor},
        "menu": menu,
        "request": {one.name: one.default for one in fields(PaintRequest) if one.name not in ("photo", "mask")},
        "formats": [_format(one) for one in files.formats.values() if one.writes],
        "examples": [
            {
                "path": path.as_posix(),
                "name": path.name,
                "title": path.stem.replace("_", " ").replace("-", " ").capitalize(),
            }
            for path in sorted(examples.glob("*"))
            if path.suffix in (".png", ".jpg", ".webp")
        ],
    }


def _version() -> str:
    """Changes with the modules, so that a browser never mixes old and new ones."""
    digest = hashlib.sha256()
    for path in sorted(modules.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _table(skeleton: Skeleton) -> dict[str, Any]:
    fields = ("name", "joints", "bones", "mirror", "groups", "parents", "chains", "torso", "colors")
    return {name: getattr(skeleton, name) for name in fields}


def _format(one: files.Format) -> dict[str, str]:
    kind = "project" if one.name in ("project", "png") else "picture" if one.extension in (".png", ".svg") else "data"
    # Endings that differ keep a second export from overwriting the first.
    suffix = one.extension if one.name in ("project", "png", "svg") else f"-{one.name}{one.extension}"
    return {"name": one.name, "title": one.title, "note": one.note, "kind": kind, "suffix": suffix}
