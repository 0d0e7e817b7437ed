"""Fuzz the readers of records, settings, checkpoints and the models that training and export start from.

    python tools/fuzz_files.py 4000 --seed 1

A seed gives the same file in every run. A right outcome is an error of the package, or records that can be written and
read again, settings that are checked, a checkpoint whose tensors are the saved ones, a network of the named shapes.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from fuzzing import VALUES, mutate_bytes, mutate_json, run_campaign
from movenet.models import MODELS
from movenet.pose import Pose
from movenet.records import Record, from_json, open_records, read_records, to_json

KINDS: Final = (".jsonl", ".csv", ".wide.csv", ".parquet", ".json")
SETTINGS: Final[dict[str, Any]] = {
    "out": "run",
    "model": {"initial_weights": "random", "width": 0.35, "side": 64, "name": "dots"},
    "skeleton": {
        "names": ["left", "right", "top"],
        "pairs": [["left", "right"]],
        "sigmas": [0.1, 0.1, 0.2],
        "bones": [["left", "top"]],
    },
    "data": [
        {"images": "a", "annotations": "a.json", "repeat": 2},
        {"images": "b", "yolo_labels": "b", "all_people_labelled": False, "relabel": {"model": "thunder"}},
    ],
    "validation": [{"annotations": "v.json", "images": "v", "max_people": 5}],
    "augmentation": {"crop_factor": 1.2, "rotation_deg": 10},
    "loss_weights": {"center": 0.5},
    "distillation": {"teacher": "lightning"},
    "training": {"steps": 10, "learning_rate": 1e-3, "precision": "bf16", "device": "cpu"},
    "intervals": {"log": 5},
}


def record_case(seed: int) -> str:
    """Read a damaged file of records; what is read can be written and read again."""
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    with _file(f"a{kind}", _damaged_records(kind, chance)) as path:
        for record in read_records(path):
            again = from_json(to_json(record))
            assert (again.source, again.frame, len(again.poses)) == (
                record.source,
                record.frame,
                len(record.poses),
            )
            assert not any(np.isinf(pose.keypoints).any() for pose in record.poses)
    return "read"


def settings_case(seed: int) -> str:
    """Read settings with parts replaced, bytes changed, or an odd override."""
    from movenet.training.settings import read_settings

    chance, overrides = random.Random(seed), []
    data = _toml(SETTINGS).encode()
    match seed % 3:
        case 0:
            data = mutate_bytes(data, chance)
        case 1:
            name = chance.choice(list(SETTINGS))
            data = _toml(SETTINGS | {name: mutate_json(SETTINGS[name], chance)}).encode(errors="replace")
        case _:
            overrides = [f"{_some_name(chance)}={_value(chance.choice(VALUES))}"]
    with _file("run.toml", data) as path:
        json.dumps(read_settings(path, overrides).plain(), allow_nan=False)
    return "read"


def checkpoint_case(seed: int) -> str:
    """Read a damaged checkpoint; what is read is either as it was saved or of another content on purpose."""
    from movenet.training import checkpoint

    chance = random.Random(seed)
    if seed % 2:
        with _file("checkpoint.pt", mutate_bytes(_checkpoint(), chance)) as path:
            got = checkpoint.load(path)
        assert got.step == 7
        np.testing.assert_array_equal(got.network["w"].numpy(), np.arange(500, dtype=np.float32))
    else:
        with _file("checkpoint.pt", _saved(mutate_json(_parts(), chance))) as path:
            got = checkpoint.load(path)
        assert isinstance(got.step, int)
        _compare(got.settings, path)
    return "read"


def _compare(settings: Any, path: Path) -> None:
    from movenet.errors import DataError
    from movenet.training.checkpoint import check_settings

    try:
        check_settings(settings, _parts()["settings"], path)
    except DataError as error:
        assert "other settings" in str(error)  # noqa: PT017


def model_case(seed: int) -> str:
    """Read a damaged ONNX file as training and export do."""
    from movenet.models import read_card
    from movenet.networks.onnx_file import read_network, read_properties

    chance = random.Random(seed)
    data = mutate_bytes(_model(), chance) if seed % 2 else _mutate_model(chance)
    with _file("a.onnx", data) as path:
        read_network(path)
        read_card(path, read_properties(path))
    return "read"


CASES: Final[dict[str, tuple[Callable[[int], str], float]]] = {
    "records": (record_case, 0.5),
    "settings": (settings_case, 0.25),
    "checkpoints": (checkpoint_case, 0.2),
    "models": (model_case, 0.05),
}
"""By what is read: the case, and its share of a campaign."""


@contextmanager
def _file(name: str, data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


@cache
def _records(kind: str) -> bytes:
    """Return a file of four frames: two people, one without box and id, nobody, one with a lost keypoint."""
    rng = np.random.default_rng(1)

    def pose(**others: Any) -> Pose:
        keypoints = rng.uniform(0, 640, (17, 2)).astype(np.float32)
        return Pose(keypoints, rng.uniform(0, 1, 17).astype(np.float32), 0.5, **others)

    lost = pose(id=4)
    lost.keypoints[3] = lost.scores[3] = np.nan
    people = [(pose(id=3, box=(1.0, 2.0, 30.0, 40.0)), pose()), (), (pose(id=3),), (lost,)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{kind}"
        with open_records(path) as out:
            for n, poses in enumerate(people):
                out.write(Record("=dance.mp4", n, n / 30, 640, 480, poses))
        return path.read_bytes()


def _damaged_records(kind: str, chance: random.Random) -> bytes:
    data = _records(kind)
    if kind == ".parquet" or chance.random() < 0.4:
        return mutate_bytes(data, chance)
    if kind == ".json":
        return _json(mutate_json(json.loads(data), chance))
    if kind == ".jsonl":
        lines = data.splitlines()
        n = chance.randrange(len(lines))
        lines[n] = _json(mutate_json(json.loads(lines[n]), chance))
        return b"\n".join(lines)
    return _mutate_cells(data.decode(), chance)


def _mutate_cells(text: str, chance: random.Random) -> bytes:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for _ in range(chance.randint(1, 3)):
        row = chance.choice(rows[: chance.choice((1, len(rows)))])
        match chance.randrange(4):
            case 0:
                del row[chance.randrange(len(row) + 1) :]
            case 1 if row is rows[0]:
                row[:] = [name for name in row if not name.endswith("_x")]
            case _:
                row[chance.randrange(len(row)) if row else slice(None)] = str(chance.choice(VALUES))
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(errors="surrogatepass")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")


def _toml(tables: dict[str, Any]) -> str:
    return "\n".join(f"{name} = {_value(value)}" for name, value in tables.items())


def _value(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(name)} = {_value(v)}" for name, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case float():
            return repr(value)
        case None:
            return "''"
    return json.dumps(value, ensure_ascii=False)


def _some_name(chance: random.Random) -> str:
    names = (*SETTINGS, *(name for table in SETTINGS.values() if isinstance(table, dict) for name in table))
    return ".".join(chance.choice((*names, "0", "1", "-1", "x", "")) for _ in range(chance.randint(1, 4)))


def _parts() -> dict[str, Any]:
    weights = {"w": [0.5, 1.5]}
    group = {"lr": 1e-3, "rate_factor": 1.0, "params": [0]}
    return {
        "step": 7,
        "network": weights,
        "ema": weights,
        "optimizer": {"state": {}, "param_groups": [group]},
        "settings": {"training": {"steps": 10, "learning_rate": 1e-3}, "data": [{"images": "a"}]},
    }


def _saved(parts: Any) -> bytes:
    import torch

    out = io.BytesIO()
    torch.save(parts, out)
    return out.getvalue()


@cache
def _checkpoint() -> bytes:
    import torch

    weights = {"w": torch.arange(500, dtype=torch.float32)}
    return _saved(_parts() | {"network": weights, "ema": weights})


@cache
def _model() -> bytes:
    return MODELS["lightning"].path.read_bytes()


def _mutate_model(chance: random.Random) -> bytes:
    """Return an ONNX file whose properties, tensors or nodes are changed."""
    import onnx

    model = onnx.load_from_string(_model())
    for _ in range(chance.randint(1, 3)):
        prop, tensor = chance.choice(model.metadata_props), chance.choice(model.graph.initializer)
        match chance.randrange(8):
            case 0:
                model.metadata_props.remove(prop)
            case 1:
                prop.value = str(chance.choice(VALUES)).encode(errors="replace").decode()
            case 2:
                prop.value = mutate_bytes(prop.value.encode(), chance).decode(errors="replace")
            case 3:
                model.graph.initializer.remove(tensor)
            case 4:
                tensor.dims[:] = [chance.choice((-1, 0, 1, 7, 2**40)) for _ in range(chance.randrange(5))]
            case 5:
                tensor.data_type = chance.randrange(30)
            case 6:
                tensor.data_location = onnx.TensorProto.EXTERNAL
            case _:
                model.graph.node.remove(chance.choice(model.graph.node))
    return model.SerializeToString()


def main() -> None:
    """Run a campaign and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", type=int, help="number of cases in all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first case")
    parser.add_argument("--only", choices=CASES, help="only cases of this kind")
    asked = parser.parse_args()
    for name, (case, share) in CASES.items():
        if asked.only in (None, name):
            count = asked.cases if asked.only else round(asked.cases * share)
            report = run_campaign(case, range(asked.seed, asked.seed + count))
            print(f"{name}: {count} cases\n{report}\n", flush=True)


if __name__ == "__main__":
    main()
