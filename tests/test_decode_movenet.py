"""Raw heads → keypoints: slow obvious oracles beside the fast code, Google's numbers, and single facts."""

import math
from pathlib import Path

import numpy as np
import pytest

from movenet.decode import (
    Guide,
    MultiPoseSettings,
    apply_guides,
    decode_many,
    decode_one,
    find_peaks,
    sigmoid,
)
from movenet.errors import EngineError

GRIDS = [(12, 12), (9, 14), (16, 5), (1, 7)]
"""Square and not: rows × columns."""


def random_heads(seed, grid, pictures=1, keypoints=17):
    random = np.random.default_rng(seed)
    channels = {"center": 1, "heatmap": keypoints, "regress": 2 * keypoints, "offset": 2 * keypoints}
    channels |= {"box_scale": 2, "box_offset": 2}
    mean = {"center": -1, "heatmap": -1, "box_scale": 6}
    spread = {"center": 2, "heatmap": 2, "regress": 3, "box_scale": 4}
    return {
        name: random.normal(mean.get(name, 0), spread.get(name, 1), (pictures, n, *grid)).astype(np.float32)
        for name, n in channels.items()
    }


def empty_heads(grid=(24, 24), pictures=1, keypoints=17):
    """Heads without a person."""
    heads = random_heads(0, grid, pictures, keypoints)
    levels = {"center": -9, "heatmap": -9}
    return {name: np.full_like(head, levels.get(name, 0)) for name, head in heads.items()}


def show_person(heads, cell, reach=3, logit=3.0):
    """Draw into the heads of picture 0 a person around a cell; return their places (K, 2), y, x in cells.

    The keypoints stand on a circle, and each carries an offset of (¼, ½) cells.
    """
    y, x = cell
    keypoints = heads["heatmap"].shape[1]
    heads["center"][0, 0, y, x] = logit
    heads["box_scale"][0, :, y, x] = 2 * reach + 3
    places = []
    for k in range(keypoints):
        angle = 2 * math.pi * k / keypoints
        ky, kx = y + round(reach * math.sin(angle)), x + round(reach * math.cos(angle))
        heads["regress"][0, 2 * k : 2 * k + 2, y, x] = ky - y, kx - x
        heads["heatmap"][0, k, ky, kx] = logit
        heads["offset"][0, 2 * k : 2 * k + 2, ky, kx] = 0.25, 0.5
        places.append((ky + 0.25, kx + 0.5))
    return np.array(places)


def guide_to(places, cell, grid=(24, 24), weight=0.3):
    return Guide(np.float32(cell) / np.float32(grid), (places / grid).astype(np.float32), weight)


# The oracles: one cell at a time, as MOVENET.md §3, §4 and §8 say it


def score_of(logit):
    return 1 / (1 + math.exp(-logit))


def cells_of(grid):
    return [(y, x) for y in range(grid[0]) for x in range(grid[1])]


def pair_at(head, k, cell):
    y, x = cell
    return [float(head[2 * k, y, x]), float(head[2 * k + 1, y, x])]


def oracle_one(heads, guide=None):
    """Decode one person of one picture: heads (channels, h, w) → (K, 3)."""
    grid = heads["center"].shape[1:]
    expected = [side * (0.5 if guide is None else float(guide.center[a])) for a, side in enumerate(grid)]
    center = max(
        cells_of(grid),
        key=lambda cell: score_of(heads["center"][0][cell]) / (math.dist(cell, expected) + 1.8),
    )
    answer = []
    for k, heatmap in enumerate(heads["heatmap"]):
        coarse = [c + r for c, r in zip(center, pair_at(heads["regress"], k, center), strict=True)]
        if guide is not None:
            known = [float(guide.keypoints[k, a]) * side for a, side in enumerate(grid)]
            coarse = [(1 - guide.weight) * s + guide.weight * g for s, g in zip(coarse, known, strict=True)]

        def weight(cell, heatmap=heatmap, coarse=coarse):
            return score_of(heatmap[cell]) / (math.dist(cell, coarse) + 1.8)

        cell = max(cells_of(grid), key=weight)
        step = pair_at(heads["offset"], k, cell)
        answer.append([(cell[a] + step[a]) / grid[a] for a in (0, 1)] + [score_of(heatmap[cell])])
    return np.array(answer)


