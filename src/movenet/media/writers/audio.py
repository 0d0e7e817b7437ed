"""Audio of one file copied or re-encoded into another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias, cast

import av
from av import AudioFrame, Packet
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError

from movenet.errors import MediaError
from movenet.media.container import is_decodable, open_container
from movenet.media.ffmpeg_errors import DECODE_ERRORS
from movenet.media.sources.decoding import Packets
from movenet.media.sources.video_file import VideoReader

DAMAGE_LIMIT: Final = 100
"""Number of unreadable or out-of-order packets in a row that end the audio."""
PRIMING_S: Final = 0.05
"""Encoder delay: packets may begin so much before the first audible sample (1024 samples of AAC at 22 kHz)."""
OVERLAP_S: Final = 0.02
"""Frames that overlap by less than this are in order: timestamps are rounded to about a millisecond."""

TimedPacket: TypeAlias = "tuple[float, Packet[AudioStream]]"
"""Start of a packet in seconds of the output video, and the packet."""


@dataclass(frozen=True, slots=True)
class AudioCodec:
    """Audio codec of an output format."""

    name: str
    """Name of the encoder."""
    copied: frozenset[str]
    """Codecs that every player of this format supports: their packets are copied."""
    bit_rate: int


class AudioTrack:
    """The audio track of a file, written into an output container packet by packet."""

    def __init__(self, path: str | Path) -> None:
        """Open the file; a file without audio adds nothing.

        Raises:
            MediaError: The file is missing or cannot be read.
        """
        self._name = str(path)
        self._input = open_container(self._name)
        self._track = cast("AudioStream | None", self._input.streams.best("audio"))
        self._zero_s = self._start_s() if self._track else 0.0
        self._output: OutputContainer | None = None
        self._packets: Iterator[TimedPacket] = iter(())
        self._next: TimedPacket | None = None

    def _start_s(self) -> float:
        """Return the file's timestamp of the first decodable frame, or of its start if it has no video."""
        try:
            reader = VideoReader(open_container(self._name), self._name, DAMAGE_LIMIT)
        except MediaError:
            return (self._input.start_time or 0) / av.time_base
        with closing(reader):
            return reader.start_s()

    def join(self, output: OutputContainer, codec: AudioCodec, first_s: float) -> None:
        """Add an audio stream to the output; call it before anything is written there.

        `first_s` is the time at which the output begins, in seconds from the first frame of the audio's file.
        """
        if self._track is None or not is_decodable(self._track):
            return
        self._output = output
        self._zero_s += first_s
        context = self._track.codec_context
        # AAC without a header is framed as ADTS, and damaged ADTS frames would break the output.
        is_adts = context.name == "aac" and not context.extradata
        if context.codec.canonical_name in codec.copied and not is_adts:
            self._packets = self._copied(output.add_stream_from_template(self._track))
        else:
            self._packets = self._encoded(_add_encoder(output, codec, self._track))
        self._next = next(self._packets, None)

    def write_until(self, time_s: float) -> None:
        """Write the audio before a time of the output, in seconds."""
        while self._output and self._next and self._next[0] < time_s:
            try:
                self._output.mux(self._next[1])
            except FFmpegError as problem:
                # A damaged packet is left out; an error of the system concerns the output.
                if isinstance(problem, OSError):
                    raise
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the file."""
        self._input.close()

    def _read(self, track: AudioStream) -> Iterator[Packet[AudioStream] | None]:
        return iter(Packets(self._input, track, self._name, DAMAGE_LIMIT))

    def _copied(self, stream: AudioStream) -> Iterator[TimedPacket]:
        track, last, order = cast("AudioStream", self._track), None, _OrderCheck()
        for packet in self._read(track):
            if packet is None or packet.pts is None or packet.dts is None:
                continue
            shift = round(Fraction(self._zero_s) / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
            start_s = float(packet.pts * packet.time_base)
            if start_s < -PRIMING_S and last is None:
                continue
            # Containers require packets in order; a damaged file may have others.
            kept = (last is None or packet.dts > last) and packet.pts >= packet.dts
            if order.ends(kept=kept):
                return
            if kept:
                last = packet.dts
                yield start_s, packet

    def _encoded(self, stream: AudioStream) -> Iterator[TimedPacket]:
        for frame in self._decoded():
            yield from _timed(stream.encode(frame))
        yield from _timed(stream.encode(None))

    def _decoded(self) -> Iterator[AudioFrame]:
        """Yield the decoded audio from the start of the output on, with times relative to it."""
        track, end_s, order = cast("AudioStream", self._track), 0.0, _OrderCheck()
        for packet in self._read(track):
            try:
                frames = track.codec_context.decode(packet)
            except DECODE_ERRORS:
                continue
            for frame in frames:
                if frame.pts is None or frame.time_base is None:
                    continue
                start_s = float(frame.pts * frame.time_base) - self._zero_s
                # Frames out of order (damaged files) and before the start of the output are left out.
                kept = start_s > end_s - OVERLAP_S
                if end_s and order.ends(kept=kept):
                    return
                if kept:
                    end_s = start_s + frame.samples / frame.sample_rate
                    frame.pts = round(start_s * frame.sample_rate)
                    frame.time_base = Fraction(1, frame.sample_rate)
                    yield frame


class _OrderCheck:
    """Distinguishes single wrong timestamps (damaged files) from a second recording whose times restart."""

    def __init__(self) -> None:
        self._out_of_order = 0

    def ends(self, *, kept: bool) -> bool:
        """Return whether the recording has ended; `kept` tells whether the next packet is in order."""
        self._out_of_order = 0 if kept else self._out_of_order + 1
        return self._out_of_order >= DAMAGE_LIMIT


def _timed(packets: list[Packet[AudioStream]]) -> Iterator[TimedPacket]:
    for packet in packets:
        yield float((packet.pts or 0) * packet.time_base), packet


def _add_encoder(output: OutputContainer, codec: AudioCodec, track: AudioStream) -> AudioStream:
    """Add a mono or stereo stream at the sample rate of the track, or at 48 kHz if the codec does not support it."""
    rates = av.Codec(codec.name, "w").audio_rates
    rate = track.codec_context.sample_rate
    stream = output.add_stream(
        codec.name,
        rate=rate if not rates or rate in rates else 48_000,
        bit_rate=codec.bit_rate,
        layout="mono" if track.codec_context.layout.nb_channels == 1 else "stereo",
    )
    return cast("AudioStream", stream)
