"""The project zip, the PNG with its work inside, SVG, and the converter: nothing lost, nothing trusted."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from engine import draw, files, project
from engine.body_pose import BodyPose
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest, Picture, Reference, Scene, Verdict
from engine.skeleton import ap10k17, coco17
from tests.strategies import refused_if_anything, scenes

root = Path(__file__).parent.parent


def a_scene() -> Scene:
    rng = np.random.default_rng(0)
    photo, other = (rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(2))
    person = Person(coco17, rng.uniform(0, 48, (17, 2)), rng.random(17), name="Élise <&>", body=BodyPose())
    return Scene(
        Pose2D((64, 48), (person.with_state("nose", "hidden").with_state("left_ear", "missing"),)), photo, 0.5,
        (Reference("a", other, 1.5), Reference("a", photo)),
    )  # fmt: skip


# ── round trips ──


@settings(max_examples=25, deadline=None)
@given(scenes(with_pictures=True))
def test_a_project_is_the_scene_pixel_for_pixel(scene):
    data = files.write(scene, "project")
    assert files.read(data) == scene
    assert data == files.write(files.read(data), "project"), "the same work gives the same file"


@settings(max_examples=20, deadline=None)
@given(scenes(with_pictures=True, skeletons=("coco17", "openpose18", "wholebody133")))
def test_every_picture_reopens_the_work(scene):
    carried = replace(scene, references=(), pictures=())
    bare = replace(carried, photo=None, photo_opacity=1.0)
    for name in ("png", "controlnet", "controlnet-thick", "index-map"):
        assert files.read(files.write(scene, name)) == carried
        back = files.read(files.write(scene, name, include_photo=False))
        assert replace(back, photo_opacity=1.0) == bare


@pytest.mark.parametrize("name", ["png", "controlnet", "controlnet-thick", "index-map", "svg"])
@pytest.mark.parametrize("include_photo", [True, False])
def test_no_exported_picture_carries_a_reference(name, include_photo):
    """Neither its name nor its pixels, packed or not."""
    borrowed = np.full((40, 40, 3), (201, 17, 93), np.uint8)
    scene = replace(a_scene(), references=(Reference("somebody-elses-drawing", borrowed),))
    data = files.write(scene, name, include_photo=include_photo)
    assert b"somebody-elses-drawing" not in data
    assert b"references/" not in data
    assert data == files.write(replace(scene, references=()), name, include_photo=include_photo)
    assert b"somebody-elses-drawing" in files.write(replace(scene, photo=None), "document")


def test_the_index_map_keeps_its_numbers():
    scene = a_scene()
    with Image.open(io.BytesIO(files.write(scene, "index-map"))) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.array(image), draw.index_map(scene.pose))
    with Image.open(io.BytesIO(files.write(scene, "controlnet"))) as image:
        np.testing.assert_array_equal(np.array(image), draw.openpose_map(scene.pose))
        assert json.loads(image.text["contrapposto"])["contrapposto"] == 1, "other programs find the text"


def test_bodies_lie_beside_the_document_for_other_programs():
    with zipfile.ZipFile(io.BytesIO(project.to_zip(a_scene()))) as archive:
        assert archive.namelist() == [
            "document.json", "photo.png", "references/00.png", "references/01.png", "bodies/00.npz",
        ]  # fmt: skip
        with np.load(io.BytesIO(archive.read("bodies/00.npz")), allow_pickle=False) as body:
            assert body["body_pose"].shape == (1, 63)


def with_pictures() -> Scene:
    """The scene with two painted pictures, the second over the drawing and within a mask."""
    scene = a_scene()
    rng = np.random.default_rng(2)
    mask = np.where(rng.random((48, 64)) < 0.5, 255, 0).astype(np.uint8)
    request = PaintRequest("a dancer", seed=3, photo=scene.photo, mask=mask)
    image = rng.integers(0, 256, (48, 64, 3), np.uint8)
    verdict = Verdict(scene.pose, 0.5, 0.25, (("nose",),), "quick")
    plain = Picture(image, PaintRequest("a lion", seed=4), scene.pose, "sd15", "openpose-sd15")
    return replace(scene, pictures=(plain, Picture(255 - image, request, scene.pose, "sd15", "spctrl", verdict)))


def test_painted_pictures_lie_in_the_project_with_their_masks():
    data = project.to_zip(with_pictures())
    assert files.read(data) == with_pictures()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        painted = [name for name in archive.namelist() if name.startswith("pictures/")]
    assert painted == ["pictures/00.png", "pictures/01.png", "pictures/01-mask.png"]


@pytest.mark.parametrize("lost", ["pictures/00.png", "pictures/01-mask.png"])
def test_a_project_that_lacks_a_picture_is_refused(lost):
    with pytest.raises(ValueError, match=f"expected {lost} in the project"):
        files.read(repacked(lambda entries: entries.pop(lost), with_pictures()))


def test_a_picture_of_another_size_than_its_pose_is_refused():
    with pytest.raises(ValueError, match=r"picture 1: expected an image of \(64, 48\), like its pose, got \(9, 9\)"):
        files.read(repacked(lambda entries: entries.update({"pictures/00.png": png(9, 9)}), with_pictures()))


def test_painted_pictures_and_masks_count_among_the_pixels(monkeypatch):
    monkeypatch.setattr(project, "most_pixels_together", 6 * 48 * 64 - 1)
    with pytest.raises(ValueError, match="take some pictures out"):
        project.to_zip(with_pictures())
    monkeypatch.setattr(project, "most_pixels_together", 6 * 48 * 64)
    data = project.to_zip(with_pictures())
    monkeypatch.setattr(project, "most_pixels_together", 6 * 48 * 64 - 1)
    monkeypatch.setattr(project, "_picture", None)
    with pytest.raises(ValueError, match="take some pictures out"):
        files.read(data)


def test_an_editor_that_saves_the_picture_anew_leaves_only_a_picture():
    image = Image.open(io.BytesIO(files.write(a_scene(), "png")))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert project.work_in_png(buffer.getvalue()) is None
    with pytest.raises(ValueError, match="only a picture"):
        files.read(buffer.getvalue(), "a.png")


def test_an_editor_that_keeps_texts_alone_leaves_the_pose():
    image = Image.open(io.BytesIO(files.write(a_scene(), "png")))
    from PIL.PngImagePlugin import PngInfo

    for packed in (False, True):
        info, buffer = PngInfo(), io.BytesIO()
        info.add_itxt("contrapposto", image.text["contrapposto"], zip=packed)
        image.save(buffer, "PNG", pnginfo=info)
        assert project.work_in_png(buffer.getvalue()).pose == a_scene().pose


# ── damaged and hostile files ──


def repacked(change, scene=None) -> bytes:
    """The project of a scene, of a_scene if none is given, with its entries {name: bytes} changed."""
    with zipfile.ZipFile(io.BytesIO(project.to_zip(scene or a_scene()))) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def png(width, height):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e.pop("document.json"), "expected document.json in the project, got photo.png"),
        (lambda e: e.pop("photo.png"), "expected photo.png in the project, got document.json"),
        (lambda e: e.pop("references/01.png"), "expected references/01.png in the project"),
        (lambda e: e.update({"document.json": b"{"}), "expected whole JSON"),
        (lambda e: e.update({"document.json": b"{}"}), "expected 'contrapposto'"),
        (lambda e: e.update({"photo.png": e["photo.png"][:2000]}), "expected photo.png to be a whole PNG"),
        (lambda e: e.update({"photo.png": b"GIF89a"}), "expected photo.png to be a whole PNG"),
        (lambda e: e.update({"photo.png": png(9, 9)}), "expected a photo of (64, 48)"),
        (lambda e: e.update({f"{i}": b"" for i in range(600)}), "at most 500 entries"),
        (lambda e: e.update({"document.json": b" " * (9 << 20)}), "document.json of at most 8 MB"),
    ],
)
def test_projects_with_something_wrong(change, says):
    with pytest.raises(ValueError, match="expected") as refusal:
        files.read(repacked(change))
    assert says in str(refusal.value)


def flat_references(count: int, side: int) -> bytes:
    """A small project of many flat references, each of which unpacks to side² pixels."""
    pixels = zlib.compress((b"\0" * (1 + side * 3)) * side, 9)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b""))
    flat = project.png_signature + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )

    def change(entries):
        document = json.loads(entries["document.json"])
        document["references"] = [{"name": "a"}] * count
        entries["document.json"] = json.dumps(document).encode()
        entries |= {f"references/{n:02}.png": flat for n in range(count)}

    return repacked(change)


def test_references_that_would_fill_the_memory_are_refused_before_any_is_unpacked(monkeypatch):
    monkeypatch.setattr(project, "_picture", None)
    data = flat_references(12, 5000)
    with pytest.raises(ValueError, match="at most 100 megapixels together, got 300; make some references smaller"):
        files.read(data)
    chunk = struct.pack(">I", len(data)) + b"cpPr" + data + struct.pack(">I", zlib.crc32(b"cpPr" + data))
    plain = png(4, 4)
    with pytest.raises(ValueError, match="at most 100 megapixels together"):
        files.read(plain[:33] + chunk + plain[33:])


def test_a_reference_that_tells_two_sizes_is_refused():
    def change(entries):
        header = entries["references/00.png"][8:33]
        small = b"IHDR" + struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
        first = struct.pack(">I", 13) + small + struct.pack(">I", zlib.crc32(small))
        entries["references/00.png"] = project.png_signature + first + header + entries["references/00.png"][33:]

    with pytest.raises(ValueError, match="two sizes"):
        files.read(repacked(change))


def test_more_pixels_than_may_be_opened_are_not_written(monkeypatch):
    monkeypatch.setattr(project, "most_pixels_together", 9000)
    assert files.write(replace(a_scene(), references=a_scene().references[:1]), "project")
    with pytest.raises(ValueError, match="megapixels together"):
        files.write(a_scene(), "project")


def test_a_zip_bomb_is_refused_by_what_it_declares():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("document.json", b"{}")
    data = bytearray(buffer.getvalue())
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    with pytest.raises(ValueError, match="unpacks to at most 1024 MB"):
        files.read(bytes(data))


def test_a_cut_off_zip_and_one_that_is_no_project():
    data = project.to_zip(a_scene())
    for part in (data[:-30], data[:100], b"PK\x03\x04", b"PK"):
        with pytest.raises(ValueError, match="damaged or cut off zip"):
            files.read(part)


def test_a_locked_zip_is_named():
    data = bytearray(project.to_zip(a_scene()))
    (directory,) = struct.unpack_from("<I", data, data.rindex(b"PK\x05\x06") + 16)
    data[directory + 8] |= 1  # the flag of the first entry
    with pytest.raises(ValueError, match="password"):
        files.read(bytes(data))


def test_every_single_flipped_byte_of_a_zip_is_survived():
    data = project.to_zip(replace(a_scene(), references=()))
    for at in range(0, len(data), 97):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        with refused_if_anything():
            files.read(bytes(broken))


@pytest.mark.parametrize("cut", [9, 40, 200, -1, -8])
def test_a_cut_off_png_is_refused(cut):
    with pytest.raises(ValueError, match="cut off"):
        files.read(files.write(a_scene(), "png")[:cut])


@pytest.mark.parametrize("chunk", [b"iTXt", b"cpPr"])
def test_a_damaged_chunk_is_refused(chunk):
    data = bytearray(files.write(a_scene(), "png"))
    data[data.index(chunk) + 30] ^= 1
    with pytest.raises(ValueError, match=f"damaged {chunk.decode()} chunk"):
        files.read(bytes(data))


def test_a_packed_text_that_would_fill_the_memory_is_refused():
    body = b"contrapposto\0\1\0\0\0" + zlib.compress(b" " * (80 << 20))
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    plain = png(4, 4)
    with pytest.raises(ValueError, match="at most 4 MB"):
        files.read(plain[:33] + chunk + plain[33:])


# ── svg ──


def test_svg_names_its_shapes_and_leaves_out_what_is_missing():
    scene = a_scene()
    animal = Person(ap10k17, np.full((17, 2), 9), np.ones(17), name="lion\0\x01")
    scene = replace(scene, pose=scene.pose.added(animal))
    tree = ElementTree.fromstring(files.write(scene, "svg"))
    ns = "{http://www.w3.org/2000/svg}"
    assert (tree.get("width"), tree.get("height")) == ("64px", "48px")
    groups = tree.findall(f"{ns}g")
    assert [g.find(f"{ns}title").text for g in groups] == ["Élise <&>", "lion"]
    circles = {c.get("id"): c for c in groups[0].findall(f"{ns}circle")}
    assert len(circles) == 16
    assert "person-1-left_ear" not in circles
    assert circles["person-1-nose"].get("class") == "joint middle hidden"
    assert circles["person-1-left_wrist"].get("class") == "joint left"
    assert len(groups[0].findall(f"{ns}path")) == 17, "19 bones less the two of the missing ear"
    assert tree.find(f"{ns}image").get("href").startswith("data:image/jpeg;base64,")
    assert ElementTree.fromstring(files.write(scene, "svg", include_photo=False)).find(f"{ns}image") is None


# ── the table and the converter ──


def test_the_table_is_complete():
    assert list(files.formats) == [
        "document", "project", "openpose", "openpose25", "sdpose-demo", "coco", "coco-wholebody", "ap10k", "svg", "png",
        "controlnet", "controlnet-thick", "index-map",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="expected one of the formats document"):
        files.write(a_scene(), "bvh")
    for name, known in files.formats.items():
        scene = (
            a_scene() if name != "ap10k" else Scene(Pose2D((9, 9), (Person(ap10k17, np.ones((17, 2)), np.ones(17)),)))
        )
        if not known.writes:
            assert not files.holds(scene, name)
            with pytest.raises(ValueError, match="expected one of the formats"):
                files.write(scene, name)
            continue
        assert files.write(scene, name)
        if known.reads:
            assert files.read(files.write(scene, name)).pose.size == scene.pose.size


@pytest.mark.parametrize("data", [b"\xff\xd8\xff", b"GIF89a", b"8BPS", b"hello", b"<svg/>", b"\0" * 100])
def test_anything_else_is_refused_with_the_list(data):
    with pytest.raises(ValueError, match="OpenPose JSON, COCO keypoints"):
        files.read(data, "thing")


def converted(*args):
    return subprocess.run(
        [sys.executable, "scripts/convert.py", *map(str, args)], cwd=root, capture_output=True, text=True, check=False
    )


def test_the_converter(tmp_path):
    (tmp_path / "in.png").write_bytes(files.write(a_scene(), "png"))
    done = converted(tmp_path / "in.png", tmp_path / "out.zip")
    assert (done.returncode, done.stderr) == (0, "")
    assert files.read((tmp_path / "out.zip").read_bytes()) == replace(a_scene(), references=())
    asked = converted(tmp_path / "in.png", tmp_path / "out.json")
    assert asked.returncode == 2
    assert "expected --format, one of document, openpose" in asked.stderr
    assert converted(tmp_path / "in.png", tmp_path / "out.json", "--format", "openpose").returncode == 0
    Image.fromarray(a_scene().photo).save(tmp_path / "photo.png")
    done = converted(tmp_path / "out.json", tmp_path / "again.zip", "--photo", tmp_path / "photo.png")
    assert done.returncode == 0
    np.testing.assert_array_equal(files.read((tmp_path / "again.zip").read_bytes()).photo, a_scene().photo)
    lost = converted(tmp_path / "none.json", tmp_path / "out.svg")
    assert lost.returncode == 2
    assert "Traceback" not in lost.stderr
