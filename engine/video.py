"""Videos in and out: frames upright in their order with exact times, and an H.264 video that every browser plays.

Times are seconds from the first frame, as fractions, so that no rate is rounded and a variable one is kept.
FFmpeg does the work, through PyAV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.stream import Disposition

longest_seconds = 3600
longest_side = 8192  # px: a frame of 8K is held several times over while it is worked on
most_frames = 100_000
accepted = "MP4, MOV, WebM, MKV, AVI, MPEG, FLV, WMV, OGV or GIF"
# Named, because FFmpeg also opens playlists and scripts, which make it read other files or ask other hosts.
_containers = "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,flv,asf,ogg,gif"
# What an .mp4 holds unchanged; other sound is left out with a note.
_copied_sound = ("aac", "mp3", "opus", "flac", "alac", "ac3", "eac3")
# High quality at half the time of x264's default; no frames out of order, so that times need no shift.
_x264 = {"crf": "18", "preset": "veryfast", "bf": "0"}
_clock = 90_000  # ticks a second of the written video: divides all common frame rates
_bt709 = 1  # FFmpeg's number for the colours of HD video, which players assume
_limited = 1  # and for luma 16 … 235

Note = Callable[[str], None]


@dataclass(frozen=True)
class Clip:
    """A video file as it is seen: upright `size` (width, height) in square pixels, mean fps, frames and seconds.

    `frames` is what the file says or its packets count, `sound` the codec of its sound or empty.
    """

    path: Path
    size: tuple[int, int]
    fps: Fraction
    frames: int
    seconds: float
    sound: str = ""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame: its number in the file from 0, image (H, W, 3) uint8 RGB, and in seconds its time and how long until
    the next one taken."""

    number: int
    time: Fraction
    lasts: Fraction
    image: np.ndarray


# ── in ──


def open_clip(path: Path) -> Clip:
    """What a video file holds, its first frame decoded for proof; ValueError in a sentence when it cannot be used."""
    called = f"“{path.name}”"
    with _opened(path) as container:
        stream = _pictures(container, called)
        first = next(_decoded(container, stream, lambda _: None), None)
        if first is None:
            raise ValueError(f"expected a video with frames, but {called} has none that can be read; export it again")
        size = _seen_size(first, stream)
        fps = Fraction(stream.average_rate or stream.guessed_rate or 25)
        seconds = _declared_seconds(container, stream)
        sound = container.streams.audio[0].codec_context.name if container.streams.audio else ""
        frames = stream.frames
    if not frames:
        with _opened(path) as container:
            frames = sum(packet.size > 0 for packet in container.demux(_pictures(container, called)))
    seconds = seconds or float(frames / fps)
    if max(size) > longest_side:
        raise ValueError(
            f"expected frames of at most {longest_side} pixels a side, but {called} has {size[0]} × {size[1]}; "
            "export it smaller"
        )
    if seconds > longest_seconds or frames > most_frames:
        raise ValueError(
            f"expected at most {longest_seconds // 60} minutes and {most_frames} frames, but {called} has "
            f"{seconds / 60:.0f} minutes and {frames} frames; cut it into parts"
        )
    return Clip(path, size, fps, frames, seconds, sound)


def frames(clip: Clip, every: int = 1, note: Note | None = None) -> Iterator[Frame]:
    """Every n-th frame from the first, in order; `note` hears of frames that could not be read.

    A damaged or cut off file gives what can be read of it.
    """
    if every < 1:
        raise ValueError(f"expected to take every 1st, 2nd, … frame, got {every}")
    say = note or _nobody
    held: Frame | None = None
    end = Fraction(0)
    with _opened(clip.path) as container:
        for number, time, end, frame in _timed(container, clip, say):
            if number % every == 0:
                if held:
                    yield replace(held, lasts=time - held.time)
                held = Frame(number, time, end - time, _image(frame, clip.size))
        if held:
            yield replace(held, lasts=end - held.time)
    if end < clip.seconds - max(0.5, 3 / clip.fps):
        say(f"The video is cut off: of {clip.seconds:.1f} s only the first {float(end):.1f} s could be read.")


def frame_at(clip: Clip, number: int) -> Frame:
    """One frame by its number in the file from 0; ValueError when the file has none of that number.

    The frames before it are decoded on the way: counting is exact where times and seeking are not.
    """
    with _opened(clip.path) as container:
        for n, time, end, frame in _timed(container, clip, _nobody):
            if n == number:
                return Frame(n, time, end - time, _image(frame, clip.size))
    raise ValueError(f"expected a frame from 0 to {clip.frames - 1}, got {number}")


def _timed(container: InputContainer, clip: Clip, say: Note) -> Iterator[tuple[int, Fraction, Fraction, av.VideoFrame]]:
    """Number of each frame, when it begins and ends in seconds from the first, and the frame."""
    stream = _pictures(container, clip.path.name)
    usual = 1 / clip.fps
    origin: Fraction | None = None
    before = -usual
    for number, frame in enumerate(_decoded(container, stream, say)):
        clock = Fraction(frame.time_base or stream.time_base or Fraction(1, _clock))
        time = None if frame.pts is None else frame.pts * clock
        origin = (time or Fraction(0)) if origin is None else origin
        # Some files repeat a time or leave it out: their frames follow at the usual distance.
        time = before + usual if time is None or time - origin <= before else time - origin
        before = time
        yield number, time, time + ((frame.duration or 0) * clock or usual), frame


