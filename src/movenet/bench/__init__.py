"""How fast is it here? Engines against each other, and where the time of a video goes."""

from movenet.bench.engines import EngineTimes, LeftOut, Variant, read_size, time_engines, variants
from movenet.bench.report import Table, engine_table, figures, stage_table
from movenet.bench.stages import StageTimes, Subject, time_stages
from movenet.bench.timing import Clock, Plan, quantile_ms, race
from movenet.machine import Machine, this_machine

__all__ = [
    "Clock",
    "EngineTimes",
    "LeftOut",
    "Machine",
    "Plan",
    "StageTimes",
    "Subject",
    "Table",
    "Variant",
    "engine_table",
    "figures",
    "quantile_ms",
    "race",
    "read_size",
    "stage_table",
    "this_machine",
    "time_engines",
    "time_stages",
    "variants",
]
