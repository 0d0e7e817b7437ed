"""Several cameras and streams of `movenet run`, at the same time: recorded and printed as their frames come."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack

import cv2

from movenet.cli.output import Recorder, print_line, print_status, write_record
from movenet.cli.run_annotation import Annotation
from movenet.cli.run_inputs import Video
from movenet.cli.run_plan import RunPlan
from movenet.cli.run_videos import open_tracker
from movenet.cli.stream_table import StreamTable, stream_line
from movenet.estimator import Estimator
from movenet.records import Record, to_json
from movenet.scale.live_stream import StreamState
from movenet.scale.streams import Streams, share_engines


def run_streams(
    videos: Sequence[Video], plan: RunPlan, estimator: Estimator, recorder: Recorder | None
) -> int:
    """Track all streams at the same time, record and print each frame; return how many came to their end.

    That is all of them, when this returns: a live stream has no end but Ctrl-C.

    Raises:
        MoveNetError: The person of --lock needs ids, and there are none; or the model cannot run.
        OutputError: stdout or the records cannot be written to any more.
    """
    # OpenCV's idle threads spin on cores that the decoders need.
    cv2.setNumThreads(1)
    tracker = open_tracker(plan, share_engines(estimator))
    model = estimator.engine.card
    annotation = Annotation(plan.overlays, model, plan.style)
    is_printed = plan.json or (plan.records is None and not sys.stdout.isatty())
    has_terminal = sys.stderr.isatty() and not (is_printed and sys.stdout.isatty())
    locations = [video.location for video in videos]
    with ExitStack() as stack:
        streams = stack.enter_context(
            Streams(
                locations, tracker, select=plan.frames.select, on_loss=None if has_terminal else _print_loss
            )
        )
        table = stack.enter_context(StreamTable(streams.states, on_terminal=has_terminal))
        for frame, poses in streams:
            chosen = plan.person.select(poses)
            angles, calibrated = annotation.measure(chosen), plan.calibrate(chosen, model)
            size = (frame.width, frame.height)
            record = Record(frame.source, frame.index, frame.time_s, *size, calibrated, angles)
            write_record(recorder, record)
            if is_printed:
                print_line(to_json(record))
            table.update()
    return len(videos)


def _print_loss(state: StreamState) -> None:
    print_status(stream_line(state))
