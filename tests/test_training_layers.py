"""The parts of a run: batch norm, frozen layers, teachers, WiSE-FT, checkpoints."""

import copy
import re

import numpy as np
import pytest
import torch

from movenet.decode import decode_one
from movenet.errors import DataError, FileError, ModelError
from movenet.networks.movenet import Architecture, Network
from movenet.skeleton import BODY, make_skeleton
from movenet.training import batch_norm, checkpoint, layers
from movenet.training.finalize import interpolate
from movenet.training.inputs import initial_network
from movenet.training.settings import DataSettings, ModelSettings, Settings
from movenet.training.teacher import Teacher, _resize, open_network

TINY = Architecture(0.35, keypoints=3)


def squares(count=2, side=64):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 255, (count, side, side, 3), np.uint8))


def settings(tmp_path, skeleton=BODY, **model):
    return Settings(
        tmp_path, (DataSettings(tmp_path, tmp_path / "l.json"),), ModelSettings(**model), skeleton
    )


def test_folding_batch_norm_does_not_change_the_output():
    torch.manual_seed(0)
    network = batch_norm.initialize(Network(TINY)).train()
    for _ in range(3):
        network(squares())
    network.eval()
    with torch.no_grad():
        before = network(squares())
        after = batch_norm.fold(copy.deepcopy(network))(squares())
    for name, head in before.items():
        torch.testing.assert_close(after[name], head, rtol=1e-4, atol=1e-5)


def test_a_folded_network_has_the_weights_of_a_plain_one():
    folded = batch_norm.fold(batch_norm.initialize(Network(TINY)))
    assert folded.state_dict().keys() == Network(TINY).state_dict().keys()


def test_an_untrained_network_gives_the_prior_score_in_every_cell():
    with torch.no_grad():
        heads = batch_norm.initialize(Network(TINY))(squares())
    assert float(heads["heatmap"].sigmoid().mean()) == pytest.approx(batch_norm.PEAK_PRIOR, abs=0.02)


@pytest.mark.parametrize(
    ("until", "trained"),
    [("none", {"backbone", "pyramid", "heads"}), ("backbone", {"pyramid", "heads"}), ("pyramid", {"heads"})],
)
def test_frozen_parts_are_not_trained_and_the_others_are(until, trained):
    network = Network(TINY)
    layers.freeze(network, until)
    assert {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad} == trained


def test_a_backbone_can_be_frozen_up_to_a_block():
    network = Network(TINY)
    layers.freeze(network, "block_5")
    trained = [any(p.requires_grad for p in block.parameters()) for block in network.backbone.blocks]
    assert trained == [False] * 6 + [True] * 11


def test_an_unknown_part_cannot_be_frozen():
    with pytest.raises(DataError, match="got 'block_99'"):
        layers.freeze(Network(TINY), "block_99")


def test_biases_do_not_decay_and_the_backbone_has_its_own_learning_rate():
    found = layers.parameter_groups(Network(TINY), 0.1, 0.01)
    groups = {(g["rate_factor"], g["weight_decay"]): g["params"] for g in found}
    assert groups.keys() == {(0.1, 0.0), (0.1, 0.01), (1.0, 0.0), (1.0, 0.01)}
    assert {p.ndim for p in groups[1.0, 0.0]} == {1}


def test_a_model_of_another_skeleton_keeps_all_weights_that_do_not_depend_on_it(tmp_path):
    official, _ = open_network("lightning")
    initial = initial_network(settings(tmp_path, make_skeleton(["a", "b", "c"]))).network
    assert initial.architecture.keypoints == 3
    old, new = official.state_dict(), initial.state_dict()
    assert [name for name in new if old[name].shape != new[name].shape] == [
        f"heads.{head}.answer.{part}"
        for head in ("heatmap", "regress", "offset")
        for part in ("weight", "bias")
    ]
    assert all(torch.equal(new[name], old[name]) for name in new if old[name].shape == new[name].shape)


def test_a_network_from_scratch_is_the_same_for_the_same_seed(tmp_path):
    scratch = settings(tmp_path, initial_weights="random", width=0.35)
    first, second = (initial_network(scratch).network.state_dict() for _ in range(2))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_a_posenet_cannot_be_trained():
    with pytest.raises(ModelError, match="got posenet"):
        open_network("posenet")