def oracle_peaks(center, least):
    """Return the (score, cell) above the least that no other within 5 × 5 cells surpasses, highest first."""
    grid = center.shape
    peaks = []
    for y, x in cells_of(grid):
        around = [c for c in cells_of(grid) if max(abs(c[0] - y), abs(c[1] - x)) <= 2]
        if center[y, x] == max(center[c] for c in around) and score_of(center[y, x]) > least:
            peaks.append((score_of(center[y, x]), (y, x)))
    return sorted(peaks, reverse=True)


def oracle_many(heads, least):
    """Decode one picture's people: heads (channels, h, w) → rows of K × (y, x, score), box, score, center."""
    grid = heads["center"].shape[1:]
    count = len(heads["heatmap"])
    peaks = oracle_peaks(heads["center"][0], least)
    boxes, coarse = [], []
    for _, cell in peaks:
        middle = [c + o for c, o in zip(cell, pair_at(heads["box_offset"], 0, cell), strict=True)]
        half = [max(s, 0) / 2 for s in pair_at(heads["box_scale"], 0, cell)]
        low = [min(max(m - s, 0), side) for m, s, side in zip(middle, half, grid, strict=True)]
        high = [min(max(m + s, 0), side) for m, s, side in zip(middle, half, grid, strict=True)]
        boxes.append((low, high))
        regress = [pair_at(heads["regress"], k, cell) for k in range(count)]
        coarse.append([(cell[0] + dy, cell[1] + dx) for dy, dx in regress])

    def weight(person, k, cell):
        low, high = boxes[person]
        if not all(low[a] <= cell[a] < high[a] for a in (0, 1)):
            return 0.0
        near = math.exp(-(math.dist(cell, coarse[person][k]) ** 2) / (0.3 * min(grid)))
        return score_of(heads["heatmap"][k][cell]) * near

    rows = []
    for person, (center_score, center) in enumerate(peaks):
        keypoints = []
        for k in range(count):
            cell = max(cells_of(grid), key=lambda cell, k=k, person=person: weight(person, k, cell))
            step = pair_at(heads["offset"], k, cell)
            score = max(weight(anyone, k, cell) for anyone in range(len(peaks)))
            keypoints.append([(cell[a] + step[a]) / grid[a] for a in (0, 1)] + [score])
        good = [score for _, _, score in keypoints if score > 0.127]
        box = [boxes[person][corner][a] / grid[a] for corner in (0, 1) for a in (0, 1)]
        total = center_score * sum(good) / max(len(good), 1)
        rows.append(
            [*np.ravel(keypoints), *box, total, center[0] / grid[0], center[1] / grid[1], center_score]
        )
    return np.array(rows).reshape(len(peaks), 3 * count + 8)


def as_rows(people):
    """The same layout as `oracle_many`'s."""
    keypoints = people.keypoints.reshape(len(people), -1)
    columns = (keypoints, people.boxes, people.scores[:, None], people.centers, people.center_scores[:, None])
    return np.concatenate(columns, axis=1)


def picture(heads, i):
    return {name: head[i] for name, head in heads.items()}


# One person


