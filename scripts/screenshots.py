"""Takes the README's pictures: serves the app, uses it in headless Chromium and writes docs/*.png, 1280 × 800.

Needs playwright and chromium. Colours are reduced until a picture is small enough to be kept with the code.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from PIL import Image

from scripts.served import Served, ask, chromium_flags, chromium_path, open_file, opened, root, wait

largest = 400_000  # bytes
group = "store.skeletonOf(store.doc.people[0]).groupIndices"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="the drawing to show (default: the dancer)")
    parser.add_argument("--out", type=Path, default=root / "docs", metavar="DIR", help="default: docs")
    args = parser.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("screenshots: the page is driven with playwright: pip install -r requirements-dev.txt")
    if (chromium := chromium_path()) is None:
        sys.exit("screenshots: the page is shown in Chromium: install chromium or google-chrome")
    picture = args.picture or root / "assets" / "examples" / "dancer.jpg"
    if not picture.is_file():
        sys.exit(f"screenshots: no picture {picture}: name one with --picture")
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = Served(Path(folder))
        app.start()
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=chromium_flags)
            tour(opened(browser, app.url, color_scheme="light"), picture, args.out)
            browser.close()
        finally:
            app.kill()


def tour(page: Any, picture: Path, out: Path) -> None:
    """From the welcome to the export menu, a picture at each station."""
    page.wait_for_function(
        "[...document.querySelector('.contrapposto').shadowRoot.querySelectorAll('img')].every((i) => i.complete)"
    )
    kept(page, out / "welcome.png")

    open_file(page, picture)
    page.click("button.primary:text-is('Find the pose')")
    wait(page, "!files.job && store.doc.people.length")
    kept(page, out / "photo.png")

    page.click(".pick")
    page.wait_for_selector("[data-cost=quick]")
    kept(page, out / "models.png")
    page.keyboard.press("Escape")

    page.click("text=Many pictures or a video…")
    with page.expect_file_chooser() as dialogue:
        page.click(".contact button[title='Choose pictures']")
    dialogue.value.set_files(sorted((root / "assets" / "examples").glob("*.jpg")))
    page.click("text=Find the poses")
    wait(page, "studio.batch.result")
    kept(page, out / "many.png")
    page.keyboard.press("Escape")

    page.click(".step[data-step=pose]")
    ask(page, f"store.select(0, {group}.left_arm)")
    kept(page, out / "pose.png")

    completed(page, out)
    ask(page, "studio.element.querySelector('[data-command=fit]').click()")
    for side in ("Left hand", "Right hand"):
        page.locator(".part", has_text=side).get_by_role("button", name="Palm").click()
    page.locator(".part", has_text="Left hand").get_by_role("button", name="Closer look").click()
    wait(page, "!closer.element.hidden && !closer.editor.frame")
    ask(page, "store.select(0, [store.skeletonOf(store.doc.people[0]).at.left_hand_index_4])")
    kept(page, out / "closer.png")
    ask(page, "closer.hide(), store.clearSelection()")

    page.click("[data-tab=library]")
    page.click("[data-pose=running]")
    page.hover("[data-pose=running]")
    wait(page, "editor.ghost")
    kept(page, out / "library.png")

    page.click("[data-tab=figures]")
    in_space(page, out)
    to_paint(page, out)
    page.click(".step[data-step=pose]")
    page.keyboard.press("Control+s")
    wait(page, "studio.exportMenu.isOpen")
    kept(page, out / "export.png")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Light or dark").click()
    ask(page, f"store.select(0, {group}.right_leg)")
    kept(page, out / "dark.png")


def completed(page: Any, out: Path) -> None:
    """Choices for a hand that is not drawn, one of them tried on the canvas; then the body that follows the drawing."""
    ask(page, "store.clearSelection()")
    page.click("[data-complete=left_hand]")
    wait(page, "studio.tray.isOpen && studio.tray.told.choices.length && !studio.complete.work.job")
    page.locator(".choosing").nth(1).hover()
    wait(page, "studio.tray.pointed === studio.tray.told.choices[1] && !editor.frame")
    kept(page, out / "complete.png")
    page.keyboard.press("Escape")
    wait(page, "!studio.tray.isOpen")
    ask(page, "studio.commands.run('liveBody')")
    wait(page, "studio.live.held && !studio.live.running && !studio.live.timer")
    kept(page, out / "live.png")
    ask(page, "studio.live.toggle(false)")


def in_space(page: Any, out: Path) -> None:
    """The figure stood up over its drawing, then turned, with a hand of the library."""
    page.click(".step[data-step=body]")
    settled = "work.standing.length && !body.asking && !body.wanted && !work.edit && !work.settling && !work.rising"
    fine = "body.frame && String(body.frame.camera.size) === String(body.told(false).picture.camera.size)"
    still = f"(({{ work, editor: body }}) => {settled} && {fine})(studio.body)"
    wait(page, still)
    kept(page, out / "body.png")
    ask(page, "studio.commands.run('lift')")
    wait(page, "studio.tray.isOpen && studio.tray.told.choices.length > 1 && !studio.tray.told.busy")
    page.wait_for_timeout(3000)  # until the readings have their pictures
    kept(page, out / "lift.png")
    page.keyboard.press("Escape")
    wait(page, "!studio.tray.isOpen")
    page.click("text=¾")
    wait(page, still)
    page.get_by_role("button", name="Ballet hand").click()
    wait(page, still)
    ask(page, "studio.body.editor.select('left_wrist')")
    kept(page, out / "turned.png")


def to_paint(page: Any, out: Path) -> None:
    """A prompt with its style, the joints' words, what SP-Ctrl sees of the pose, and four pictures painted in it."""
    page.click(".step[data-step=picture]")
    page.fill("textarea[name=prompt]", "A woman in a yellow dress in a meadow")
    page.click("[data-style=watercolour]")
    ask(page, "(studio.painting.settings.lock(true), studio.painting.set({ encoding: 'spctrl', seed: 3, count: 4 }))")
    page.wait_for_selector("[data-token]", state="attached")
    page.evaluate(
        "document.querySelector('.contrapposto').shadowRoot"
        ".querySelector('[data-token]').closest('details').open = true"
    )
    page.click("[data-view=reads]")
    page.wait_for_function(
        "[...document.querySelector('.contrapposto').shadowRoot.querySelectorAll('.reading img')].every((i) => i.src)"
    )
    kept(page, out / "picture.png")
    page.click(".paintrun")
    wait(
        page,
        "!studio.painting.busy && studio.painting.view !== 'work' && store.doc.pictures.every((one) => one.verdict)",
    )
    kept(page, out / "painted.png")


def kept(page: Any, path: Path) -> None:
    """The window as it is once everything is painted, in as many colours as the size allows."""
    ask(page, "studio.toasts.element.replaceChildren()")
    wait(page, "!editor.frame && !closer.editor.frame")
    wait(page, "studio.savedMark.textContent !== studio.words.saving")
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    for colors in (None, 256, 128, 64):
        small = image if colors is None else image.quantize(colors, dither=Image.Dither.FLOYDSTEINBERG)
        buffer = io.BytesIO()
        small.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= largest:
            break
    path.write_bytes(buffer.getvalue())
    print(f"{path}: {buffer.tell() / 1000:.0f} kB")


if __name__ == "__main__":
    main()