def test_heads_resampled_to_another_grid_are_decoded_to_the_same_point():
    heads = {"center": -9 * torch.ones(1, 1, 64, 64), "heatmap": -9 * torch.ones(1, 1, 64, 64)}
    rows = torch.arange(64.0)
    y, x = torch.meshgrid(rows, rows, indexing="ij")
    heads["heatmap"][0, 0] = 5 - ((y - 20) ** 2 + (x - 41) ** 2) / 8
    heads["center"][0, 0] = 5 - ((y - 32) ** 2 + (x - 32) ** 2) / 8
    heads["offset"] = heads["regress"] = torch.stack([20.3 - y, 41.6 - x])[None]
    resampled = {name: _resize(head, name, 48).numpy() for name, head in heads.items()}
    np.testing.assert_allclose(decode_one(resampled)[0, 0, :2], [20.3 / 64, 41.6 / 64], atol=1e-5)


def test_wise_ft_interpolates_between_initial_and_fine_tuned_weights():
    old, new = Network(TINY), Network(TINY)
    ends = [p.clone() for p in new.parameters()]
    mixed = interpolate(old, new, 0.25)
    for a, b, c in zip(old.parameters(), ends, mixed.parameters(), strict=True):
        torch.testing.assert_close(c, 0.75 * a + 0.25 * b)


def test_parts_after_wise_ft_until_get_their_initial_weights():
    old, new = Network(TINY), Network(TINY)
    trained = {name: p.clone() for name, p in new.named_parameters()}
    mixed_names = {name for name in trained if re.match(r"backbone\.(stem|blocks\.(\d|10)\.)", name)}
    for name, p in interpolate(old, new, 0.25, "block_10").named_parameters():
        initial = old.state_dict()[name]
        torch.testing.assert_close(p, initial.lerp(trained[name], 0.25) if name in mixed_names else initial)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Malicious:
        def __reduce__(self):
            return (print, ("executed",))

    torch.save({"step": Malicious()}, tmp_path / "malicious.pt")
    with pytest.raises(DataError, match="expected a checkpoint"):
        checkpoint.load(tmp_path / "malicious.pt")


def test_a_truncated_checkpoint_is_refused(tmp_path):
    path = tmp_path / "c.pt"
    checkpoint.save(path, checkpoint.Checkpoint(1, {"w": torch.zeros(9)}, {}, {}, {}))
    assert checkpoint.load(path).step == 1
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="expected a checkpoint"):
        checkpoint.load(path)


GOOD = {
    "step": 1,
    "network": {"w": torch.arange(99.0)},
    "ema": {},
    "optimizer": {},
    "settings": {"training": {"steps": 3}},
}


@pytest.mark.parametrize("position", [i / 12 for i in range(12)])
def test_a_flipped_bit_anywhere_in_a_checkpoint_is_refused_or_harmless(tmp_path, position):
    path = tmp_path / "c.pt"
    checkpoint.save(path, checkpoint.Checkpoint(**GOOD))
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= 0x10
    path.write_bytes(data)
    try:
        saved = checkpoint.load(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert torch.equal(saved.network["w"], GOOD["network"]["w"])


def test_a_changed_byte_of_the_weights_is_refused(tmp_path):
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
        {"ema": [1]},
        {"optimizer": "x"},
        {"step": -1},
        {"step": "1"},
        {"step": True},
        {"version": 2},
    ],
    ids=str,
)
def test_a_checkpoint_with_a_part_of_the_wrong_type_is_refused_by_name(tmp_path, odd):
    torch.save(GOOD | odd, tmp_path / "c.pt")
    with pytest.raises(DataError, match=r"expected a checkpoint of a run in .*c\.pt"):
        checkpoint.load(tmp_path / "c.pt")


@pytest.mark.parametrize("part", [*GOOD])
def test_a_checkpoint_without_a_part_is_refused(tmp_path, part):
    torch.save({name: value for name, value in GOOD.items() if name != part}, tmp_path / "c.pt")
    with pytest.raises(DataError, match=part):
        checkpoint.load(tmp_path / "c.pt")


@pytest.mark.parametrize("parts", [[1], None, 3, "text"])
def test_a_checkpoint_that_is_not_a_table_is_refused(tmp_path, parts):
    torch.save(parts, tmp_path / "c.pt")
    with pytest.raises(DataError, match="expected a checkpoint"):
        checkpoint.load(tmp_path / "c.pt")


def test_a_missing_checkpoint_is_a_file_error(tmp_path):
    with pytest.raises(FileError, match=r"cannot read .*gone\.pt: No such file"):
        checkpoint.load(tmp_path / "gone.pt")


def test_a_teacher_of_another_skeleton_is_refused():
    with pytest.raises(ModelError, match="expected a model of 3 keypoints, got lightning, which has 17"):
        Teacher("lightning", 3, torch.device("cpu"))
