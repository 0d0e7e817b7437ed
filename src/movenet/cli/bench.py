"""`movenet bench`: latency and throughput of the network, and the time of each step of a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from movenet.cli.options import DeviceName, EngineName, JsonOption, PrecisionName, threads_beside_video
from movenet.cli.output import print_progress
from movenet.errors import DataError

if TYPE_CHECKING:
    from movenet.bench import Table, TimingPlan
    from movenet.engine import Device, Precision, Runtime

T = TypeVar("T")
Video = Annotated[
    Path | None,
    typer.Argument(
        help="Video or photo to time the steps on, as --stages does on the sample.", show_default=False
    ),
]
Stages = Annotated[
    bool, typer.Option("--stages", help="Time each step of a video: decode, crop, engine, draw, encode …")
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|FILE",
        help="A name of movenet models, or an .onnx or .xml file; default: lightning and thunder.",
    ),
]
Sizes = Annotated[
    list[str] | None,
    typer.Option(metavar="SIZE", help="Input size in pixels: 256 or 256x160; default: the model's."),
]
Engines = Annotated[
    list[EngineName] | None,
    typer.Option(metavar="NAME", help="openvino, onnxruntime or torch; default: the first two."),
]
Precisions = Annotated[
    list[PrecisionName] | None,
    typer.Option(metavar="NAME", help="auto, fp32, bf16, fp16 or int8; default: auto and fp32."),
]
Threads = Annotated[
    list[int] | None,
    typer.Option(
        min=1, metavar="NUMBER", help="Threads of one inference; default: 1, and one for each core."
    ),
]
Devices = Annotated[
    list[DeviceName] | None, typer.Option(metavar="NAME", help="cpu, gpu, npu or auto; default: cpu.")
]
Batches = Annotated[
    list[int] | None, typer.Option(min=1, metavar="NUMBER", help="Pictures per call; default: 1.")
]


def bench(
    video: Video = None,
    *,
    stages: Stages = False,
    model: Models = None,
    engine: Engines = None,
    precision: Precisions = None,
    threads: Threads = None,
    device: Devices = None,
    batch: Batches = None,
    size: Sizes = None,
    seconds: Annotated[float, typer.Option(min=0, help="Seconds to measure, without loading.")] = 20.0,
    json: JsonOption = False,
) -> None:
    """Measure the speed of the network, or of all steps of a video. Each option may be given several times.

    The combinations of the options are measured in turn, round by round, so that changes of the machine's speed affect
    all alike. Times are of the network alone, from uint8 squares to raw heads; --stages measures every step of a video.
    """
    from movenet.bench import (
        TimingPlan,
        engine_table,
        figures,
        read_size,
        this_machine,
        time_engines,
        variants,
    )
    from movenet.engine import Runtime

    engines = [one.value for one in engine or ()]
    precisions: list[Precision] = [one.value for one in precision or ()]
    if stages or video:
        if batch or size:
            raise DataError("--batch and --size are for the network alone: leave out --stages and the video")
        chosen_device = _one(device, DeviceName.cpu)
        runtime = Runtime(
            _one(engines, "openvino"),
            _one(precisions, "auto"),
            threads_beside_video(_one(threads, None), chosen_device),
            chosen_device.value,
        )
        _bench_stages(video, _one(model, "lightning"), runtime, TimingPlan(seconds), json=json)
        return
    sizes = [read_size(text) for text in size or ()]
    devices: list[Device] = [one.value for one in device or ()]
    chosen = variants(
        model or (), engines, precisions, threads or (), devices=devices, batches=batch or (), sizes=sizes
    )
    print_progress(f"timing {len(chosen)} variants, {seconds:g} s and the loading")
    times, skipped = time_engines(chosen, TimingPlan(seconds))
    _print(engine_table(times, skipped), figures(this_machine(), times), json=json)


def _bench_stages(video: Path | None, model: str, runtime: Runtime, plan: TimingPlan, *, json: bool) -> None:
    import cv2

    from movenet.bench import figures, stage_table, this_machine, time_stages
    from movenet.estimator import Estimator
    from movenet.models import DATA
    from movenet.video import VideoEstimator

    cv2.setNumThreads(1)  # as for `movenet run`
    print_progress(f"timing the steps, {plan.seconds:g} s and the loading")
    video_estimator = VideoEstimator(Estimator(model, runtime=runtime))
    info, times = time_stages(video or DATA / "sample.mp4", video_estimator, plan)
    _print(stage_table(info, times), figures(this_machine(), times, video=info), json=json)


def _print(table: Table, report: Mapping[str, Any], *, json: bool) -> None:
    if json:
        print(dumps(report))
        return
    from movenet.bench import this_machine
    from movenet.cli.output import print_table

    print_table(table.heads, table.rows, text_columns=table.names)
    for line in (*table.notes, str(this_machine())):
        print(line)


def _one(given: Sequence[T] | None, default: T) -> T:
    if given and len(given) > 1:
        raise DataError(f"expected one of each option with --stages, got {', '.join(map(str, given))}")
    return given[0] if given else default
