"""create_app: the page, its endpoints and how they are launched."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import api
from gradio.themes import Base

from app import page, verbs
from app.session import Session, committed, reply
from engine.studio import Studio

largest_upload = "96mb"
sessions_kept = 200
# The page fills the window and brings its own look and messages; Gradio's frame around it has none.
frame_css = """
.gradio-container, .gradio-container > main { padding: 0 !important; margin: 0 !important; max-width: none !important; }
.toast-wrap { display: none !important; }
"""


def create_app(studio: Studio) -> gr.Blocks:
    """The studio's page and its named endpoints over one engine."""
    gr.set_static_paths([page.modules, page.examples, page.library_file])
    estimates = verbs.Estimates(studio)

    def cancel_job(job: Any) -> bool:  # Gradio marks server functions, and a method cannot be marked
        return estimates.cancel_job(job)

    def commit(told: Any, session: Session) -> tuple[dict[str, Any], Session]:
        after = committed(session, told)
        return reply(after), after

    # Files that visitors sent are deleted a day after, looked through every hour.
    with gr.Blocks(title="Contrapposto", analytics_enabled=False, delete_cache=(3600, 86400), fill_width=True) as demo:
        session = gr.State(Session(), time_to_live=6 * 3600)
        studio_page = page.StudioPage(page.configuration(model_menu(studio)), [cancel_job])
        studio_page.commit(  # type: ignore[attr-defined]  # the event is declared in the page's script
            commit, [studio_page, session], [studio_page, session],
            show_progress="hidden", trigger_mode="always_last", concurrency_limit=None, api_visibility="private",
        )  # fmt: skip
        api(verbs.open_file, api_name="open", concurrency_limit=4)
        api(estimates.verb, api_name="estimate", concurrency_id="model", concurrency_limit=1)
        api(verbs.convert, api_name="convert", concurrency_limit=4)
    demo.queue(max_size=20)
    return demo


def model_menu(studio: Studio) -> list[dict[str, str]]:
    """The estimators to choose from, `auto` first, with what an artist weighs: what it does, size, licence, speed."""
    words = verbs.words["photo"]
    auto = {"name": "auto", "title": words["autoModel"], "does": words["autoDoes"]}
    found = [
        {"name": m.name, "title": m.name, "does": m.does, "licence": m.licence, "speed": m.speed}
        | {"size": f"{m.megabytes:.0f} MB"}
        for m in studio.models()
    ]
    return [auto, *found]


def launch_options() -> dict[str, Any]:
    """What `Blocks.launch` needs for this page; nothing of it leaves the machine."""
    return {
        "theme": Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        "css": frame_css,
        "favicon_path": page.modules / "favicon.png",
        "footer_links": [],
        "run_history": False,
        "show_error": True,
        "max_file_size": largest_upload,
        "state_session_capacity": sessions_kept,
    }
