"""What tests share: where the evaluation files are, the app served in a process of its own, and a browser to use it."""

from __future__ import annotations

import os

# Several tests run at a time, with an app each: more threads would wait for each other. Before numpy or torch come.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_CBWR", "AUTO")  # as in app.py: equal sums are equal to the last bit, wherever they lie

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, figures, standing
from model_desk import ModelDesk
from world_window import window_kind as window_kind

from engine.render import Renderer
from scripts.served import Served, chromium_flags, chromium_path, patience

root = Path(__file__).parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that use a browser come first: they take long, and the short ones then fill both processes to the end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The evaluation files beside the project; skips where they are not."""
    folder = root.parent / "shared" / "eval"
    if not folder.is_dir():
        pytest.skip(f"the evaluation files are not beside the project ({folder})")
    return folder


@pytest.fixture(scope="session")
def example() -> Path:
    """The first picture that the app offers on its first page."""
    found = [p for p in sorted((root / "assets" / "examples").glob("*")) if p.suffix in (".png", ".jpg", ".webp")]
    if not found:
        pytest.skip("assets/examples has no pictures")
    return found[0]


@pytest.fixture(scope="session")
def body_path() -> Path:
    """The project's own body file."""
    return root / "assets" / "body" / "contrapposto_neutral.npz"


@pytest.fixture(scope="session")
def body(body_path: Path) -> Any:
    """The project's own body, loaded once; nothing may change it."""
    from engine.body import Body

    return Body.load(body_path)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """A renderer with a process of its own; skips where nothing can be drawn."""
    made = Renderer()
    if problem := made.problem():
        pytest.skip(problem)
    yield made
    made.close()


# ── the app ──


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, served for the whole session."""
    app = Served(tmp_path_factory.mktemp("served"))
    app.start()
    yield app.url
    app.kill()
    # Gradio writes one for each path that it refuses to read; any other is a fault of the app.
    faults = [trace for trace in app.log.split("Traceback")[1:] if "InvalidPathError" not in trace]
    assert not faults, faults[0]


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Served]:
    """An app of its own, for the test to kill and start again."""
    app = Served(tmp_path)
    app.start()
    yield app
    app.kill()


# ── the browser ──


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if (found := chromium_path()) is None:
        pytest.skip("no Chromium on this machine: install chromium or google-chrome")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=chromium_flags)
        yield browser
        browser.close()


# What Gradio's own client says when a page is left or reloaded while an answer is on its way.
on_leaving = ("AbortError: signal is aborted", "Unexpected error Connection errored out")


class Watch:
    """Everything a page must not do: throw, write an error to its console, or ask another host."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.faults: list[str] = []
        self.excused: tuple[str, ...] = on_leaving

    def over(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"error in the page: {error}"))
        page.on("console", lambda said: said.type == "error" and self.faults.append(f"console: {said.text}"))
        page.on("request", self._request)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.faults.append(f"request to another host: {request.url}")

    def judge(self) -> None:
        bad = [fault for fault in self.faults if not any(part in fault for part in self.excused)]
        self.faults.clear()
        assert not bad, "\n".join(bad)


def watched_page(chromium: Any, url: str, **options: Any) -> Any:
    """A page in a fresh context, watched; `page.watch.judge()` says what it should not have done."""
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(patience * 1000)
    page = context.new_page()
    page.watch = Watch(url)
    page.watch.over(page)
    return page


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """`open_page(url, **context options)`: a page in a fresh context. The test fails with anything a page must not do:
    an error, or a request to another host."""
    pages: list[Any] = []

    def make(url: str, **options: Any) -> Any:
        pages.append(watched_page(chromium, url, **options))
        return pages[-1]

    yield make
    for page in pages:
        page.context.close()
    for page in pages:
        page.watch.judge()


@pytest.fixture
def new_desk(open_page: Callable[..., Any], served: str) -> Callable[..., Desk]:
    """`new_desk(url=…, **context options)`: the studio in a fresh context."""

    def make(url: str = served, **options: Any) -> Desk:
        return Desk(open_page(url, **options), url).open()

    return make


