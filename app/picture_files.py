"""The write_picture endpoint: a painted picture as a PNG that reopens the whole work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from app.verbs import mask_of, photo_of, said
from engine.formats.document import from_document
from engine.picture_file import picture_png


@said
def write_picture(
    image: FileData,
    document: dict[str, Any],
    photo: FileData | None = None,
    mask: FileData | None = None,
    include_photo: bool = True,
) -> FileData:
    """Write a painted picture as a PNG that holds what was asked for, its pose, what painted it and its verdict.

    The document tells of this one picture in its `pictures`; its canvas is the drawing's. `photo` is the drawing and
    `mask` what the picture was painted within; `include_photo` keeps the drawing inside, so that it reopens.
    """
    painted, drawing = photo_of(image).image, photo_of(photo).image if photo else None
    scene = from_document(document, drawing, pictures=[painted], masks=[mask_of(mask) if mask else None])
    if len(scene.pictures) != 1:
        raise ValueError(f"expected a document of one picture, got {len(scene.pictures)}")
    data = picture_png(scene.pictures[0], replace(scene, references=()), include_photo)
    return FileData(path=save_bytes_to_cache(data, "picture.png", get_upload_folder()))
