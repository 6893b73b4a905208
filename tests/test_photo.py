"""Pictures as people have them: read upright, in RGB, where there is a way, else refused in a sentence."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from engine import photo as photo_module
from engine.photo import read_photo
from tests.strategies import refused_if_anything

rng = np.random.default_rng(0)
pixels = rng.integers(0, 256, (40, 60, 3), np.uint8)


def saved(image, kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_pictures_come_in_as_they_are(kind):
    photo = read_photo(saved(pixels, kind, **({"lossless": True} if kind == "WEBP" else {})))
    np.testing.assert_array_equal(photo.image, pixels)
    assert (photo.image.dtype, photo.notes) == (np.uint8, ())


def test_jpeg_and_gif():
    smooth = np.broadcast_to(np.linspace(0, 255, 60).astype(np.uint8)[None, :, None], (40, 60, 3))
    for data in (saved(smooth.copy(), "JPEG", quality=95), saved(smooth.copy(), "GIF")):
        photo = read_photo(data)
        assert np.abs(photo.image.astype(int) - smooth).mean() < 4
        assert photo.notes == ()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animated_gives_its_first_frame_with_a_note(kind):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue", "lime")]
    data = saved(
        frames[0], kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {})
    )
    photo = read_photo(data)
    assert photo.image[4, 4].tolist() == [255, 0, 0]
    assert photo.notes[0].startswith("Animated")


def test_the_first_page_of_a_tiff():
    pages = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    photo = read_photo(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert photo.image[0, 0].tolist() == [255, 0, 0]
    assert "first page" in photo.notes[0]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind):
    photo = read_photo(saved(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), kind))
    r, g, b = photo.image[16, 16].tolist()
    assert r > 200
    assert max(g, b) < 60
    assert "CMYK" in photo.notes[0]


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 60 * 40).reshape(40, 60).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        photo = read_photo(saved(Image.fromarray(ramp), kind))
        np.testing.assert_allclose(photo.image[..., 1], ramp / 257, atol=1)
        assert "bits" in photo.notes[0]
    floats = read_photo(saved(Image.fromarray(np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)), "TIFF"))
    assert (floats.image.min(), floats.image.max()) == (0, 255)


@pytest.mark.parametrize("ending", [".png", ".tiff"])
def test_sixteen_bit_colour_keeps_its_upper_half(ending):
    import cv2

    deep = rng.integers(0, 65536, (20, 30, 3), np.uint16)
    photo = read_photo(cv2.imencode(ending, deep[..., ::-1])[1].tobytes())
    np.testing.assert_allclose(photo.image, deep / 257, atol=1)


def test_a_phones_two_pictures_in_one_file_are_no_animation():
    red, depth = (Image.new("RGB", (64, 64), color) for color in ("red", "blue"))
    photo = read_photo(saved(red, "MPO", save_all=True, append_images=[depth]))
    assert photo.notes == ()
    assert photo.image[9, 9, 0] > 240


def test_palette_one_bit_and_grey():
    palette = Image.fromarray(pixels).quantize(8)
    np.testing.assert_array_equal(read_photo(saved(palette)).image, np.array(palette.convert("RGB")))
    grey = Image.fromarray(pixels).convert("L")
    np.testing.assert_array_equal(read_photo(saved(grey)).image[..., 2], np.array(grey))
    assert set(np.unique(read_photo(saved(grey.convert("1"))).image)) == {0, 255}


def test_alpha_lies_on_white_with_a_note():
    clear = np.dstack([pixels, np.zeros((40, 60), np.uint8)])
    photo = read_photo(saved(clear))
    assert (photo.image == 255).all()
    assert "white" in photo.notes[0]
    solid = read_photo(saved(np.dstack([pixels, np.full((40, 60), 255, np.uint8)])))
    np.testing.assert_array_equal(solid.image, pixels)
    assert solid.notes == ()
    grey = Image.merge("LA", [Image.new("L", (20, 20), 0), Image.new("L", (20, 20), 128)])
    assert abs(int(read_photo(saved(grey)).image[0, 0, 0]) - 127) <= 1
    palette = Image.new("P", (20, 20), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    assert (read_photo(saved(palette, transparency=0)).image == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_are_undone(orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(pixels, "PNG", exif=exif)
    photo = read_photo(data)
    np.testing.assert_array_equal(photo.image, np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))))
    assert bool(photo.notes) == (orientation > 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_no_reason_to_refuse():
    assert read_photo(saved(pixels, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")).image.shape == (40, 60, 3)


def test_profiles():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = read_photo(saved(pixels, icc_profile=srgb))
    np.testing.assert_array_equal(same.image, pixels)
    assert same.notes == ()
    broken = read_photo(saved(pixels, icc_profile=b"no profile"))
    np.testing.assert_array_equal(broken.image, pixels)
    assert "profile is damaged" in broken.notes[0]
    misfit = read_photo(saved(Image.fromarray(pixels).convert("L"), icc_profile=srgb))
    assert misfit.image.shape == (40, 60, 3)


def test_a_wide_profile_is_brought_to_srgb():
    wide = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # The same file with its red and green primaries exchanged, and another name: a profile that visibly turns colours.
    wide = bytes(wide).replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    wide = wide.replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))
    photo = read_photo(saved(Image.new("RGB", (20, 20), (255, 0, 0)), icc_profile=wide))
    assert photo.image[0, 0, 1] > photo.image[0, 0, 0]
    assert "brought to sRGB" in photo.notes[0]


def test_large_pictures_are_scaled_with_a_note(monkeypatch):
    monkeypatch.setattr(photo_module, "most_pixels", 500)
    for kind in ("PNG", "JPEG"):
        photo = read_photo(saved(pixels, kind))
        h, w = photo.image.shape[:2]
        assert 300 < w * h <= 500
        assert abs(w / h - 1.5) < 0.1
        assert "scaled down" in photo.notes[0]


def test_too_large_to_unpack_is_refused(monkeypatch):
    monkeypatch.setattr(photo_module, "most_decoded_pixels", 1000)
    with pytest.raises(ValueError, match="megapixels"):
        read_photo(saved(pixels))
    half = read_photo(saved(pixels, "JPEG"))
    assert half.image.shape == (20, 30, 3), "a JPEG is unpacked small"
    assert "scaled down" in half.notes[0]


def header_only(width, height) -> bytes:
    """A PNG that declares a size and holds next to nothing."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [11_000, 60_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_and_nothing_global_changed(side):
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match="expected at most 100 megapixels"):
        read_photo(header_only(side, side))
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_bomb_warning_turned_error_is_refused_too():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="megapixels"):
            read_photo(header_only(11_000, 11_000))