@pytest.fixture(scope="module")
def module_desk(chromium: Any, served: str) -> Iterator[Desk]:
    """One page for the tests of a module that only edit."""
    page = watched_page(chromium, served)
    yield Desk(page, served).open()
    page.context.close()


@pytest.fixture
def desk(module_desk: Desk) -> Iterator[Desk]:
    """The module's page with one standing figure and no history."""
    module_desk.put(figures(standing))
    module_desk.hush()
    yield module_desk
    module_desk.page.watch.judge()


@pytest.fixture
def empty_desk(desk: Desk) -> Desk:
    """The module's page as a visitor finds it: an empty work at the first step, pictures looked at everywhere."""
    desk.put(figures(size=(768, 1024)), step="photo")
    desk.ask("(studio.panels.photo.nobody = false, studio.panels.photo.look('everywhere'))")
    return desk


# ── the app with an artist's own models, tiny ones ──


@pytest.fixture(scope="session")
def own_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artist's own models: SDPose for body and whole body, ViTPose for people and animals, and half of one."""
    import torch
    from test_vitpose import folder_of, network

    from engine.networks.sdpose import build, sizes
    from engine.sdpose import SDPosePipeline
    from engine.skeleton import ap10k17

    folder = tmp_path_factory.mktemp("models")
    for name, points in (("my-body", 17), ("my-wholebody", 133)):
        torch.manual_seed(points)
        net = build("tiny", points)
        torch.nn.init.normal_(net.head.final_layer.weight, 0, 0.03)  # maps with peaks, some sure and some not
        SDPosePipeline(net, sizes["tiny"].input_size).save_pretrained(folder / name)
    folder_of(folder / "my-fast", network())
    folder_of(folder / "my-animals", network(ap10k17))
    shutil.copytree(folder / "my-body", folder / "half-copied")
    (folder / "half-copied" / "decoder" / "decoder.safetensors").unlink()
    return folder


@pytest.fixture(scope="session")
def hub(own_models: Path) -> Iterator[Any]:
    """A hub that has the body model alone."""
    from test_download import Hub

    server = Hub()
    body = own_models / "my-body"
    server.files = {str(path.relative_to(body)): path.read_bytes() for path in body.rglob("*") if path.is_file()}
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def models_url(own_models: Path, hub: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with that folder, to which that hub is the only one."""
    folder = tmp_path_factory.mktemp("served")
    app = Served(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "CONTRAPPOSTO_MODELS": str(own_models), "HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "hf"),
            "NO_PROXY": "*", "OMP_NUM_THREADS": "1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        app.start()
    yield app.url
    app.kill()
    assert "Traceback" not in app.log, app.log[-3000:]


def _with_drawing(page: Any, url: str, drawing: Path) -> ModelDesk:
    page.set_default_timeout(patience * 1000)  # networks are loaded on the way
    desk = ModelDesk(page, url)
    desk.open().opened(drawing)
    return desk


@pytest.fixture
def visitor(open_page: Callable[..., Any], models_url: str, example: Path) -> Callable[..., ModelDesk]:
    """A visitor's page with a drawing open; another one at each call."""

    def make(**options: Any) -> ModelDesk:
        return _with_drawing(open_page(models_url, **options), models_url, example)

    return make


@pytest.fixture(scope="module")
def _models_page(chromium: Any, models_url: str, example: Path) -> Iterator[ModelDesk]:
    page = watched_page(chromium, models_url)
    yield _with_drawing(page, models_url, example)
    page.context.close()


@pytest.fixture
def models_desk(_models_page: ModelDesk) -> Iterator[ModelDesk]:
    """The module's page with a drawing open and no figures, `auto` chosen, nothing on the contact sheet."""
    for step in (
        "store.commit('', { ...store.doc, people: [] })",
        "studio.goTo('photo')",
        "studio.batch.clear()",
        "studio.contact.body.replaceChildren()",
        "studio.panels.photo.models.choose('auto')",
        "studio.panels.photo.look('everywhere')",
    ):
        _models_page.ask(step)
    _models_page.hush()
    yield _models_page
    _models_page.page.watch.judge()
