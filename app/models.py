"""The model menu: which estimators there are, what one would cost here, and downloads under way.

The page asks by server functions, which are quick and skip the queue; a download itself runs in a thread, and every
visitor who looks at the menu sees how far it is.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Any

from app.estimates import options_of
from app.verbs import sentence, words
from engine import weights
from engine.estimate import parts_of
from engine.joined_estimator import pair_of
from engine.progress import Cancelled
from engine.skeleton import ap10k17, skeletons
from engine.studio import Model, Studio

log = logging.getLogger(__name__)
most_figures = 1_000_000  # of a forecast


@dataclass
class Download:
    """One model on its way: how far, in words, why it failed, and the wish to stop it."""

    fraction: float = 0.0
    text: str = ""
    failure: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    ended: bool = False

    def told(self) -> dict[str, Any]:
        under_way = not self.ended
        return {"fraction": self.fraction, "text": self.text, "failure": self.failure, "underWay": under_way}


class Models:
    """What the page knows of the studio's models. `downloads` says whether visitors may download."""

    def __init__(self, studio: Studio, downloads: bool) -> None:
        self.studio = studio
        self.downloads = downloads
        self._under_way: dict[str, Download] = {}
        self._lock = threading.Lock()

    def menu(self) -> dict[str, Any]:
        """{auto: the name that `auto` takes, models, detectors, downloads: whether visitors may}.

        Without forecasts: reckoning one may load a network's code, which takes seconds.
        """
        found = [self._entry(model) for model in self.studio.models()]
        usable = [one["name"] for one in found if one["present"] and one["kind"] == "person"]
        return {
            "auto": usable[0] if usable else "",
            "models": found,
            "detectors": [self._detector(one) for one in self.studio.detectors()],
            "downloads": self.downloads,
        }

    def _entry(self, model: Model) -> dict[str, Any]:
        known = _known(model.name)
        skeleton = skeletons.get(model.skeleton)
        groups = {group for group, _ in skeleton.groups} if skeleton else set()
        return {
            "name": model.name,
            "does": model.does,
            "licence": model.licence,
            "speed": model.speed,
            "megabytes": model.megabytes,
            "skeleton": model.skeleton,
            "kind": "animal" if model.skeleton == ap10k17.name else "person",
            "parts": [part for part, names in parts_of.items() if groups & set(names)],
            "options": list(model.options),
            "present": model.present,
            "downloadable": model.downloadable,
            # Of a download that was stopped, the missing rest is no fault.
            "problem": "" if model.downloadable else model.problem,
            "begun": bool(model.downloadable and model.problem),
            "own": known is None and pair_of(model.name) is None,
            **_source(known),
            "download": self.state(model.name),
        }

    def _detector(self, one: Model) -> dict[str, Any]:
        return {
            "name": one.name,
            "does": one.does,
            "licence": one.licence,
            "megabytes": one.megabytes,
            "present": one.present,
            "downloadable": one.downloadable,
            "problem": "" if one.downloadable else one.problem,
            "begun": bool(one.downloadable and one.problem),
            **_source(_known(one.name)),
            "download": self.state(one.name),
        }

    def state(self, name: str) -> dict[str, Any] | None:
        """How far the download of a model is; None when it was not begun."""
        under_way = self._under_way.get(name)
        return under_way.told() if under_way else None

    def forecast(self, told: Any) -> dict[str, Any]:
        """{seconds, gigabytes, measured} for {model, options, figures}; {refusal} when it cannot be said."""
        try:
            figures = told["figures"]
            if type(figures) is not int or not 0 < figures <= most_figures:
                raise ValueError(f"expected a number of figures, got {figures!r:.80}")
            found = self.studio.forecast(str(told["model"]), options_of(told["options"]), figures)
            return {"seconds": found.seconds, "gigabytes": found.gigabytes, "measured": found.measured}
        except (ValueError, KeyError, TypeError) as error:
            return {"refusal": sentence(error)}

    # ── downloads ──

    def download(self, name: Any) -> dict[str, Any]:
        """Begin or continue the download of a model; the menu, with how far it is."""
        with self._lock:
            offered = self.downloads and isinstance(name, str) and name in self._offered()
            going = self._under_way.get(name) if offered else None
            if offered and (going is None or going.ended):
                # A failure is told until the next try, and what had arrived stays on the bar until it is known anew.
                started = self._under_way[name] = Download(going.fraction if going else 0.0, words["models"]["asks"])
                threading.Thread(target=self._fetch, args=(name, started), daemon=True).start()
        return self.menu()

    def _offered(self) -> set[str]:
        """What the menus offer to download; the table has more, which nobody is given unasked."""
        painters = self.studio.painters()
        controls = [control for model in painters for control in model.controls]
        found = [*self.studio.models(), *self.studio.detectors(), *painters, *controls]
        return {one.name for one in found if one.downloadable}

    def _fetch(self, name: str, download: Download) -> None:
        def progress(fraction: float, text: str) -> None:
            download.fraction, download.text = fraction, text

        try:
            self.studio.download(name, progress, download.stop.is_set)
            del self._under_way[name]
        except Cancelled:
            download.text = words["models"]["stopped"]
        except ValueError as error:
            log.warning("the download of %s failed: %s", name, error)
            download.failure = sentence(error)
        except Exception:
            log.exception("the download of %s failed", name)
            download.failure = words["failed"]
        finally:
            download.ended = True

    def stop_download(self, name: Any) -> dict[str, Any]:
        """Stop a download; what has arrived is kept for the next try."""
        if under_way := self._under_way.get(name) if isinstance(name, str) else None:
            under_way.stop.set()
            if not under_way.ended:
                under_way.text = words["models"]["stopping"]
        return self.menu()


def _known(name: str) -> weights.Weights | None:
    """The table's model of that name; None for one of the user's own."""
    return next((one for one in weights.table if one.name == name), None)


def _source(known: weights.Weights | None) -> dict[str, str]:
    """Where a model comes from, and the command that fetches it."""
    if known is None or not isinstance(known.source, weights.Hub):
        return {"where": "", "command": ""}
    command = f"python scripts/download_weights.py {known.name}"
    return {"where": f"huggingface.co/{known.source.repository}", "command": command}
