"""create_app: the page, its endpoints and how they are launched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.events import api
from gradio.themes import Base

from app import (
    batches,
    bodies,
    body_files,
    completions,
    lifts,
    motions,
    naturals,
    page,
    paintings,
    picture_files,
    verbs,
)
from app.estimates import estimator
from app.jobs import Jobs
from app.models import Models
from app.session import Session, committed, reply
from app.verifications import verifier
from engine.studio import Studio

largest_upload = "1gb"  # a video; what is read whole has its own limit
sessions_kept = 200
# The page fills the window and brings its own look and messages; Gradio's frame around it has none.
# The preview of a model is Gradio's own component, laid over the page when it is asked for.
frame_css = """
.gradio-container, .gradio-container > main { padding: 0 !important; margin: 0 !important; max-width: none !important; }
.toast-wrap { display: none !important; }
.model-preview { display: none !important; }
.model-preview.open {
  display: block !important; position: fixed; z-index: 5; right: 24px; bottom: 56px;
  width: min(440px, calc(100vw - 48px)); height: 480px; border-radius: 10px;
  overflow: hidden; box-shadow: 0 8px 40px rgb(0 0 0 / 35%);
}
"""


def create_app(studio: Studio, downloads: bool = True) -> gr.Blocks:
    """The studio's page and its named endpoints over one engine; `downloads`: whether visitors may fetch models."""
    gr.set_static_paths([page.modules, page.examples, page.library_file, page.hand_tiles])
    jobs, models = Jobs(), Models(studio, downloads)

    def commit(told: Any, session: Session) -> tuple[dict[str, Any], Session]:
        after = committed(session, told)
        return reply(after), after

    # Files that visitors sent are deleted a day after, looked through every hour.
    with gr.Blocks(title="Contrapposto", analytics_enabled=False, delete_cache=(3600, 86400), fill_width=True) as demo:
        session = gr.State(Session(), time_to_live=6 * 3600)
        functions = [
            *server_functions(jobs, models),
            *bodies.server_functions(studio),
            *paintings.server_functions(studio, models),
        ]
        studio_page = page.StudioPage(page.configuration(models.menu()), functions)
        studio_page.commit(  # type: ignore[attr-defined]  # the event is declared in the page's script
            commit, [studio_page, session], [studio_page, session],
            show_progress="hidden", trigger_mode="always_last", concurrency_limit=None, api_visibility="private",
        )  # fmt: skip
        preview = gr.Model3D(
            label=verbs.words["body"]["preview"], elem_classes="model-preview", interactive=False, height=440,
            clear_color=(0, 0, 0, 0), camera_position=(90, 85, 2.5),
        )  # fmt: skip
        studio_page.model3d(  # type: ignore[attr-defined]
            body_files.previewed(studio), None, preview, show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        api(verbs.open_file, api_name="open", concurrency_limit=4)
        api(verbs.convert, api_name="convert", concurrency_limit=4)
        api(estimator(studio, jobs), api_name="estimate", concurrency_id="model", concurrency_limit=1)
        # A queue of their own: one picture need not wait for a hundred.
        api(batches.of_pictures(studio, jobs), api_name="estimate_many", concurrency_id="batch", concurrency_limit=1)
        api(batches.of_video(studio, jobs), api_name="estimate_video", concurrency_id="batch", concurrency_limit=1)
        api(body_files.exporter(studio, jobs), api_name="export_body", concurrency_id="body", concurrency_limit=1)
        api(body_files.importer(studio), api_name="import_body", concurrency_limit=2)
        api(motions.cleaner(studio, jobs), api_name="clean_motion", concurrency_id="body", concurrency_limit=1)
        api(body_files.stander(studio), api_name="stand", concurrency_id="body", concurrency_limit=1)
        api(completions.completer(studio, jobs), api_name="complete", concurrency_id="body", concurrency_limit=1)
        api(lifts.lifter(studio, jobs), api_name="lift", concurrency_id="lift", concurrency_limit=2)
        api(paintings.painter(studio, jobs), api_name="paint", concurrency_id="paint", concurrency_limit=1)
        api(verifier(studio), api_name="verify", concurrency_id="model", concurrency_limit=1)
        api(picture_files.write_picture, api_name="write_picture", concurrency_limit=4)
        api(batches.open_frame, api_name="open_frame", concurrency_limit=4)
        api(naturals.varier(studio, jobs), api_name="vary", concurrency_id="body", concurrency_limit=1)
        api(naturals.poser(studio, jobs), api_name="random_poses", concurrency_id="body", concurrency_limit=1)
    demo.queue(max_size=20)
    return demo


def server_functions(jobs: Jobs, models: Models) -> list[Callable[[Any], Any]]:
    """What the page asks beside the queue, each with one argument; Gradio marks them, and cannot mark a method."""

    def cancel_job(job: Any) -> bool:
        return jobs.cancel(job)

    def menu(_: Any) -> dict[str, Any]:
        return models.menu()

    def forecast(told: Any) -> dict[str, Any]:
        return models.forecast(told)

    def download(name: Any) -> dict[str, Any]:
        return models.download(name)

    def stop_download(name: Any) -> dict[str, Any]:
        return models.stop_download(name)

    return [cancel_job, menu, forecast, download, stop_download]


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