@pytest.mark.parametrize("size", [(1, 1), (20_000, 1), (1, 20_000), (20_000, 3)])
def test_absurd_sizes(size):
    photo = read_photo(saved(Image.new("RGB", size, "red")))
    h, w = photo.image.shape[:2]
    assert (w, h) == (min(size[0], 16384), min(size[1], 16384)) or (w, h) == (16384, 2)
    assert photo.image[0, 0].tolist() == [255, 0, 0]
    assert any("small" in note for note in photo.notes)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "0 bytes"),
        (b"hello", "is none, or its beginning is damaged"),
        (b"\0" * 100, "is none"),
        (saved(pixels)[:2000], "damaged or cut off"),
        (saved(pixels, "JPEG")[:700], "damaged or cut off"),
        (saved(pixels, "TIFF")[:900], "damaged|is none"),
        (saved(pixels)[:30], "damaged|is none"),
        (b"\xff\xd8\xff", "is none"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing; export it as PNG or JPEG"),
        (b"  <?xml version='1.0'?><svg/>", "an SVG drawing"),
        (b"\0\0\0\x18ftypheic", "a HEIC photo"),
        (b"\0\0\0\x18ftypavif", "an AVIF picture"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (b"\x1aE\xdf\xa3", "a video"),
        (b"8BPS\0\x01", "a Photoshop document"),
        (b"%PDF-1.7", "a PDF"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_with_what_to_do(data, says):
    with pytest.raises(ValueError, match=says) as refusal:
        read_photo(data, "thing.png")
    assert "thing.png" in str(refusal.value)
    assert "expected" in str(refusal.value)


@pytest.mark.filterwarnings(
    "ignore:Metadata", "ignore:Truncated", "ignore:Corrupt", "ignore::PIL.Image.DecompressionBombWarning"
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_every_damage_is_read_or_refused(kind):
    data = saved(pixels, kind)
    for at in range(0, len(data), max(1, len(data) // 60)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        for candidate in (bytes(broken), data[:at]):
            with refused_if_anything():
                assert read_photo(candidate).image.ndim == 3
