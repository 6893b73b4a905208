"""The studio's page: the only place with Gradio. It wires the engine's verbs to one page and to named endpoints."""

from app.layout import create_app, launch_options

__all__ = ["create_app", "launch_options"]
