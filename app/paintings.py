"""Pictures painted from a pose, for the page: who can paint here, what a painter hears and sees, and the painting."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from app.jobs import Jobs, Stopped, Tell, heard
from app.models import Models
from app.verbs import answering, mask_of, photo_of, said, sentence
from engine import weights
from engine.formats.checks import keyed, truth
from engine.formats.document import from_document
from engine.paint_models import PaintControl, PaintModel, as_learned, easiest, kind_of
from engine.progress import Cancelled
from engine.scene import PaintRequest, Picture, Scene
from engine.studio import Studio

if TYPE_CHECKING:
    from engine.prompting import Heard

preview_side = 384  # px, the longest that a look at unfinished work has
between_previews = 0.25  # s, for each picture
map_side = 1024  # px


# ── painting ──


def painter(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def paint(
        document: dict[str, Any],
        photo: FileData | None = None,
        mask: FileData | None = None,
        check: bool = True,
        best: bool = False,
        job: str = "",
    ) -> Iterator[dict]:
        """Paint pictures of a document's figures, as its `request` says: prompt, negative, size, seed, count, steps,
        guidance, pose_strength, pose_window, encoding, model, fit, words, silent, words_window, change.

        What the request does not say of size and guidance is as usual with its painter.
        A `photo` of the document's size is painted over, within a `mask` only where that is white. `check` has each
        picture looked at for its pose. Yields {fraction, text}, {preview: {n, step, steps, address}} and, for each
        picture as soon as it is finished, {picture}; last {pictures, notes, model, control}: the pictures in the order
        of their seeds, or with `best` those first that kept the pose best. A picture is {image: a PNG that reopens
        the work, request, pose, model, control, verdict: {oks, pck, estimator, found, drifted} or null}.
        """
        image = photo_of(photo).image if photo else None
        scene = from_document(document, photo=image)
        request = replace(scene.request or PaintRequest(), photo=image, mask=mask_of(mask) if mask else None)
        said = [*(document.get("request") or ())]
        check, best = truth(check, "check"), truth(best, "best")

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            asked = as_learned(request, studio.planned(request, scene.pose)[0], said)
            return _Run(studio, scene, asked, check, tell, stopped).work(best)

        yield from jobs.run(job, work)

    return paint


class _Run:
    """One request at work: what is told of it on the way, and what the artist should know at its end."""

    def __init__(
        self, studio: Studio, scene: Scene, request: PaintRequest, check: bool, tell: Tell, stopped: Stopped
    ) -> None:
        self.studio, self.scene, self.request, self.check = studio, scene, request, check
        self.tell, self.stopped = tell, stopped
        self.progress = heard(tell, stopped)
        self.finished: list[tuple[Picture, dict[str, Any]]] = []
        self.notes: list[str] = []
        self.shown: dict[int, float] = {}

    def work(self, best: bool) -> dict[str, Any]:
        from engine.verify import best_first

        self.studio.paint(self.request, self.scene.pose, self.progress, self.watch, self.done, self.notes.append)
        told = {id(picture): one for picture, one in self.finished}
        pictures = tuple(picture for picture, _ in self.finished)
        return {
            "pictures": [told[id(picture)] for picture in (best_first(pictures) if best else pictures)],
            "notes": list(dict.fromkeys(self.notes)),
            "model": pictures[0].model,
            "control": pictures[0].control,
        }

    def watch(self, n: int, step: int, steps: int, preview: np.ndarray) -> None:
        """A look at picture `n` on its way; now and then it goes to the page."""
        if self.stopped():
            raise Cancelled
        now = time.monotonic()
        if step < steps and now - self.shown.get(n, 0.0) < between_previews:
            return
        self.shown[n] = now
        self.tell({"preview": {"n": n, "step": step, "steps": steps, "address": _address(preview, preview_side)}})

    def done(self, picture: Picture) -> None:
        """A finished picture, looked at for its pose where that can be done."""
        if self.check and self.scene.pose.people and picture.control:  # one painted from words alone keeps no pose
            self.tell({"text": f"Looking for the pose in picture {len(self.finished) + 1} of {self.request.count}"})
            try:
                picture = self.studio.verified(picture)
            except ValueError as error:
                self.notes.append(sentence(error))
        told = self._told(picture)
        self.finished.append((picture, told))
        self.tell({"picture": told})

    def _told(self, picture: Picture) -> dict[str, Any]:
        from engine.formats.painting import from_picture
        from engine.picture_file import picture_png

        # Without the drawing, which the page has: sixty pictures must not hold it sixty times.
        written = picture_png(picture, self.scene, include_photo=False)
        path = save_bytes_to_cache(written, "picture.png", get_upload_folder())
        return from_picture(picture) | {"image": FileData(path=path).model_dump()}


def _address(image: np.ndarray, side: int) -> str:
    """An image as an address that a page can show, no longer than `side` px."""
    scale = side / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    _, data = cv2.imencode(".webp", small[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 80])
    return f"data:image/webp;base64,{base64.b64encode(data.tobytes()).decode()}"


# ── before ──


class Painters:
    """What the page asks while a request is made up: quick answers, for which no model is loaded."""

    def __init__(self, studio: Studio, models: Models) -> None:
        self.studio = studio
        self.models = models

    def menu(self) -> dict[str, Any]:
        """{auto: the model that `auto` takes, or "", models, each with its controls, downloads: may visitors}."""
        found = self.studio.painters()
        return {
            "auto": next((model.name for model in found if model.usable or model.words_alone), ""),
            "models": [
                self._entry(model)
                | {"words_alone": model.words_alone, "controls": [self._entry(control) for control in model.controls]}
                for model in found
            ],
            "downloads": self.models.downloads,
        }

    def _entry(self, one: PaintModel | PaintControl) -> dict[str, Any]:
        return asdict(one) | {
            # Of a download that was stopped, the missing rest is no fault.
            "problem": "" if one.downloadable else one.problem,
            "begun": bool(one.downloadable and one.problem),
            "own": all(one.name != known.name for known in weights.table),
            "download": self.models.state(one.name),
        }

    def prompt(self, told: Any) -> dict[str, Any]:
        """What the painter hears of a document's request.

        {tokens: [{token, joint, said}] of the joints that are drawn, kept and dropped of the prompt, unknown: words
        that look like a joint's and are none, notes}.
        """
        from engine.caption_tokens import strange
        from engine.keypoint_words import table_of, visible_words
        from engine.prompting import heard, negative_heard

        scene, request = _asked(told)
        model, control = self._planned(scene, request)
        known = None if control and control.encoding == "spctrl" else ()
        kind = control.kind if control else "human"
        tokenizer = self.studio.tokenizer(model)
        prompt: Heard = heard(request, scene.pose, kind, tokenizer, known)
        _, cut = negative_heard(request, tokenizer)
        notes = [f"Of what to leave out, it does not hear “{cut}”."] if cut else []
        if words := strange(prompt.plain, tokenizer):
            notes.append(f"It has never seen the words {', '.join(words)}.")
        joints = {word.token: word.joint for word in table_of(kind)}
        drawn = visible_words(scene.pose, kind) if known is None else ()
        return {
            "tokens": [{"token": one, "joint": joints[one], "said": one in prompt.tokens} for one in drawn],
            "kept": prompt.text,
            "dropped": prompt.dropped,
            "unknown": list(prompt.unknown),
            "notes": notes,
        }

    def encoding(self, told: Any) -> dict[str, Any]:
        """The pose as the painter sees it: {address, encoding}; an index map in colours, for it is nearly black.

        Both are empty for a painter that is not told the pose.
        """
        from engine.paint_map import colored, drawn_map

        scene, request = _asked(told)
        _, control = self._planned(scene, request)
        if control is None:
            return {"address": "", "encoding": ""}
        encoding = control.encoding
        drawn = drawn_map(request, scene.pose, encoding)
        shown = colored(drawn) if drawn.ndim == 2 else drawn
        times = max(1, map_side // max(shown.shape[:2]))  # of a small map each pixel is seen
        return {"address": _address(shown.repeat(times, 0).repeat(times, 1), map_side), "encoding": encoding}

    def _planned(self, scene: Scene, request: PaintRequest) -> tuple[PaintModel, PaintControl | None]:
        """Who would paint and what would tell it the pose: of those here, else of those that are easiest to get."""
        return easiest(self.studio.painters(), request.model, request.encoding, kind_of(scene.pose))


def _asked(told: Any) -> tuple[Scene, PaintRequest]:
    scene = from_document(keyed(told, "the request", "document")["document"])
    return scene, scene.request or PaintRequest()


def server_functions(studio: Studio, models: Models) -> list[Callable[[Any], dict[str, Any]]]:
    """What the page asks beside the queue, each with one argument; Gradio marks them, and cannot mark a method."""
    known = Painters(studio, models)

    def painters(_: Any) -> dict[str, Any]:
        return known.menu()

    def prompt(told: Any) -> dict[str, Any]:
        return answering("prompt", lambda: known.prompt(told))

    def encoding(told: Any) -> dict[str, Any]:
        return answering("encoding", lambda: known.encoding(told))

    return [painters, prompt, encoding]
