"""Videos: frames upright with exact times, refusals in words, and an overlay that browsers play with its sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.video import Recorder, frames, open_clip

ntsc = Fraction(30000, 1001)
red, green, blue = (200, 30, 40), (20, 180, 60), (40, 50, 190)


def picture(n: int = 0, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Red at the left, green at the right, blue along the top of the right; a bar that moves with n."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[:, : width // 2], image[:, width // 2 :], image[: height // 4, width // 2 :] = red, green, blue
    image[-4:, (width // 2 + 2 * n) % width :][:, :4] = 255
    return image


def video(
    path: Path, times: list[Fraction], rate: Fraction = ntsc, turn: int | None = None, aspect: Fraction | None = None,
    sound: str = "", size: tuple[int, int] = (64, 48),
) -> Path:  # fmt: skip
    """A small file with a frame at each of the times in seconds, and sound for as long."""
    container = av.open(str(path), "w")
    stream = container.add_stream("libx264", rate=rate)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, 90000)
    if aspect:
        stream.codec_context.sample_aspect_ratio = aspect
    if turn is not None:
        stream.set_display_rotation(turn)
    audio = container.add_stream(sound, rate=48000, layout="mono") if sound else None
    for n, time in enumerate(times):
        frame = av.VideoFrame.from_ndarray(picture(n, size), format="rgb24")
        frame.pts, frame.time_base = round(time * 90000), Fraction(1, 90000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    if audio is not None:
        plan = "s16" if sound.startswith("pcm") else "fltp"
        for start in range(0, round(48000 * (times[-1] + 1 / rate)), 960):
            wave = np.sin(np.arange(start, start + 960)[None] / 20)
            wave = (wave * 9000).astype(np.int16) if plan == "s16" else wave.astype(np.float32)
            heard = av.AudioFrame.from_ndarray(wave, format=plan, layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = 48000, start, Fraction(1, 48000)
            container.mux(audio.encode(heard))
        container.mux(audio.encode(None))
    container.close()
    return path


def steady(count: int, rate: Fraction = ntsc) -> list[Fraction]:
    return [n / rate for n in range(count)]


def copied(source: Path, out: Path, every: int = 1) -> list[str]:
    """A video written again from its frames, with what was noted."""
    clip = open_clip(source)
    notes: list[str] = []
    with Recorder(out, clip.size, clip.fps / every, clip) as recorder:
        for frame in frames(clip, every, notes.append):
            recorder.add(frame.image, frame.time, frame.lasts)
    return notes + recorder.notes


def near(color, expected, within=12) -> bool:
    return bool(np.abs(np.asarray(color, int) - expected).max() <= within)


def test_a_clip_tells_its_exact_rate_and_length(tmp_path):
    clip = open_clip(video(tmp_path / "a.mp4", steady(12), sound="aac"))
    assert (clip.size, clip.fps, clip.frames, clip.sound) == ((64, 48), ntsc, 12, "aac")
    assert clip.seconds == pytest.approx(12 * 1001 / 30000, abs=1e-3)


def test_frames_come_in_order_with_their_pictures(tmp_path):
    found = list(frames(open_clip(video(tmp_path / "a.mp4", steady(8)))))
    assert [f.number for f in found] == list(range(8))
    assert [f.time for f in found] == steady(8)
    for frame in found:
        assert np.abs(frame.image.astype(int) - picture(frame.number)).mean() < 4
        assert near(frame.image[30, 10], red)
        assert near(frame.image[30, 50], green)


@pytest.mark.parametrize(("turn", "top_left", "top_right"), [(90, blue, green), (-90, red, red), (180, green, red)])
def test_a_phone_s_rotation_is_respected(tmp_path, turn, top_left, top_right):
    """Degrees against the clock: turned so, the blue corner at the top right goes where a player shows it."""
    clip = open_clip(video(tmp_path / "a.mov", steady(2), turn=turn))
    image = next(frames(clip)).image
    assert image.shape[1::-1] == clip.size == ((64, 48) if turn == 180 else (48, 64))
    assert near(image[6, 5], top_left)
    assert near(image[6, -6], top_right)


def test_wide_pixels_are_made_square(tmp_path):
    clip = open_clip(video(tmp_path / "a.mp4", steady(2), aspect=Fraction(4, 3)))
    assert clip.size == (85, 48)
    assert next(frames(clip)).image.shape == (48, 85, 3)


def test_every_third_frame_lasts_till_the_next(tmp_path):
    found = list(frames(open_clip(video(tmp_path / "a.mp4", steady(8))), every=3))
    assert [f.number for f in found] == [0, 3, 6]
    assert [f.lasts for f in found] == [3 / ntsc, 3 / ntsc, 2 / ntsc]


def test_what_is_written_keeps_rate_length_size_and_colours(tmp_path):
    source, out = video(tmp_path / "a.mp4", steady(20)), tmp_path / "b.mp4"
    assert copied(source, out) == []
    clip = open_clip(out)
    assert (clip.size, clip.fps, clip.frames) == ((64, 48), ntsc, 20)
    assert clip.seconds == pytest.approx(20 * 1001 / 30000, abs=1e-3)
    before, after = (list(frames(open_clip(path))) for path in (source, out))
    assert [f.time for f in before] == [f.time for f in after]
    assert np.mean([np.abs(a.image.astype(int) - b.image).mean() for a, b in zip(before, after, strict=True)]) < 4


def test_what_is_written_plays_in_browsers(tmp_path):
    """H.264 of 8 bits with halved colours and even sides, and the index before the pictures."""
    out = tmp_path / "b.mp4"
    with Recorder(out, (33, 25), Fraction(25)) as recorder:
        for n in range(3):
            recorder.add(picture(n, (33, 25)), Fraction(n, 25), Fraction(1, 25))
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (34, 26)
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_variable_rate_is_kept_by_its_times(tmp_path):
    times = [Fraction(t, 100) for t in (0, 10, 15, 40, 50, 90, 100, 200)]
    source, out = video(tmp_path / "a.mkv", times), tmp_path / "b.mp4"
    copied(source, out)
    assert [f.time for f in frames(open_clip(out))] == times


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "libopus")])
def test_sound_is_copied_as_it_is(tmp_path, name, codec):
    source, out = video(tmp_path / name, steady(30), sound=codec), tmp_path / "b.mp4"
    assert copied(source, out, every=2) == []

    def sound(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    before, after = sound(source), sound(out)
    assert len(after) > 40
    assert after == before[: len(after)]
    assert len(before) - len(after) <= 2  # what would sound after the last picture


def test_sound_that_an_mp4_cannot_hold_is_left_out_with_a_note(tmp_path):
    source = video(tmp_path / "a.mkv", steady(5), sound="pcm_s16le")
    notes = copied(source, tmp_path / "b.mp4")
    assert len(notes) == 1
    assert "pcm_s16le" in notes[0]
    assert open_clip(tmp_path / "b.mp4").sound == ""


def test_a_cut_off_file_gives_what_can_be_read_with_a_note(tmp_path):
    whole, noise = tmp_path / "whole.mp4", np.random.default_rng(0)
    with Recorder(whole, (64, 48), Fraction(25)) as recorder:
        for n in range(50):
            recorder.add(noise.integers(0, 255, (48, 64, 3), np.uint8), Fraction(n, 25), Fraction(1, 25))
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    notes: list[str] = []
    found = list(frames(open_clip(cut), note=notes.append))
    assert 15 < len(found) < 35
    assert len(notes) >= 1
    assert "cut off" in notes[-1]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("words.mp4", b"hello, this is no video " * 20),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n"),
        ("list.txt", b"ffconcat version 1.0\nfile other.mp4\n"),
        ("empty.mp4", b""),
    ],
)
def test_what_is_no_video_is_refused_by_name(tmp_path, name, data):
    """Playlists and scripts too, which would have other files read."""
    video(tmp_path / "other.mp4", steady(3))
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=name):
        open_clip(tmp_path / name)


def test_sound_alone_is_refused(tmp_path):
    path = tmp_path / "song.mp4"
    container = av.open(str(path), "w")
    audio = container.add_stream("aac", rate=48000, layout="mono")
    for start in range(0, 9600, 1024):
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = 48000, start, Fraction(1, 48000)
        container.mux(audio.encode(heard))
    container.mux(audio.encode(None))
    container.close()
    with pytest.raises(ValueError, match="only sound"):
        open_clip(path)


def test_too_long_and_too_large_are_refused(tmp_path, monkeypatch):
    path = video(tmp_path / "a.mp4", steady(30))
    monkeypatch.setattr("engine.video.longest_seconds", 0.5)
    with pytest.raises(ValueError, match="cut it into parts"):
        open_clip(path)
    monkeypatch.setattr("engine.video.longest_side", 60)
    with pytest.raises(ValueError, match="64 × 48"):
        open_clip(path)