@pytest.mark.parametrize(("model", "tolerance"), [("thunder", 5e-5), ("lightning", 5e-4)])
def test_google_s_raw_heads_decode_to_google_s_answer(shared: Path, model, tolerance):
    with np.load(shared / "golden" / f"movenet-{model}.npz") as golden:
        file = golden.files[0].split("/")[0]
        names = ("center", "heatmap", "regress", "offset")
        heads = {name: golden[f"{file}/{name}"].transpose(0, 3, 1, 2) for name in names}
        expected = golden[f"{file}/output"][:, 0]
    np.testing.assert_allclose(decode_one(heads), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("seed", range(3))
def test_one_person_is_decoded_as_by_the_slow_version(seed, grid):
    heads = random_heads(seed, grid, pictures=2)
    expected = [oracle_one(picture(heads, i)) for i in range(2)]
    np.testing.assert_allclose(decode_one(heads), expected, atol=1e-5)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("weight", [0, 0.3, 1])
def test_a_guided_batch_is_decoded_as_by_the_slow_version(weight, grid):
    heads = random_heads(7, grid, pictures=3)
    random = np.random.default_rng(8)
    guides = [
        Guide(random.random(2, np.float32), random.random((17, 2), np.float32), weight) for _ in range(3)
    ]
    guides[1] = None
    expected = [oracle_one(picture(heads, i), guide) for i, guide in enumerate(guides)]
    np.testing.assert_allclose(decode_one(heads, guides), expected, atol=1e-5)


def test_a_batch_is_decoded_as_its_pictures_one_by_one():
    heads = random_heads(1, (10, 13), pictures=4)
    alone = [decode_one({name: head[i : i + 1] for name, head in heads.items()})[0] for i in range(4)]
    np.testing.assert_array_equal(decode_one(heads), alone)


def test_the_heads_say_how_many_keypoints_there_are():
    assert decode_one(random_heads(2, (6, 6), keypoints=5)).shape == (1, 5, 3)


def test_one_person_is_answered_in_float32():
    assert decode_one(random_heads(2, (6, 6))).dtype == np.float32


def test_a_batch_of_no_pictures_has_no_answers():
    assert decode_one(random_heads(2, (6, 6), pictures=0)).shape == (0, 17, 3)


def test_the_keypoints_are_found_with_their_offsets():
    heads = empty_heads()
    places = show_person(heads, (12, 12))
    np.testing.assert_allclose(decode_one(heads)[0, :, :2], places / 24, atol=1e-6)


def one_keypoint(grid, votes):
    """Return the heads of one keypoint; `votes` are cells, their scores and the positions that they give."""
    heads = {
        "center": np.zeros((1, 1, grid, grid), np.float32),
        "regress": np.zeros((1, 2, grid, grid), np.float32),
        "heatmap": np.full((1, 1, grid, grid), -np.inf, np.float32),
        "offset": np.zeros((1, 2, grid, grid), np.float32),
    }
    for cell, score, place in votes:
        heads["heatmap"][0, 0][cell] = np.log(score / (1 - score))
        heads["offset"][(0, slice(None), *cell)] = np.subtract(place, cell)
    return heads


def test_of_two_people_the_one_nearer_the_middle_is_found():
    heads = empty_heads()
    show_person(heads, (5, 5))
    nearer = show_person(heads, (13, 14))
    np.testing.assert_allclose(decode_one(heads)[0, :, :2], nearer / 24, atol=1e-6)


@pytest.mark.parametrize("asked", [0, 1])
def test_of_two_people_the_one_that_the_guide_describes_is_found(asked):
    heads = empty_heads()
    cells = [(5, 5), (13, 14)]
    places = [show_person(heads, cell) for cell in cells]
    found = decode_one(heads, [guide_to(places[asked], cells[asked])])
    np.testing.assert_allclose(found[0, :, :2], places[asked] / 24, atol=1e-6)


def test_a_guide_that_knows_nothing_changes_nothing():
    heads = random_heads(3, (8, 8))
    nothing = Guide(np.full(2, np.nan, np.float32), np.full((17, 2), np.nan, np.float32))
    np.testing.assert_array_equal(decode_one(heads, [nothing]), decode_one(heads))


def test_a_guide_moves_only_the_keypoints_that_it_knows():
    regressed = np.zeros((1, 2, 2), np.float32)
    guide = Guide(np.float32([0.5, 0.5]), np.float32([[0.5, 1], [np.nan, np.nan]]), weight=0.25)
    expected = [[[0.25 * 0.5 * 8, 0.25 * 1 * 12], [0, 0]]]
    np.testing.assert_array_equal(apply_guides(regressed, [guide], np.float32([8, 12])), expected)
    assert not regressed.any()


def test_transposed_views_of_heads_decode_to_the_same_keypoints():
    heads = random_heads(4, (9, 7))
    views = {
        name: np.ascontiguousarray(head.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        for name, head in heads.items()
    }
    np.testing.assert_array_equal(decode_one(views), decode_one(heads))


def test_heads_are_only_read():
    heads = random_heads(4, (9, 7))
    for head in heads.values():
        head.flags.writeable = False
    decode_one(heads, [Guide(np.float32([0.2, 0.3]), np.zeros((17, 2), np.float32))])
    decode_many(heads)


# Many people


@pytest.mark.parametrize("grid", [(12, 12), (9, 14), (16, 5)])
@pytest.mark.parametrize("seed", range(3))
def test_many_people_are_decoded_as_by_the_slow_version(seed, grid):
    heads = random_heads(seed, grid, pictures=2)
    for i, people in enumerate(decode_many(heads, MultiPoseSettings(min_center_score=0.3))):
        np.testing.assert_allclose(as_rows(people), oracle_many(picture(heads, i), 0.3), atol=1e-5)


def test_a_batch_of_groups_is_decoded_as_its_pictures_one_by_one():
    heads = random_heads(1, (10, 13), pictures=3)
    for i, people in enumerate(decode_many(heads)):
        alone = decode_many({name: head[i : i + 1] for name, head in heads.items()})[0]
        np.testing.assert_array_equal(as_rows(people), as_rows(alone))


def crowd():
    heads = empty_heads((32, 48))
    cells = [(y, x) for y in (6, 16, 26) for x in (6, 18, 30, 42)]
    places = [show_person(heads, cell, logit=3 - 0.1 * i) for i, cell in enumerate(cells)]
    return heads, cells, np.array(places)


def test_more_than_six_people_are_decoded_highest_score_first():
    heads, _, places = crowd()
    people = decode_many(heads)[0]
    np.testing.assert_allclose(people.keypoints[..., :2], places / (32, 48), atol=1e-6)


def test_max_people_keeps_those_of_the_highest_scores():
    heads, _, _ = crowd()
    everybody, few = decode_many(heads)[0], decode_many(heads, MultiPoseSettings(max_people=4))[0]
    np.testing.assert_allclose(as_rows(few), as_rows(everybody)[:4], atol=1e-6)


def test_a_center_below_the_threshold_is_no_person():
    heads, _, _ = crowd()
    threshold = float(sigmoid(np.float32([3 - 0.55]))[0])
    assert len(decode_many(heads, MultiPoseSettings(min_center_score=threshold))[0]) == 6


def test_a_person_s_center_is_the_peak_and_guides_the_decode_to_them():
    heads, cells, places = crowd()
    people = decode_many(heads)[0]
    np.testing.assert_allclose(people.centers, np.array(cells) / (32, 48), atol=1e-7)
    guide = Guide(people.centers[7], people.keypoints[7, :, :2])
    np.testing.assert_allclose(decode_one(heads, [guide])[0, :, :2], places[7] / (32, 48), atol=1e-6)


def test_a_person_s_keypoints_are_searched_in_their_box_only():
    heads = empty_heads()
    show_person(heads, (12, 12))
    heads["box_scale"][:] = 3
    found = decode_many(heads)[0].keypoints[0, :, :2] * 24
    assert np.abs(np.floor(found) - 12).max() <= 1


def test_a_box_is_clipped_to_the_picture():
    heads = empty_heads()
    show_person(heads, (12, 12))
    heads["box_scale"][:] = 100
    np.testing.assert_array_equal(decode_many(heads)[0].boxes, [[0, 0, 1, 1]])


def test_a_box_of_no_size_leaves_a_person_without_score():
    heads = empty_heads()
    show_person(heads, (12, 12))
    heads["box_scale"][:], heads["box_offset"][:] = -1, 0.5
    assert decode_many(heads)[0].scores == [0]


def test_two_peaks_on_one_body_lift_each_other_s_keypoint_scores_as_in_the_official_graph():
    heads = empty_heads()
    show_person(heads, (12, 12))
    heads["regress"][0, :, 12, 12] += 3
    alone = decode_many(heads)[0].keypoints[0, :, 2]
    heads["center"][0, 0, 12, 16] = 0
    heads["box_scale"][0, :, 12, 16] = 24
    heads["regress"][0, :, 12, 16] = heads["regress"][0, :, 12, 12] - 3 + np.tile([0, -4], 17)
    assert (decode_many(heads)[0].keypoints[0, :, 2] > alone).all()


def test_a_plateau_is_one_peak_at_its_first_cell():
    center = np.full((9, 12), -5, np.float32)
    center[3:5, 4:11] = 2
    np.testing.assert_array_equal(find_peaks(center, MultiPoseSettings())[0], [[3, 4]])


def test_a_constant_center_map_is_one_peak():
    cells, scores = find_peaks(np.zeros((9, 12), np.float32), MultiPoseSettings())
    assert (cells.tolist(), scores.tolist()) == ([[0, 0]], [0.5])


def test_without_people_the_arrays_have_length_zero():
    people = decode_many(empty_heads(keypoints=5))[0]
    shapes = [people.keypoints.shape, people.boxes.shape, people.scores.shape]
    shapes += [people.centers.shape, people.center_scores.shape]
    assert shapes == [(0, 5, 3), (0, 4), (0,), (0, 2), (0,)]


@pytest.mark.parametrize("least", [0.1, 0.9999999])
def test_every_array_of_decoded_people_is_float32(least):
    people = decode_many(random_heads(2, (8, 8)), MultiPoseSettings(min_center_score=least))[0]
    known = (people.keypoints, people.boxes, people.scores, people.centers, people.center_scores)
    assert {array.dtype for array in known} == {np.dtype(np.float32)}


# Invalid heads


def test_logits_that_are_not_numbers_score_zero():
    np.testing.assert_array_equal(sigmoid(np.float32([np.nan, -np.inf, np.inf])), [0, 0, 1])


def test_very_large_logits_score_without_a_warning():
    np.testing.assert_array_equal(sigmoid(np.float32([-1e30, 1e30])), [0, 1])


@pytest.mark.parametrize("name", ["center", "heatmap"])
def test_a_logit_that_is_not_a_number_is_passed_over(name):
    heads = empty_heads()
    places = show_person(heads, (12, 12))
    heads[name][..., 10, :3] = np.nan
    np.testing.assert_allclose(decode_one(heads)[0, :, :2], places / 24, atol=1e-6)
    np.testing.assert_allclose(decode_many(heads)[0].keypoints[0, :, :2], places / 24, atol=1e-6)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["regress", "offset", "box_scale", "box_offset"])
def test_a_distance_that_is_not_finite_counts_as_none(name, broken):
    heads = random_heads(5, (9, 9))
    heads[name][:] = 0
    expected_one, expected_many = decode_one(heads), decode_many(heads)[0]
    heads[name][:] = broken
    np.testing.assert_array_equal(decode_one(heads), expected_one)
    np.testing.assert_array_equal(as_rows(decode_many(heads)[0]), as_rows(expected_many))


def test_heads_of_nan_decode_to_no_people():
    heads = {name: np.full_like(head, np.nan) for name, head in random_heads(5, (9, 9)).items()}
    np.testing.assert_array_equal(decode_one(heads), np.zeros((1, 17, 3)))
    assert len(decode_many(heads, MultiPoseSettings(min_center_score=0))[0]) == 0


def test_a_missing_head_is_named():
    heads = random_heads(0, (6, 6))
    del heads["offset"]
    with pytest.raises(EngineError, match="expected a head called 'offset', got center, heatmap, regress"):
        decode_one(heads)


def test_a_single_person_s_heads_are_not_enough_for_many():
    heads = random_heads(0, (6, 6))
    del heads["box_scale"]
    with pytest.raises(EngineError, match="expected a head called 'box_scale'"):
        decode_many(heads)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("heatmap", lambda head: head[0]),
        ("center", lambda head: head.astype(np.float64)),
        ("regress", lambda head: head[:, :, :0]),
        ("heatmap", lambda head: head[:, :0]),
        ("offset", lambda head: head[:, :-2]),
        ("regress", lambda head: head.transpose(0, 2, 3, 1)),
        ("center", lambda head: head.repeat(2, axis=0)),
    ],
)
def test_a_head_that_does_not_fit_is_named(name, change):
    heads = random_heads(0, (6, 7))
    heads[name] = change(heads[name])
    with pytest.raises(EngineError, match=rf"expected the head '{name}'.*, got "):
        decode_one(heads)


def test_guides_must_be_as_many_as_pictures():
    with pytest.raises(EngineError, match="expected for each of 2 pictures None or a guide"):
        decode_one(random_heads(0, (6, 6), pictures=2), [None])


def test_a_guide_must_know_the_same_keypoints():
    guide = Guide(np.zeros(2, np.float32), np.zeros((16, 2), np.float32))
    with pytest.raises(EngineError, match=r"keypoints \(17, 2\), got \[\(\(2,\), \(16, 2\)\)\]"):
        decode_one(random_heads(0, (6, 6)), [guide])