def _opened(path: Path) -> InputContainer:
    called = f"“{path.name}”"
    if not path.is_file():
        raise ValueError(f"expected a video file, got {called}, which is not there")
    if path.stat().st_size == 0:
        raise ValueError(f"expected a video, got an empty file: {called} has 0 bytes; save it again and retry")
    try:
        return av.open(str(path), options={"format_whitelist": _containers, "protocol_whitelist": "file"})
    except av.error.FFmpegError as error:
        raise ValueError(
            f"expected a video ({accepted}), but {called} is none, or it is damaged ({error.strerror}); "
            "play it, and export it as MP4 if it plays"
        ) from None


def _pictures(container: InputContainer, called: str) -> av.VideoStream:
    """The stream of moving pictures; a song's cover is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise ValueError(f"expected a video with a picture, but {called} has only sound or text")
    streams[0].thread_type = "AUTO"
    return streams[0]


def _declared_seconds(container: InputContainer, stream: av.VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration else 0.0


def _decoded(container: InputContainer, stream: av.VideoStream, say: Note) -> Iterator[av.VideoFrame]:
    """The frames that can be decoded; packets that cannot are skipped and counted."""
    damaged = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.error.FFmpegError:
            damaged += 1
            break
        try:
            found = packet.decode()
        except av.error.FFmpegError:
            damaged += 1
            continue
        yield from found  # type: ignore[misc]  # a video stream's packets hold pictures only
    if damaged:
        say(f"The video is damaged in {damaged} places; the frames there were left out.")


def _seen_size(frame: av.VideoFrame, stream: av.VideoStream) -> tuple[int, int]:
    """Size (width, height) of the upright frame in square pixels."""
    aspect = float(stream.sample_aspect_ratio or 1)
    width, height = max(1, round(frame.width * aspect)), frame.height
    return (width, height) if frame.rotation % 180 == 0 else (height, width)


def _image(frame: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """The frame (H, W, 3) uint8 RGB, upright, of the `size` seen."""
    # Both count quarter turns against the clock.
    image = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
    if image.shape[1::-1] != size:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image)


def _nobody(_: str) -> None:
    """A note nobody hears."""


# ── out ──


class Recorder:
    """Writes frames of one size as an H.264 .mp4 with their times, and beside them the sound of a clip.

    Use as a context: the file is whole when it is left. An odd side is made even by its last row or column twice,
    for H.264 halves the colours' sides.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: Fraction, sound_of: Clip | None = None) -> None:
        self.notes: list[str] = []
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        stream = self._container.add_stream("libx264", rate=fps, options=_x264)
        stream.width, stream.height = (side + side % 2 for side in size)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, _clock)
        context.colorspace = context.color_primaries = context.color_trc = _bt709
        context.color_range = _limited
        self._stream = stream
        self._ends: list[int] = []  # of the frames on their way through the encoder
        self._end = Fraction(0)
        self._sound = _Sound(self._container, sound_of) if sound_of and sound_of.sound else None
        if self._sound and self._sound.note:
            self.notes.append(self._sound.note)

    def add(self, image: np.ndarray, time: Fraction, lasts: Fraction) -> None:
        """The frame (H, W, 3) uint8 RGB shown at `time` for `lasts` seconds; times rise."""
        height, width = image.shape[:2]
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
        )
        frame.pts, frame.time_base = round(time * _clock), Fraction(1, _clock)
        self._end = time + lasts
        self._ends.append(round(self._end * _clock))
        self._mux(self._stream.encode(frame))
        if self._sound:
            self._sound.copy_until(float(time))

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            # In order, as no frame is encoded out of it: each lasts as told, the last one too.
            packet.duration = max(1, self._ends.pop(0) - (packet.pts or 0))
            self._container.mux(packet)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._mux(self._stream.encode(None))
                if self._sound:
                    self._sound.copy_until(float(self._end))
        finally:
            if self._sound:
                self._sound.close()
            self._container.close()


class _Sound:
    """The sound of a clip, copied packet by packet beside its frames."""

    def __init__(self, into: OutputContainer, clip: Clip) -> None:
        self.note = ""
        self._source = _opened(clip.path)
        self._into = into
        self._packets: Iterator[av.Packet] = iter(())
        self._held: av.Packet | None = None
        stream = self._source.streams.audio[0]
        if clip.sound not in _copied_sound:
            self.note = f"The sound ({clip.sound}) cannot be copied into an .mp4 and was left out."
            return
        pictures = _pictures(self._source, clip.path.name)
        self._origin = float((pictures.start_time or 0) * (pictures.time_base or 0))
        self._stream = into.add_stream_from_template(stream)
        self._packets = (packet for packet in self._source.demux(stream) if packet.dts is not None)

    def copy_until(self, time: float) -> None:
        """Copies what begins before `time`, in seconds from the first frame."""
        while (packet := self._held or self._next()) is not None:
            clock = packet.time_base or Fraction(1, _clock)
            shift = round(self._origin / clock)
            if float((packet.pts or packet.dts or 0) * clock) - self._origin >= time:
                self._held = packet
                return
            self._held = None
            packet.pts, packet.dts = (packet.pts or packet.dts or 0) - shift, (packet.dts or 0) - shift
            packet.stream = self._stream
            self._into.mux(packet)

    def _next(self) -> av.Packet | None:
        try:
            return next(self._packets, None)
        except av.error.FFmpegError:  # the file ends here; its frames tell so
            return None

    def close(self) -> None:
        self._source.close()
