"""What a run consists of, part by part: batch norm, frozen layers, teachers, blends, checkpoints."""

import copy
import re

import numpy as np
import pytest
import torch

from movenet.decode import decode_one
from movenet.errors import DataError, FileError, ModelError
from movenet.networks.movenet import Architecture, Network
from movenet.skeleton import BODY, name_skeleton
from movenet.training import batch_norm, checkpoint, layers
from movenet.training.finalize import blend
from movenet.training.inputs import start
from movenet.training.settings import Data, Model, Settings
from movenet.training.teacher import Teacher, _resize, open_network

TINY = Architecture(0.35, keypoints=3)


def squares(count=2, side=64):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 255, (count, side, side, 3), np.uint8))


def settings(tmp_path, skeleton=BODY, **model):
    return Settings(tmp_path, (DataSettings(tmp_path, tmp_path / "l.json"),), ModelSettings(**model), skeleton)


def test_a_network_with_its_batch_norm_folded_away_answers_the_same():
    torch.manual_seed(0)
    network = batch_norm.begin(Network(TINY)).train()
    for _ in range(3):
        network(squares())
    network.eval()
    with torch.no_grad():
        before = network(squares())
        after = batch_norm.fold(copy.deepcopy(network))(squares())
    for name, head in before.items():
        torch.testing.assert_close(after[name], head, rtol=1e-4, atol=1e-5)


def test_a_folded_network_is_the_plain_one_again():
    folded = batch_norm.fold(batch_norm.begin(Network(TINY)))
    assert folded.state_dict().keys() == Network(TINY).state_dict().keys()


def test_an_untrained_network_hardly_sees_anything():
    with torch.no_grad():
        heads = batch_norm.begin(Network(TINY))(squares())
    assert float(heads["heatmap"].sigmoid().mean()) == pytest.approx(batch_norm.RARE, abs=0.02)


@pytest.mark.parametrize(
    ("up_to", "learning"),
    [("none", {"backbone", "pyramid", "heads"}), ("backbone", {"pyramid", "heads"}), ("pyramid", {"heads"})],
)
def test_what_is_frozen_does_not_learn_and_the_rest_does(up_to, learning):
    network = Network(TINY)
    layers.freeze(network, up_to)
    assert {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad} == learning


def test_a_backbone_can_be_frozen_up_to_a_block():
    network = Network(TINY)
    layers.freeze(network, "block_5")
    learn = [any(p.requires_grad for p in block.parameters()) for block in network.backbone.blocks]
    assert learn == [False] * 6 + [True] * 11


def test_a_part_that_is_not_there_cannot_be_frozen():
    with pytest.raises(DataError, match="got 'block_99'"):
        layers.freeze(Network(TINY), "block_99")


def test_biases_do_not_decay_and_the_backbone_learns_at_its_own_rate():
    groups = {(g["share"], g["weight_decay"]): g["params"] for g in layers.groups(Network(TINY), 0.1, 0.01)}
    assert groups.keys() == {(0.1, 0.0), (0.1, 0.01), (1.0, 0.0), (1.0, 0.01)}
    assert {p.ndim for p in groups[1.0, 0.0]} == {1}


def test_a_model_of_another_skeleton_keeps_all_that_does_not_depend_on_it(tmp_path):
    official, _ = open_network("lightning")
    begun = start(settings(tmp_path, name_skeleton(["a", "b", "c"]))).network
    assert begun.architecture.keypoints == 3
    old, new = official.state_dict(), begun.state_dict()
    assert [name for name in new if old[name].shape != new[name].shape] == [
        f"heads.{head}.answer.{part}"
        for head in ("heatmap", "regress", "offset")
        for part in ("weight", "bias")
    ]
    assert all(torch.equal(new[name], old[name]) for name in new if old[name].shape == new[name].shape)


def test_a_network_from_scratch_is_the_same_for_the_same_seed(tmp_path):
    ones = [start(settings(tmp_path, start="scratch", width=0.35)).network.state_dict() for _ in range(2)]
    assert all(torch.equal(tensor, ones[1][name]) for name, tensor in ones[0].items())


def test_only_a_movenet_is_trained():
    with pytest.raises(ModelError, match="got posenet"):
        open_network("posenet")


def test_a_teachers_heads_on_another_grid_are_decoded_to_the_same_place():
    heads = {"center": -9 * torch.ones(1, 1, 64, 64), "heatmap": -9 * torch.ones(1, 1, 64, 64)}
    rows = torch.arange(64.0)
    y, x = torch.meshgrid(rows, rows, indexing="ij")
    heads["heatmap"][0, 0] = 5 - ((y - 20) ** 2 + (x - 41) ** 2) / 8
    heads["center"][0, 0] = 5 - ((y - 32) ** 2 + (x - 32) ** 2) / 8
    heads["offset"] = heads["regress"] = torch.stack([20.3 - y, 41.6 - x])[None]
    drawn = {name: _resize(head, name, 48).numpy() for name, head in heads.items()}
    np.testing.assert_allclose(decode_one(drawn)[0, 0, :2], [20.3 / 64, 41.6 / 64], atol=1e-5)


