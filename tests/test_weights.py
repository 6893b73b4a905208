"""The table of models: what it says is there is there, and what is wrong is refused by name."""

from pathlib import Path

import pytest

from engine import weights


def test_quick_is_embedded_and_whole():
    paths = weights.locate("quick")
    assert set(paths) == {"movenet-thunder.onnx", "movenet-multipose.onnx"}
    assert all(path.is_file() for path in paths.values())


def test_names_are_unique_and_entries_complete():
    names = [w.name for w in weights.table]
    assert len(set(names)) == len(names)
    for w in weights.table:
        assert all((w.does, w.licence, w.speed)), w.name
        if w.ready:
            assert w.files, w.name
            assert all(file.size and file.sha256 for file in w.files), w.name


def test_embedded_models_carry_their_licence():
    for w in weights.table:
        if w.source == "embedded":
            folder = weights.embedded_folder / w.name
            assert "Apache License" in (folder / "LICENSE").read_text()
            assert all(file.name in (folder / "NOTICE").read_text() for file in w.files)


def test_the_menu_lists_only_what_is_ready_and_present(tmp_path: Path):
    assert [w.name for w in weights.usable("estimate")] == ["quick"]
    assert weights.usable("estimate", tmp_path) == ()
    assert weights.usable("paint") == ()


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"expected one of the models quick, .*got 'slow'"):
        weights.locate("slow")


def test_what_cannot_run_yet_is_refused():
    with pytest.raises(weights.MissingWeights, match="'sdpose-body', which is not supported here yet"):
        weights.locate("sdpose-body")


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A folder with its own copies of the quick model's files."""
    (tmp_path / "quick").mkdir()
    for name, path in weights.locate("quick").items():
        (tmp_path / "quick" / name).write_bytes(path.read_bytes())
    return tmp_path


def test_another_folder_serves_as_well(copies: Path):
    assert weights.locate("quick", copies)["movenet-thunder.onnx"] == copies / "quick" / "movenet-thunder.onnx"


def test_missing_file(copies: Path):
    (copies / "quick" / "movenet-multipose.onnx").unlink()
    with pytest.raises(weights.MissingWeights, match=r"movenet-multipose\.onnx, got none: restore it with"):
        weights.locate("quick", copies)


def test_truncated_file(copies: Path):
    path = copies / "quick" / "movenet-thunder.onnx"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(weights.MissingWeights, match=r"expected 12606580 bytes in .*thunder\.onnx, got 1000"):
        weights.locate("quick", copies)
    assert weights.usable("estimate", copies) == ()


def test_changed_file_even_after_it_was_right_once(copies: Path):
    weights.locate("quick", copies)
    path = copies / "quick" / "movenet-thunder.onnx"
    content = bytearray(path.read_bytes())
    content[5_000_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(weights.MissingWeights, match=r"sha256 c6cec365.*, got (?!c6cec365)[0-9a-f]{64}"):
        weights.locate("quick", copies)
