"""Latency and throughput: of engines, and of each stage of a video pipeline."""

from movenet.bench.engines import EngineTimes, Skipped, Variant, read_size, time_engines, variants
from movenet.bench.report import Table, engine_table, figures, stage_table
from movenet.bench.stages import StageTimes, VideoInfo, time_stages
from movenet.bench.timing import Clock, TimingPlan, quantile_ms, time_interleaved
from movenet.machine import Machine, this_machine

__all__ = [
    "Clock",
    "EngineTimes",
    "Machine",
    "Skipped",
    "StageTimes",
    "Table",
    "TimingPlan",
    "Variant",
    "VideoInfo",
    "engine_table",
    "figures",
    "quantile_ms",
    "read_size",
    "stage_table",
    "this_machine",
    "time_engines",
    "time_interleaved",
    "time_stages",
    "variants",
]
