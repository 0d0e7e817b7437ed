"""Sparse heads of every engine against the same heads of the whole graph, which computes every cell."""

import numpy as np
import onnxruntime
import pytest

from movenet.decode.families import DECODERS
from movenet.decode.sparse_head import SPARSE, HeadWeights, SparseHead, concatenate_heads
from movenet.doctor import known_squares
from movenet.engine import Runtime, open_engine
from movenet.models import MODELS

MOVENETS = ("lightning", "lightning-int8", "thunder", "multipose", "multipose-int8")


PAIRS = [
    (engine, model)
    for engine in ("openvino", "onnxruntime", "torch")
    for model in MOVENETS
    if engine != "torch" or not model.endswith("int8")
]


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def both(request):
    """Return the heads of one model as an engine gives them, and as ONNX Runtime computes the whole graph."""
    engine, model = request.param
    path = MODELS[model].path
    squares = known_squares(MODELS[model].side)
    whole = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = list(MODELS[model].heads)
    dense = dict(zip(names, whole.run(names, {"images": squares}), strict=True))
    return open_engine(path, Runtime(engine, "fp32", threads=1))(squares), dense


@pytest.fixture
def head():
    rng = np.random.default_rng(5)
    features = np.zeros((2, 6, 9, 3), np.float32)
    features[:, 1:-1, 1:-1] = rng.normal(size=(2, 4, 7, 3))
    shapes = ((9, 3), (3, 5), (5,), (5, 4), (4,))
    return SparseHead(features, HeadWeights(*(rng.normal(size=shape).astype(np.float32) for shape in shapes)))


def test_the_heads_of_every_engine_are_sparse_and_equal_the_dense_ones(both, request):
    sparse, dense = both
    assert sparse.keys() == dense.keys()
    for name, expected in dense.items():
        assert isinstance(sparse[name], SparseHead) == (name in SPARSE)
        assert sparse[name].shape == expected.shape
        # Int8 models are rounded elsewhere by each engine; in cells, and logits.
        limit = 0.3 if request.node.callspec.id.endswith("int8") else 0.0001
        assert np.median(np.abs(np.asarray(sparse[name]) - expected)) < limit


def test_sparse_heads_decode_as_dense_ones(both):
    sparse, _ = both
    computed = {name: np.asarray(head) for name, head in sparse.items()}
    decoder = DECODERS["movenet"]
    np.testing.assert_allclose(
        decoder.decode_one(sparse, None), decoder.decode_one(computed, None), atol=1e-6
    )
    votes, same = (decoder.cast_votes(heads, None, None) for heads in (sparse, computed))
    np.testing.assert_allclose(votes.points, same.points, atol=1e-5)
    if "box_scale" in sparse:
        for ours, theirs in zip(
            decoder.decode_many(sparse, 0.05), decoder.decode_many(computed, 0.05), strict=True
        ):
            np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=1e-5)
            np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=1e-5)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "torch"])
def test_posenets_heads_are_dense(engine):
    heads = open_engine("posenet", Runtime(engine, "fp32"))(known_squares(256)[:1])
    assert all(isinstance(head, np.ndarray) for head in heads.values())


def test_any_cell_can_be_indexed_also_at_the_edge(head):
    dense = np.asarray(head)
    assert dense.shape == head.shape == (2, 4, 4, 7)
    picture, channel, y, x = np.indices(head.shape).reshape(4, -1)
    np.testing.assert_allclose(head[picture, channel, y, x], dense.ravel(), rtol=1e-5)
    np.testing.assert_allclose(head[1, 2], dense[1, 2])


def test_sparse_heads_can_be_sliced_and_concatenated(head):
    both = concatenate_heads([head[:1], head[1:]])
    assert isinstance(both, SparseHead)
    np.testing.assert_array_equal(np.asarray(both), np.asarray(head))
    assert isinstance(concatenate_heads([np.zeros((1, 4, 4, 7), np.float32)] * 2), np.ndarray)
