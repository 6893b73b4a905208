"""A window to draw the rendered world in, for the tests that need one."""

import os

import pytest

from engine.render import Renderer, Unavailable


@pytest.fixture(scope="module")
def window_kind():
    """A window that draws, its kind told to VTK in this process."""
    renderer = Renderer()
    try:
        kind = renderer.window
    except Unavailable as error:
        pytest.skip(str(error))
    finally:
        renderer.close()
    before = os.environ.get("VTK_DEFAULT_OPENGL_WINDOW")
    if kind:
        os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = kind
    yield kind
    if before is None:
        os.environ.pop("VTK_DEFAULT_OPENGL_WINDOW", None)
    else:
        os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = before