def test_a_blend_is_between_the_old_and_the_new():
    old, new = Network(TINY), Network(TINY)
    ends = [p.clone() for p in new.parameters()]
    mixed = blend(old, new, 0.25)
    for a, b, c in zip(old.parameters(), ends, mixed.parameters(), strict=True):
        torch.testing.assert_close(c, 0.75 * a + 0.25 * b)


def test_what_is_adopted_is_blended_and_the_rest_is_the_old():
    old, new = Network(TINY), Network(TINY)
    learned = {name: p.clone() for name, p in new.named_parameters()}
    adopted = {name for name in learned if re.match(r"backbone\.(stem|blocks\.(\d|10)\.)", name)}
    for name, p in blend(old, new, 0.25, "block_10").named_parameters():
        begun = old.state_dict()[name]
        torch.testing.assert_close(p, begun.lerp(learned[name], 0.25) if name in adopted else begun)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return (print, ("sprung",))

    torch.save({"step": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(DataError, match="expected a checkpoint"):
        checkpoint.load(tmp_path / "trap.pt")


def test_half_a_checkpoint_is_refused(tmp_path):
    path = tmp_path / "c.pt"
    checkpoint.save(path, checkpoint.Checkpoint(1, {"w": torch.zeros(9)}, {}, {}, {}))
    assert checkpoint.load(path).step == 1
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="expected a checkpoint"):
        checkpoint.load(path)


GOOD = {
    "step": 1,
    "network": {"w": torch.arange(99.0)},
    "average": {},
    "optimizer": {},
    "settings": {"training": {"steps": 3}},
}


@pytest.mark.parametrize("share", [i / 12 for i in range(12)])
def test_a_flipped_byte_of_a_checkpoint_is_found_wherever_it_is(tmp_path, share):
    path = tmp_path / "c.pt"
    checkpoint.save(path, checkpoint.Checkpoint(**GOOD))
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 0x10
    path.write_bytes(data)
    try:
        saved = checkpoint.load(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert torch.equal(saved.network["w"], GOOD["network"]["w"])


def test_a_flipped_byte_of_the_weights_is_refused(tmp_path):
    path = tmp_path / "c.pt"
    checkpoint.save(path, checkpoint.Checkpoint(**GOOD))
    data = path.read_bytes()
    weights = GOOD["network"]["w"].numpy().tobytes()
    path.write_bytes(data.replace(weights, b"\x01" + weights[1:]))
    with pytest.raises(DataError, match="damaged"):
        checkpoint.load(path)


@pytest.mark.parametrize(
    "odd",
    [
        {"settings": [1]},
        {"settings": {"training": torch.zeros(2)}},
        {"network": None},
        {"average": [1]},
        {"optimizer": "x"},
        {"step": -1},
        {"step": "1"},
        {"step": True},
        {"version": 2},
    ],
    ids=str,
)
def test_a_checkpoint_with_parts_of_other_kinds_is_refused_by_name(tmp_path, odd):
    torch.save(GOOD | odd, tmp_path / "c.pt")
    with pytest.raises(DataError, match=r"expected a checkpoint of a run in .*c\.pt"):
        checkpoint.load(tmp_path / "c.pt")


@pytest.mark.parametrize("part", [*GOOD])
def test_a_checkpoint_without_a_part_is_refused(tmp_path, part):
    torch.save({name: value for name, value in GOOD.items() if name != part}, tmp_path / "c.pt")
    with pytest.raises(DataError, match=part):
        checkpoint.load(tmp_path / "c.pt")


@pytest.mark.parametrize("parts", [[1], None, 3, "text"])
def test_a_checkpoint_of_another_shape_is_refused(tmp_path, parts):
    torch.save(parts, tmp_path / "c.pt")
    with pytest.raises(DataError, match="expected a checkpoint"):
        checkpoint.load(tmp_path / "c.pt")


def test_a_missing_checkpoint_is_an_error_of_the_file(tmp_path):
    with pytest.raises(FileError, match=r"cannot read .*gone\.pt: No such file"):
        checkpoint.load(tmp_path / "gone.pt")


def test_a_teacher_of_another_skeleton_is_refused():
    with pytest.raises(ModelError, match="expected a model of 3 keypoints, got lightning, which has 17"):
        Teacher("lightning", 3, torch.device("cpu"))
