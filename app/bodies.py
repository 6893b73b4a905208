"""What the page asks of the stage while an artist poses bodies: quick answers beside the queue, one argument each.

Every answer is JSON; a refusal is {"error": a sentence}.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from app.verbs import answering
from engine.studio import Studio

# The functions by the names that the page calls, and what answers them: a module of the app and its function.
requests = {
    "body_info": ("body_requests", "info"),
    "body_view": ("body_requests", "look"),
    "body_edit": ("body_requests", "edit"),
    "body_fit": ("body_requests", "fitted"),
    "body_new": ("body_requests", "new"),
    "body_shape_of": ("body_requests", "sliders"),
    "figure_issues": ("lints", "issues"),
    "figure_mend": ("lints", "mend"),
    "profile_of": ("profiles", "read"),
    "profile_check": ("profiles", "check"),
    "profile_give": ("profiles", "give"),
    "complete_blend": ("completions", "blend"),
    "body_flips": ("naturals", "flips"),
    "poses_alike": ("searches", "alike"),
    "pose_mix": ("mixes", "mix"),
    "body_follow": ("lifts", "follow"),
    "lift_ready": ("lifts", "ready"),
    "lift_pictures": ("lifts", "pictures"),
}


def server_functions(studio: Studio) -> list[Callable[[Any], dict[str, Any]]]:
    """The functions the page calls by name."""
    return [_function(studio, name) for name in requests]


def _function(studio: Studio, name: str) -> Callable[[Any], dict[str, Any]]:
    def call(told: Any) -> dict[str, Any]:
        module, function = requests[name]
        # torch comes with it, which the first page need not wait for
        return answering(name, lambda: getattr(import_module(f"app.{module}"), function)(studio.stage, told))

    call.__name__ = name
    return call
