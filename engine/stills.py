"""Files of the 3D view: turntables as GIF or MP4, and maps as pictures for ControlNet and compositing."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.progress import Cancelled, Progress
from engine.render import Renderer
from engine.shot import Maps, Shot
from engine.skeleton import RGB
from engine.video import Recorder

paper: RGB = (244, 238, 227)  # behind figures where a file cannot be transparent
most_frames = 720
longest_seconds = 120.0
most_gif_pixels = 1 << 28  # in all frames, which are held until the last: 64 of 2048²
_palette_of = 8  # frames that a GIF's colours are chosen from


def turntable(
    renderer: Renderer,
    shot: Shot,
    kind: str,
    frames: int = 48,
    seconds: float = 4.0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bytes:
    """Once around the figures as the bytes of a `gif` or `mp4`; Cancelled when the caller asked to stop.

    A shot without background is put on paper.
    """
    if kind not in ("gif", "mp4"):
        raise ValueError(f"expected gif or mp4, got {kind!r}")
    if not 1 <= frames <= most_frames:
        raise ValueError(f"expected 1 to {most_frames} frames, got {frames}")
    if not 0 < seconds <= longest_seconds:
        raise ValueError(f"expected a turntable of at most {longest_seconds:g} seconds, got {seconds:g}")
    width, height = shot.camera.size
    if kind == "gif" and frames * width * height > most_gif_pixels:
        raise ValueError(
            f"expected a GIF of at most {most_gif_pixels // 10**6} million pixels, got {frames} frames of "
            f"{width} × {height}: make it smaller, or take a video"
        )
    if shot.look.background is None:
        shot = replace(shot, look=replace(shot.look, background=paper))

    def watched() -> Iterator[np.ndarray]:
        for k, picture in enumerate(renderer.turntable(shot, frames)):
            if cancelled and cancelled():
                raise Cancelled
            yield picture[..., :3]
            if progress:
                progress((k + 1) / frames, f"Drawing view {k + 1} of {frames}")

    each = Fraction(seconds).limit_denominator(1000) / frames
    return gif(watched(), each) if kind == "gif" else mp4(watched(), each, shot.camera.size)


def gif(pictures: Iterator[np.ndarray], lasts: Fraction) -> bytes:
    """Pictures (H, W, 3) uint8 as an endless GIF, each `lasts` seconds, rounded to hundredths as GIF counts.

    One palette serves all, so that nothing flickers.
    """
    images = [Image.fromarray(np.ascontiguousarray(picture)) for picture in pictures]
    chosen = images[:: max(1, len(images) // _palette_of)]
    sheet = Image.new("RGB", (chosen[0].width, chosen[0].height * len(chosen)))
    for k, image in enumerate(chosen):
        sheet.paste(image, (0, k * image.height))
    palette = sheet.quantize(256, method=Image.Quantize.MEDIANCUT)
    drawn = [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
    ends = [round(lasts * 100 * (k + 1)) * 10 for k in range(len(drawn))]
    times = [max(20, end - begin) for begin, end in zip([0, *ends], ends, strict=False)]  # below 20 ms browsers dawdle
    file = io.BytesIO()
    drawn[0].save(file, "gif", save_all=True, append_images=drawn[1:], duration=times, loop=0, optimize=False)
    return file.getvalue()


def mp4(pictures: Iterator[np.ndarray], lasts: Fraction, size: tuple[int, int]) -> bytes:
    """Pictures (H, W, 3) uint8 of `size` (width, height) as an H.264 video, each `lasts` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turntable.mp4"
        with Recorder(path, size, 1 / lasts) as recorder:
            for k, picture in enumerate(pictures):
                recorder.add(np.ascontiguousarray(picture), k * lasts, lasts)
        return path.read_bytes()


# ── maps ──


def maps_file(maps: Maps, kind: str) -> bytes:
    """One map as a PNG, `depth`, `normal`, `mask` or `canny`, or `maps`, all in a zip with the depth in metres besides.

    The depth map is as ControlNet wants it, near is light; depth_mm.png holds millimetres in 16 bits, 0 for nothing,
    and depth.npy metres, inf for nothing.
    """
    makers: dict[str, Callable[[], np.ndarray]] = {
        "depth": lambda: depth_picture(maps.depth),
        "normal": lambda: maps.normal,
        "mask": lambda: maps.mask,
        "canny": lambda: maps.canny,
    }
    if kind in makers:
        return _png(makers[kind]())
    if kind != "maps":
        raise ValueError(f"expected one of {', '.join(makers)} or maps, got {kind!r}")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, make in makers.items():
            archive.writestr(f"{name}.png", _png(make()))
        archive.writestr("depth_mm.png", _png(depth_millimetres(maps.depth)))
        metres = io.BytesIO()
        np.save(metres, maps.depth, allow_pickle=False)
        archive.writestr("depth.npy", metres.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def depth_picture(depth: np.ndarray) -> np.ndarray:
    """Depth (H, W) m as (H, W) uint8: 255 for the nearest, 0 for nothing, even in 1 / m as estimators are."""
    seen = np.isfinite(depth)
    if not seen.any():
        return np.zeros(depth.shape, np.uint8)
    near, far = float(depth[seen].min()), float(depth[seen].max())
    # A figure's far side stays well apart from the nothing behind it.
    share = (1 / np.where(seen, depth, far) - 1 / far) / max(1 / near - 1 / far, 1e-9)
    return np.where(seen, np.rint(64 + 191 * share), 0).astype(np.uint8)


def depth_millimetres(depth: np.ndarray) -> np.ndarray:
    """Depth (H, W) m as (H, W) uint16 millimetres, 0 for nothing, at most 65.535 m."""
    seen = np.isfinite(depth)
    return np.where(seen, np.clip(np.rint(np.where(seen, depth, 0) * 1000), 1, 65535), 0).astype(np.uint16)


def _png(picture: np.ndarray) -> bytes:
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise ValueError(f"expected a picture that can be written as PNG, got {picture.shape} {picture.dtype}")
    return data.tobytes()
