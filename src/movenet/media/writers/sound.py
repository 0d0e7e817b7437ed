"""The sound of one file, taken along into another."""

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
from movenet.media.container import open_container
from movenet.media.sources.decoding import Packets
from movenet.media.sources.video_file import VideoReel

DAMAGE_LIMIT: Final = 100
"""The sound ends where so many packets in a row cannot be read, or lie before what was heard already."""
PRIMING_S: Final = 0.05
"""Coded sound may begin so much before its first sample is heard: 1024 samples of AAC at 22 kHz."""

OVERLAP_S: Final = 0.02
"""Time stamps are rounded to a millisecond or so: frames that seem to overlap by less are in order."""

TimedPacket: TypeAlias = "tuple[float, Packet[AudioStream]]"
"""When the film has come to the packet, in seconds, and the packet."""


@dataclass(frozen=True, slots=True)
class SoundCodec:
    """How a kind of film holds sound."""

    name: str
    """The encoder."""
    copied: frozenset[str]
    """Codecs that every player of this kind of film knows: their packets are copied as they are."""
    bit_rate: int


class Sound:
    """The sound track of a file, brought into a film packet by packet."""

    def __init__(self, path: str | Path) -> None:
        """Open the file; one that has no sound is fine and adds nothing.

        Raises:
            MediaError: The file is missing, or cannot be read.
        """
        self._name = str(path)
        self._from = open_container(self._name)
        self._track = cast("AudioStream | None", self._from.streams.best("audio"))
        self._zero_s = self._start_s() if self._track else 0.0
        self._into: OutputContainer | None = None
        self._packets: Iterator[TimedPacket] = iter(())
        self._next: TimedPacket | None = None

    def _start_s(self) -> float:
        """Return the file's own time of the first picture that can be decoded, or of its beginning if it has none."""
        try:
            reel = VideoReel(open_container(self._name), self._name, DAMAGE_LIMIT)
        except MediaError:
            return (self._from.start_time or 0) / av.time_base
        with closing(reel):
            return reel.start_s()

    def join(self, film: OutputContainer, codec: SoundCodec, first_s: float) -> None:
        """Give the film a sound stream, before anything is written to it.

        `first_s` is the time, from the first picture of the sound's file, with which the film begins.
        """
        if self._track is None or self._track.codec_context is None:
            return
        self._into = film
        self._zero_s += first_s
        context = self._track.codec_context
        # AAC without a header comes in frames of another kind, ADTS, which trip the film if they are damaged.
        bare = context.name == "aac" and not context.extradata
        if context.codec.canonical_name in codec.copied and not bare:
            self._packets = self._copied(film.add_stream_from_template(self._track))
        else:
            self._packets = self._encoded(_encoder(film, codec, self._track))
        self._next = next(self._packets, None)

    def until(self, time_s: float) -> None:
        """Write what is heard before a time of the film, in seconds."""
        while self._into and self._next and self._next[0] < time_s:
            try:
                self._into.mux(self._next[1])
            except FFmpegError as problem:
                # A damaged packet of sound is left out; what the system says concerns the film.
                if isinstance(problem, OSError):
                    raise
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the file."""
        self._from.close()

    def _read(self, track: AudioStream) -> Iterator[Packet[AudioStream] | None]:
        return iter(Packets(self._from, track, self._name, DAMAGE_LIMIT))

    def _copied(self, stream: AudioStream) -> Iterator[TimedPacket]:
        track, last, order = cast("AudioStream", self._track), None, _Order()
        for packet in self._read(track):
            if packet is None or packet.pts is None or packet.dts is None:
                continue
            shift = round(Fraction(self._zero_s) / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
            start_s = float(packet.pts * packet.time_base)
            if start_s < -PRIMING_S and last is None:
                continue
            # Films take packets in order; a damaged file may have others.
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
        """Yield what is heard from the film's start on, with times counted from there."""
        track, end_s, order = cast("AudioStream", self._track), 0.0, _Order()
        for packet in self._read(track):
            try:
                frames = track.codec_context.decode(packet)
            except FFmpegError:
                continue
            for frame in frames:
                if frame.pts is None or frame.time_base is None:
                    continue
                start_s = float(frame.pts * frame.time_base) - self._zero_s
                # A frame that is out of order in a damaged file is left out, as is sound before the film.
                kept = start_s > end_s - OVERLAP_S
                if end_s and order.ends(kept=kept):
                    return
                if kept:
                    end_s = start_s + frame.samples / frame.sample_rate
                    frame.pts = round(start_s * frame.sample_rate)
                    frame.time_base = Fraction(1, frame.sample_rate)
                    yield frame


class _Order:
    """Tells single stray time stamps, as in damaged files, from a second recording, whose times start anew."""

    def __init__(self) -> None:
        self._strays = 0

    def ends(self, *, kept: bool) -> bool:
        """Return whether the recording is over, given whether the next packet is in order."""
        self._strays = 0 if kept else self._strays + 1
        return self._strays >= DAMAGE_LIMIT


def _timed(packets: list[Packet[AudioStream]]) -> Iterator[TimedPacket]:
    for packet in packets:
        yield float((packet.pts or 0) * packet.time_base), packet


def _encoder(film: OutputContainer, codec: SoundCodec, track: AudioStream) -> AudioStream:
    """Add a stream of mono or stereo at the track's own rate, or at 48 kHz where the codec lacks that."""
    rates = av.Codec(codec.name, "w").audio_rates
    rate = track.codec_context.sample_rate
    stream = film.add_stream(
        codec.name,
        rate=rate if not rates or rate in rates else 48_000,
        bit_rate=codec.bit_rate,
        layout="mono" if track.codec_context.layout.nb_channels == 1 else "stereo",
    )
    return cast("AudioStream", stream)
