"""Interleaved timing with a scripted clock, and the stages of a video."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from movenet import (
    DataError,
    EngineError,
    Estimator,
    MissingExtraError,
    ModelError,
    Runtime,
    ScriptedEngine,
    VideoEstimator,
)
from movenet.bench import (
    EngineTimes,
    Skipped,
    StageTimes,
    Table,
    TimingPlan,
    Variant,
    VideoInfo,
    engine_table,
    figures,
    quantile_ms,
    read_size,
    stage_table,
    this_machine,
    time_engines,
    time_interleaved,
    time_stages,
    variants,
)
from movenet.bench.stages import STAGES, TOGETHER
from movenet.cli import app
from movenet.models import DATA, MODELS

ONCE = TimingPlan(seconds=0, turn_s=0, min_calls=1, min_rounds=1, warmup_calls=0)


class FakeTime:
    """A clock that moves only when something works."""

    def __init__(self):
        self.now_s = 100.0
        self.log = []

    def __call__(self):
        return self.now_s

    def work(self, name, seconds):
        def call():
            self.log.append(name)
            self.now_s += seconds

        return call


@pytest.fixture
def clock():
    return FakeTime()


def engine_taking(clock, ms_per_picture, precision="fp32"):
    def answer(squares):
        clock.now_s += ms_per_picture * len(squares) / 1000
        return {}

    engine = ScriptedEngine(MODELS["lightning"], answer)
    engine.precision = precision
    return engine


def test_each_call_is_timed_by_the_clock_given(clock):
    fast, slow = time_interleaved([clock.work("fast", 0.001), clock.work("slow", 0.5)], ONCE, clock)
    assert fast == pytest.approx([0.001])
    assert slow == pytest.approx([0.5])


def test_calls_take_turns_in_blocks(clock):
    plan = TimingPlan(seconds=0, turn_s=0, min_calls=2, min_rounds=2, warmup_calls=0)
    time_interleaved([clock.work("a", 0.1), clock.work("b", 0.1)], plan, clock)
    assert "".join(clock.log) == "aabbaabb"


def test_a_turn_lasts_as_long_as_planned(clock):
    plan = TimingPlan(seconds=0, turn_s=0.5, min_calls=1, min_rounds=1, warmup_calls=0)
    assert len(time_interleaved([clock.work("a", 0.125)], plan, clock)[0]) == 4


def test_rounds_go_on_for_as_long_as_planned(clock):
    plan = TimingPlan(seconds=3, turn_s=0, min_calls=1, min_rounds=1, warmup_calls=0)
    one, other = time_interleaved([clock.work("a", 0.25), clock.work("b", 0.75)], plan, clock)
    assert len(one) == len(other) == 3


def test_warm_up_calls_are_not_counted(clock):
    plan = TimingPlan(seconds=0, turn_s=0, min_calls=2, min_rounds=3, warmup_calls=1)
    assert len(time_interleaved([clock.work("a", 0.1)], plan, clock)[0]) == 6
    assert len(clock.log) == 9


@pytest.mark.parametrize(
    "wrong", [{"min_calls": 0}, {"min_rounds": 0}, {"warmup_calls": -1}, {"seconds": float("nan")}]
)
def test_a_plan_without_a_call_is_refused(wrong):
    with pytest.raises(DataError, match="expected"):
        TimingPlan(**wrong)


def test_the_quantile_one_half_is_the_median():
    assert quantile_ms([0.001, 0.004, 0.002], 0.5) == pytest.approx(2)


def test_loading_the_first_call_and_other_calls_are_timed_separately(clock):
    first = [0.5]

    def answer(squares):
        clock.now_s += first.pop() if first else 0.02
        return {}

    def opener(model, runtime):
        clock.now_s += 2.0
        return ScriptedEngine(MODELS[model], answer)

    (times,), skipped = time_engines([Variant("thunder")], ONCE, clock=clock, opener=opener)
    assert (times.load_ms, times.first_ms) == pytest.approx((2000, 500))
    assert (times.p50_ms, times.p90_ms, times.pictures_per_s) == pytest.approx((20, 20, 50))
    assert (times.model, times.width, times.height, times.calls) == ("thunder", 256, 256, 1)
    assert not skipped


def test_int8_is_timed_beside_floating_point_and_named():
    precisions = [Variant("lightning", Runtime(precision=precision)) for precision in ("fp32", "int8")]
    times, _ = time_engines(precisions, ONCE)
    assert [one.model for one in times] == ["lightning", "lightning-int8"]


def test_throughput_counts_pictures_not_calls(clock):
    engine = engine_taking(clock, ms_per_picture=2)
    (times,), _ = time_engines(
        [Variant("lightning", batch=5)], ONCE, clock=clock, opener=lambda model, runtime: engine
    )
    assert times.p50_ms == pytest.approx(10)
    assert times.pictures_per_s == pytest.approx(500)


def test_the_input_has_the_size_and_batch_asked_for(clock):
    seen = []
    engine = ScriptedEngine(MODELS["lightning"], lambda squares: seen.append(squares.shape) or {})
    time_engines(
        [Variant("lightning", batch=3, size=(96, 64))],
        TimingPlan(0, 0, 1, 1, 0),
        clock=iter(range(100)).__next__,
        opener=lambda model, runtime: engine,
    )
    assert {*seen} == {(3, 64, 96, 3)}


def test_equal_variants_are_timed_once(clock):
    asked = variants(["lightning"], ["openvino"], ["fp32", "auto"], [1])
    found, _ = time_engines(
        asked, ONCE, clock=clock, opener=lambda model, runtime: engine_taking(clock, 1, "fp32")
    )
    assert [times.precision for times in found] == ["fp32"]


@pytest.mark.parametrize(
    "error", [EngineError("it does not load"), MissingExtraError("onnxruntime", "onnxruntime", "this engine")]
)
def test_a_variant_that_does_not_run_is_skipped_with_its_reason(clock, error):
    def opener(model, runtime):
        if runtime.engine == "onnxruntime":
            raise error
        return engine_taking(clock, 1)

    found, skipped = time_engines(variants(["lightning"], threads=[1]), ONCE, clock=clock, opener=opener)
    assert [times.engine for times in found] == ["openvino"]
    assert {(one.variant.runtime.engine, one.reason) for one in skipped} == {("onnxruntime", str(error))}


def test_if_no_variant_runs_the_reason_is_an_error(clock):
    def opener(model, runtime):
        raise EngineError("it is not installed")

    with pytest.raises(EngineError, match="not installed"):
        time_engines(variants(["lightning"]), ONCE, clock=clock, opener=opener)


def test_an_unknown_model_is_an_error_and_not_skipped():
    with pytest.raises(ModelError, match="expected one of"):
        time_engines([Variant("lightening")], ONCE)


def test_variants_are_every_combination_of_what_is_given():
    found = variants(["a", "b"], ["torch"], ["fp32"], [1, 2], batches=[1, 8], sizes=[(64, 32), (64, 64)])
    assert len({*found}) == len(found) == 2 * 2 * 2 * 2
    assert {variant.runtime.engine for variant in found} == {"torch"}


def test_the_default_variants_are_two_models_in_two_engines():
    found = variants()
    assert {variant.model for variant in found} == {"lightning", "thunder"}
    assert {variant.runtime.engine for variant in found} == {"openvino", "onnxruntime"}
    assert {(variant.batch, variant.size) for variant in found} == {(1, None)}


def test_a_size_is_a_square_or_width_by_height():
    assert read_size("256") == (256, 256)
    assert read_size("256x160") == (256, 160)
    for wrong in ("", "x", "256x", "-1", "a", "1x2x3", "x160"):
        with pytest.raises(DataError, match="expected a size"):
            read_size(wrong)


TIMES = EngineTimes(
    "lightning", "openvino", "bf16", "cpu", 1, 1, 192, 192, 70.0, 230.0, 2.09, 21.5, 478.0, 900
)


def test_the_table_of_engines_has_a_row_for_each_variant():
    table = engine_table([TIMES])
    assert dict(zip(table.heads, table.rows[0], strict=True)) == {
        "model": "lightning",
        "engine": "openvino",
        "precision": "bf16",
        "threads": "1",
        "input": "192×192",
        "load ms": "70",
        "first ms": "230",
        "p50 ms": "2.09",
        "p90 ms": "21.5",
        "pictures per s": "478",
    }


def test_the_table_of_engines_states_each_reason_once():
    skipped = [Skipped(Variant("lightning", Runtime("torch", threads=n)), "not here") for n in (1, 2)]
    assert engine_table([TIMES], skipped).notes == ("torch is skipped: not here",)


def test_the_table_of_stages_ends_with_their_sum_and_the_whole_pipeline():
    steps = [
        StageTimes("crop", 1.0, 2.0, 1000.0),
        StageTimes("engine", 3.0, 4.0, 333.0),
        StageTimes(TOGETHER, 2.0, 2.0, 500.0),
    ]
    table = stage_table(VideoInfo("a.mp4", 64, 48, 1), steps)
    assert [row[0] for row in table.rows] == ["crop", "engine", "one after the other", "together"]
    assert [row[-1] for row in table.rows] == ["25%", "75%", "100%", "50%"]
    assert table.rows[2][1] == "4.00"
    assert table.notes == ("a.mp4, 64 × 48, 1 frame.",)


def test_a_table_is_written_as_markdown():
    table = Table(("what", "ms"), (("crop", "1.0"),), 1, ("A note.",))
    assert table.markdown() == "| what | ms |\n| --- | ---: |\n| crop | 1.0 |\n\nA note."


def test_the_machine_is_described_without_its_owner():
    machine = this_machine()
    assert machine.cores >= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", machine.date)
    assert {"Python", "movenet", "numpy", "openvino"} <= {*machine.versions}


def test_figures_are_json_with_the_machine():
    report = json.loads(json.dumps(figures(this_machine(), [TIMES])))
    assert report["times"][0]["p50_ms"] == 2.09
    assert report["machine"]["cores"] >= 1


@pytest.fixture(scope="module")
def estimator():
    return VideoEstimator(Estimator(runtime=Runtime(threads=1)))


@pytest.mark.parametrize("name", ["sample.mp4", "astronaut.jpg"])
def test_every_stage_of_a_video_or_photo_is_timed(name, estimator):
    video, times = time_stages(DATA / name, estimator, ONCE)
    assert [one.stage for one in times] == [*STAGES, TOGETHER]
    assert video.name == name
    assert all(one.p50_ms <= one.p90_ms for one in times)


def test_stages_are_timed_without_people(estimator, tmp_path):
    from movenet import write_photo

    write_photo(tmp_path / "grey.png", np.full((48, 64, 3), 127, np.uint8))
    assert len(time_stages(tmp_path / "grey.png", estimator, ONCE)[1]) == len(STAGES) + 1


def invoke(*arguments):
    return CliRunner().invoke(app, ["bench", "--seconds", "0", *map(str, arguments)])


def test_the_command_prints_a_table_that_names_the_processor():
    result = invoke("--model", "lightning", "--engine", "openvino", "--threads", 1)
    assert result.exit_code == 0, result.output
    assert this_machine().processor.split(" (")[0] in result.stdout
    assert "lightning" in result.stdout


def test_the_command_prints_one_json_object():
    result = invoke(
        "--json", "-m", "lightning", "--engine", "openvino", "--precision", "fp32", "--size", "64x32"
    )
    (row,) = {(one["width"], one["height"], one["precision"]) for one in json.loads(result.stdout)["times"]}
    assert row == (64, 32, "fp32")


def test_the_command_times_the_stages_of_a_photo():
    result = invoke("--json", "--stages", DATA / "astronaut.jpg", "--threads", 1)
    assert [one["stage"] for one in json.loads(result.stdout)["times"]] == [*STAGES, TOGETHER]


@pytest.mark.parametrize("options", [("--batch", 2), ("--size", "64")])
def test_options_of_the_network_alone_are_refused_for_stages(options):
    result = invoke("--stages", *options)
    assert isinstance(result.exception, DataError)
    assert "leave out --stages" in str(result.exception)


def test_stages_are_timed_with_one_model_at_a_time():
    result = invoke("--stages", "-m", "lightning", "-m", "thunder")
    assert isinstance(result.exception, DataError)
