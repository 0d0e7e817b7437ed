"""How fast is it here? Engines against each other, and where the time of a video goes."""

from movenet.bench.engines import EngineTimes, LeftOut, Variant, race_engines, read_size, variants
from movenet.bench.race import Clock, Plan, quantile_ms, race
from movenet.bench.report import Table, engine_table, figures, stage_table
from movenet.bench.stages import StageTimes, Subject, race_stages
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
    "race_engines",
    "race_stages",
    "read_size",
    "stage_table",
    "this_machine",
    "variants",
]
