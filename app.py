"""Contrapposto, the pose studio for artists: serve the page, or look at one file in a window."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

# Before Gradio is imported: it would count visits, and ask its own host for updates.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# Before numpy is: bodies are searched for in small matrices, for which its threads would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Before torch is: what MKL sums up would depend on where it lies in memory, and equal requests differ in the last bits.
os.environ.setdefault("MKL_CBWR", "AUTO")
# Before transformers is: it advises a package for pictures that nothing here reads with it.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), help="address to serve on")
    parser.add_argument("--port", type=int, default=None, help="port to serve on (default: 7860, or the next free one)")
    parser.add_argument("--share", action="store_true", help="also serve at a public address for three days")
    parser.add_argument(
        "--models", type=Path, default=os.environ.get("CONTRAPPOSTO_MODELS") or None, metavar="DIR",
        help="folder of your own models, a folder or file each, for the model menu (default: CONTRAPPOSTO_MODELS)",
    )  # fmt: skip
    # On a public Space a visitor's click must not fill the disk.
    parser.add_argument(
        "--allow-downloads", action=argparse.BooleanOptionalAction, default="SPACE_ID" not in os.environ,
        help="whether visitors may download models by a click (default: yes, but on a Hugging Face Space no)",
    )  # fmt: skip
    parser.add_argument(
        "--viewer", type=Path, metavar="FILE",
        help="open a window on the bodies in FILE (document, project, npz of SMPL-X, BVH) instead of serving the page",
    )  # fmt: skip
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if args.viewer:
        look(args.viewer)
    else:
        serve(parser, args)


def look(path: Path) -> None:
    """Opens a window on the bodies in a file."""
    from engine import viewer  # VTK's windows; the page has its own process for them

    try:
        viewer.show(path)
    except (ValueError, OSError) as error:
        sys.exit(f"contrapposto: {error}")


def serve(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Serves the page until it is stopped."""
    from app import create_app, launch_options  # Gradio, which the window does without
    from engine.studio import Studio

    if args.models is not None and not args.models.is_dir():
        parser.error(f"expected a folder of models, got {args.models}, which is none")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    demo = create_app(Studio(args.models), args.allow_downloads)
    demo.launch(server_name=args.host, server_port=args.port, share=args.share, **launch_options())


if __name__ == "__main__":
    main()
