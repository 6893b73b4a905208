"""The studio's page with a choice of models: choosing one, looking with it, and many pictures at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from desk import Desk

run = ".inspector button.primary:text-is('Find the pose')"
sheet = ".link.many"
root = "studio.element.getRootNode()"


class ModelDesk(Desk):
    """One page of the studio, a drawing open."""

    def choose_model(self, name: str) -> None:
        """Choose a model from the menu."""
        self.page.click(".pick")
        self.page.click(f"[data-model='{name}']")

    @property
    def about(self) -> str:
        """What is said of the chosen model."""
        return self.page.inner_text(".about")

    def find(self) -> list[dict[str, Any]]:
        """The figures after looking at the whole picture."""
        self.page.click("text=Whole picture, one figure")
        self.page.click(run)
        self.wait("!studio.files.job")
        return self.people

    @property
    def focused(self) -> str:
        """What the keyboard is on: the words of it."""
        return self.ask("(({ ariaLabel, textContent }) => ariaLabel || textContent)(" + root + ".activeElement ?? {})")

    # ── the contact sheet ──

    def take(self, files: list[Path]) -> None:
        """Choose files for the contact sheet, until it says what they will take."""
        self.page.click(sheet)
        video = files[0].suffix == ".mp4"
        with self.page.expect_file_chooser() as dialogue:
            self.page.click(f".contact button[title='{'Choose a video' if video else 'Choose pictures'}']")
        dialogue.value.set_files(files)
        self.wait("studio.contact.line.textContent.includes('About')")

    @property
    def line(self) -> str:
        """The line under the contact sheet's title."""
        return self.ask("studio.contact.line.textContent")

    def downloaded(self, text: str, folder: Path) -> Path:
        """The file behind a link of the contact sheet."""
        with self.page.expect_download() as download:
            self.page.click(f"a.button:text-is('{text}')")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path
