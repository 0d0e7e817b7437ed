"""Angles, tracks, repetitions, comparison, events, gait, swaps and scale, on bodies of known shape."""

import json
import math
import subprocess
from dataclasses import dataclass, replace

import numpy as np
import pytest

from bodies import RATE_HZ, body, frames, poses_of, repeated, track_of, with_noise
from movenet import analysis
from movenet.analysis.definitions import TABLE_FILE, javascript_module
from movenet.errors import DataError, FileError, UnknownKeypointError
from movenet.live.site import PAGE
from movenet.pose import KEYPOINTS, MIRROR, Pose


def point(name):
    return KEYPOINTS.index(name)


def pose(keypoints, score=0.9, **fields):
    keypoints = np.asarray(keypoints, np.float32)
    return Pose(keypoints, np.full(len(keypoints), score, np.float32), score, **fields)


# Angles


def test_an_upright_body_with_straight_limbs_has_180_degrees_and_a_trunk_of_90():
    angles = analysis.measure_angles(pose(body()))
    assert angles["left_knee"].degrees == pytest.approx(180, abs=4)
    assert angles["trunk"].degrees == pytest.approx(90, abs=1)
    assert angles["left_knee"].flexion_deg == pytest.approx(180 - angles["left_knee"].degrees)
    assert set(angles) == set(analysis.ANGLE_NAMES)


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 135.0, 180.0])
def test_an_elbow_has_the_angle_between_upper_arm_and_forearm(degrees):
    keypoints = body()
    shoulder, elbow = keypoints[point("left_shoulder")], keypoints[point("left_elbow")]
    turn = math.atan2(*(shoulder - elbow)[::-1]) + math.radians(degrees)
    keypoints[point("left_wrist")] = elbow + 50 * np.array([math.cos(turn), math.sin(turn)])
    assert analysis.measure_angles(pose(keypoints))["left_elbow"].degrees == pytest.approx(degrees, abs=1e-3)


def test_a_segment_counts_counter_clockwise_from_the_horizontal_as_seen():
    keypoints = body()
    keypoints[point("left_wrist")] = keypoints[point("left_elbow")] + (30, -30)
    assert analysis.measure_angles(pose(keypoints))["left_forearm"].degrees == pytest.approx(45)


def test_reliability_is_the_product_of_the_probabilities_and_unreliable_angles_are_unknown():
    one = pose(body())
    scores = one.scores.copy()
    scores[point("left_wrist")] = 0.05
    angles = analysis.measure_angles(replace(one, scores=scores))
    assert math.isnan(angles["left_elbow"].degrees)
    assert angles["left_elbow"].reliability < 0.1 < 0.8 < angles["right_elbow"].reliability


def test_a_point_on_its_joint_or_missing_makes_no_angle():
    keypoints = body()
    keypoints[point("left_wrist")] = keypoints[point("left_elbow")]
    keypoints[point("right_wrist")] = np.nan
    angles = analysis.measure_angles(pose(keypoints))
    assert [angles[f"{side}_elbow"].reliability for side in ("left", "right")] == [0, 0]


def test_angles_of_another_skeleton_are_refused():
    with pytest.raises(DataError, match="17 keypoints, got 21"):
        analysis.measure_angles(pose(np.zeros((21, 2))))


def test_unwrapping_removes_the_jump_at_180_and_bridges_gaps():
    assert analysis.unwrap_degrees([170, np.nan, -170, -160]) == pytest.approx(
        [170, np.nan, 190, 200], nan_ok=True
    )


def test_javascript_and_python_measure_the_same_angles(tmp_path):
    rng = np.random.default_rng(5)
    keypoints = rng.uniform(0, 400, (40, 17, 2))
    (tmp_path / "angles.js").write_text(javascript_module())
    (tmp_path / "skeleton.js").write_text((PAGE / "skeleton.js").read_text())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "poses.json").write_text(
        json.dumps([[[x, y, 0.9] for x, y in one] for one in keypoints.tolist()])
    )
    (tmp_path / "run.js").write_text(
        'import { jointAngles } from "./skeleton.js"; import { readFileSync } from "fs";\n'
        'const poses = JSON.parse(readFileSync("poses.json"));\n'
        "console.log(JSON.stringify(poses.map((keypoints) => jointAngles({ keypoints }))));\n"
    )
    run = subprocess.run(["node", "run.js"], cwd=tmp_path, capture_output=True, text=True, check=True)
    theirs = json.loads(run.stdout)
    ours, _ = analysis.angle_arrays(keypoints, np.ones((40, 17)))
    names = [angle["name"] for angle in theirs[0]]
    assert names == list(analysis.JOINT_ANGLES)
    assert np.array([[angle["degrees"] for angle in one] for one in theirs]) == pytest.approx(
        ours[:, : len(names)], abs=1e-9
    )


def test_the_table_of_angles_names_coco_keypoints():
    table = json.loads(TABLE_FILE.read_text(encoding="utf-8"))
    named = {name for _, *points in table["joints"] for name in points}
    named |= {name for _, start, end in table["segments"] for name in (*start, *end)}
    assert named <= set(KEYPOINTS)


# Tracks


@dataclass
class At:
    time_s: float
    poses: list


def test_a_track_per_id_covers_its_first_to_its_last_frame():
    people = [[pose(body(), id=1)], [pose(body(), id=2)], [], [pose(body(), id=1), pose(body(), id=2)]]
    one, two = analysis.make_tracks([At(i / 10, found) for i, found in enumerate(people)])
    assert (one.id, two.id) == (1, 2)
    assert one.times_s.tolist() == [0.0, 0.1, 0.2, 0.3]
    assert one.found.tolist() == [True, False, False, True]
    assert two.times_s.tolist() == [0.1, 0.2, 0.3]


def test_without_ids_the_best_person_of_each_frame_is_the_track():
    low, high = pose(body(), 0.5), pose(body(x=500), 0.8)
    (track,) = analysis.make_tracks([At(0.0, [low, high])])
    assert track.keypoints[0] == pytest.approx(high.keypoints)


def test_nobody_makes_no_track():
    assert analysis.make_tracks([At(0.0, []), At(0.1, [])]) == []
    assert analysis.make_tracks([]) == []


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ([At(1.0, []), At(0.5, [])], "in their order"),
        ([At(0.0, [pose(np.zeros((21, 2)))])], "17 keypoints"),
        ([At(0.0, [pose(body(), id=3), pose(body(), id=3)])], "id 3 twice"),
    ],
)
def test_frames_that_are_no_video_are_refused(made, message):
    with pytest.raises(DataError, match=message):
        analysis.make_tracks(made)


def test_nan_and_low_scores_are_unknown_not_wrong():
    keypoints = body()
    keypoints[3] = np.nan
    (track,) = analysis.make_tracks([At(0.0, [pose(keypoints, 0.02)])])
    assert np.isnan(track.known_keypoints).all()
    assert track.right.max() < 0.1


# Repetitions


@pytest.mark.parametrize("exercise", sorted(analysis.EXERCISES))
def test_a_ready_exercise_counts_its_own_repetitions_and_no_other_kind(exercise):
    track = track_of(repeated(exercise, 5))
    found = analysis.count_repetitions(track, exercise)
    assert len(found) == 5
    assert all(one.start_s < one.peak_s < one.end_s for one in found)
    alike = {"squat", "lunge"}  # a lunge also lowers the hips
    for other in analysis.EXERCISES:
        if other != exercise and {other, exercise} != alike:
            assert analysis.count_repetitions(track, other) == [], other


def test_a_repetition_tells_its_tempo_range_and_sides():
    (one,) = analysis.count_repetitions(track_of(repeated("squat", 1, seconds=2.0)), "squat")
    assert one.duration_s == pytest.approx(2.0, abs=0.7)
    assert one.to_peak_s == pytest.approx(one.duration_s / 2, abs=0.2)
    assert one.range == pytest.approx(0.8, abs=0.25)
    assert one.angle_deg == pytest.approx(95, abs=25)
    assert abs(one.left_right_deg) < 5


def test_partial_repetitions_do_not_count():
    depths = [1.0, 0.4, 1.0, 0.45, 1.0]
    assert len(analysis.count_repetitions(track_of(repeated("squat", depths)), "squat")) == 3


def test_noise_gaps_and_missing_joints_are_survived():
    rng = np.random.default_rng(4)
    keypoints = with_noise(repeated("squat", 4), rng, 0.04)
    track = track_of(keypoints)
    track.right[30:40] = 0.0
    track.right[:, point("left_ankle")] = 0.1
    assert len(analysis.count_repetitions(track, "squat")) == 4


def test_a_repetition_with_a_long_gap_is_dropped():
    track = track_of(repeated("squat", 3, seconds=2.0))
    second = slice(int(3.9 * RATE_HZ), int(5.2 * RATE_HZ))
    track.right[second] = 0.0
    assert len(analysis.count_repetitions(track, "squat")) < 3


def test_a_swinging_arm_and_a_standing_person_count_nothing():
    still = np.repeat(body()[None], 120, axis=0)
    swinging = still.copy()
    swing = 60 * np.sin(np.arange(120) / 6)
    swinging[:, point("left_wrist"), 0] += swing
    swinging[:, point("left_elbow"), 0] += swing / 2
    for keypoints in (still, swinging):
        track = track_of(keypoints)
        assert not any(analysis.count_repetitions(track, name) for name in analysis.EXERCISES)


def test_a_hidden_forearm_that_the_model_guesses_is_no_biceps_curl():
    keypoints = repeated("biceps-curl", 3)
    elbows, wrists = ([point(f"{side}_{name}") for side in ("left", "right")] for name in ("elbow", "wrist"))
    assert len(analysis.count_repetitions(track_of(keypoints), "biceps-curl")) == 3
    keypoints[:, wrists] = keypoints[:, elbows] + 0.4 * (keypoints[:, wrists] - keypoints[:, elbows])
    assert analysis.count_repetitions(track_of(keypoints), "biceps-curl") == []


@pytest.mark.parametrize("length", [1, 2])
def test_one_frame_has_no_repetitions(length):
    assert analysis.count_repetitions(track_of(repeated("squat", 2)[:length]), "squat") == []


def test_an_unknown_exercise_is_answered_with_the_list():
    with pytest.raises(DataError, match=r"squat, lunge.*did you mean 'squat'"):
        analysis.count_repetitions(track_of(body()[None]), "squats")


def test_an_exercise_of_ones_own_comes_from_toml(tmp_path):
    path = tmp_path / "deep squat.toml"
    path.write_text(
        'signal = "hip_height"\npeak = "low"\nmin_range = 0.6\n[at_peak]\ntrunk_lean = [0, 60]\n', "utf-8"
    )
    exercise = analysis.read_exercise(path)
    assert exercise.name == "deep squat"
    assert len(analysis.count_repetitions(track_of(repeated("squat", 3)), str(path))) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("signal = 3 3", "TOML"),
        ('signal = "nose"\npeak = "low"\nmin_range = 1', "signals"),
        ('signal = "knee"\npeak = "middle"\nmin_range = 1', "peak low or high"),
        ('signal = "knee"', "at least"),
        ('signal = "knee"\npeak = "low"\nmin_range = 1\nspeed = 3', "speed"),
        ('signal = "knee"\npeak = "low"\nmin_range = 1\nat_rest = {knee = [3, 1]}', "range"),
        ('signal = "knee"\npeak = "low"\nmin_range = -1', "above 0"),
        ('signal = "knee"\npeak = "low"\nmin_range = 1\njoint = "ear"', "joints"),
    ],
)
def test_a_malformed_exercise_is_explained(tmp_path, text, message):
    (tmp_path / "own.toml").write_text(text, "utf-8")
    with pytest.raises(DataError, match=message):
        analysis.read_exercise(tmp_path / "own.toml")


def test_an_exercise_file_that_is_missing_is_explained(tmp_path):
    with pytest.raises(FileError, match=r"own\.toml"):
        analysis.find_exercise(str(tmp_path / "own.toml"))


def test_an_exercise_of_ones_own_can_be_a_function():
    nod = analysis.Exercise("nod", lambda track: track.keypoints[:, 0, 1], "high", 20.0)
    keypoints = np.repeat(body()[None], 90, axis=0)
    keypoints[:, 0, 1] += 20 * (1 - np.cos(np.arange(90) / 90 * 2 * np.pi * 3))
    assert len(analysis.count_repetitions(track_of(keypoints), nod)) == 3


def test_a_stream_is_counted_as_the_recording_is():
    keypoints = repeated("squat", 6)
    counter = analysis.RepetitionCounter("squat")
    counts = [counter.step(time_s, poses)[None] for time_s, poses in frames(keypoints)]
    assert counts[-1] == counter.count() == 6
    assert counts == sorted(counts)
    assert counts[len(counts) // 2] >= 2
    with pytest.raises(DataError, match="later than"):
        counter.step(0.0, [])


# Comparison


def test_a_pose_is_like_itself_moved_scaled_and_a_little_turned():
    one = pose(body())
    turn = math.radians(10)
    turned = body() @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    other = pose(turned * 0.4 + (300, 20))
    found = analysis.compare_poses(other, one)
    assert found.similarity == pytest.approx(1, abs=1e-6)
    assert max(abs(value) for value in found.difference_deg.values()) < 0.01


def test_a_raised_arm_is_less_alike_and_its_joint_is_named():
    keypoints = body()
    keypoints[[point("left_elbow"), point("left_wrist")], 1] = (
        2 * keypoints[point("left_shoulder"), 1] - keypoints[[point("left_elbow"), point("left_wrist")], 1]
    )
    found = analysis.compare_poses(pose(keypoints), pose(body()))
    assert found.similarity < 0.9
    worst = max(found.difference_deg, key=lambda name: abs(found.difference_deg[name]))
    assert worst == "left_shoulder"
    assert max(found.distance, key=lambda name: np.nan_to_num(found.distance[name])) == "left_wrist"


def test_a_mirrored_pose_is_recognised():
    keypoints = repeated("biceps-curl", 1)[20]
    mirrored = keypoints[list(MIRROR)] * (-1, 1) + (640, 0)
    plain = analysis.compare_poses(pose(mirrored), pose(keypoints))
    assert analysis.compare_poses(pose(mirrored), pose(keypoints), mirror=True).similarity > max(
        0.999, plain.similarity - 1e-9
    )


def test_a_lying_person_is_not_like_a_standing_one():
    lying = body()[:, ::-1]
    assert analysis.compare_poses(pose(lying), pose(body())).similarity < 0.5


def test_too_few_keypoints_cannot_be_compared():
    one = pose(body())
    scores = np.full(17, 0.01, np.float32)
    scores[5:8] = 0.9
    assert math.isnan(analysis.compare_poses(replace(one, scores=scores), one).similarity)


@pytest.mark.parametrize("aligner", ["band", "dtaidistance"])
def test_half_the_speed_mirrored_and_cropped_is_the_same_and_another_exercise_is_not(aligner):
    squats = repeated("squat", 3)
    slow = np.repeat(squats, 2, axis=0)[:, list(MIRROR)] * (-0.5, 0.5) + (400, 10)
    slow = with_noise(slow, np.random.default_rng(3), 0.02)
    cropped = track_of(slow)
    cropped.right[:, [point("left_ankle"), point("right_ankle")]] = 0.0
    found = analysis.compare_sequences(cropped, track_of(squats), aligner=aligner)
    assert found.similarity > 0.95
    assert found.mirrored
    assert (np.diff(found.path_s, axis=0) >= 0).all()
    other = analysis.compare_sequences(
        track_of(repeated("jumping-jack", 3)), track_of(squats), aligner=aligner
    )
    assert other.similarity < 0.8


@pytest.mark.parametrize("shift", [-12, 0, 7, 20])
def test_the_offset_in_time_is_found_to_one_frame(shift):
    squats = repeated("squat", [1.0, 0.7, 0.9])
    start = max(0, shift)
    part = track_of(squats[start:], start_s=2.0)
    found = analysis.compare_sequences(part, track_of(squats[max(0, -shift) :]))
    assert found.offset_s == pytest.approx(2.0 - shift / RATE_HZ, abs=0.5 / RATE_HZ)


def test_sequences_without_a_person_are_refused():
    nobody = track_of(np.full((4, 17, 2), np.nan))
    with pytest.raises(DataError, match="none in the reference"):
        analysis.compare_sequences(track_of(repeated("squat", 1)), nobody)


def test_an_unknown_aligner_is_refused():
    still = track_of(body()[None])
    with pytest.raises(DataError, match="band, dtaidistance, got 'fast'"):
        analysis.compare_sequences(still, still, aligner="fast")


def test_sequences_of_one_frame_can_be_compared():
    still = track_of(body()[None])
    assert analysis.compare_sequences(still, still).similarity == pytest.approx(1)


# Events, gait, swaps, scale


def kinds(keypoints):
    return [event.kind for event in analysis.find_events(track_of(keypoints))]


def test_standing_hands_up_and_lying_after_a_fall_are_told():
    standing = np.repeat(body()[None], 60, axis=0)
    up = standing.copy()
    up[:, [point("left_wrist"), point("right_wrist")], 1] -= 170
    fallen = standing[:, :, ::-1]
    assert kinds(np.concatenate([standing, up, fallen])) == ["standing", "hands up", "fallen", "lying"]


def test_a_fall_is_told_while_frames_come_in_and_lasts_as_long_as_the_person_lies():
    standing = np.repeat(body()[None], 2 * RATE_HZ, axis=0)
    fallen = np.repeat(standing[:1, :, ::-1], 10 * RATE_HZ, axis=0)
    detector = analysis.EventDetector()
    told = [detector.step(*frame).get(None) for frame in frames(np.concatenate([standing, fallen, standing]))]
    assert told[2 * RATE_HZ - 1] == {"standing"}
    assert told[4 * RATE_HZ] == told[12 * RATE_HZ - 1] == {"lying", "fallen"}
    assert told[-1] == {"standing"}
    assert detector.step(60.0, []) == {}
    with pytest.raises(DataError, match="later than 60"):
        detector.step(60.0, [])


def test_lying_down_slowly_is_no_fall():
    turns = np.linspace(0, np.pi / 2, 150)
    centre = body().mean(axis=0)
    slow = [
        (body() - centre) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + centre
        for a in turns
    ]
    found = kinds(np.concatenate([slow, np.repeat(slow[-1:], 60, axis=0)]))
    assert "lying" in found
    assert "fallen" not in found


def test_sitting_is_no_squat():
    deep = repeated("squat", 1)[int(1.45 * RATE_HZ)]
    assert kinds(np.repeat(deep[None], 4 * RATE_HZ, axis=0)) == ["sitting"]
    assert "sitting" not in kinds(repeated("squat", 3))


def test_one_frame_has_no_events():
    assert analysis.find_events(track_of(body()[None])) == []


def test_steps_are_counted_from_the_side():
    keypoints = np.repeat(body()[None], 6 * RATE_HZ, axis=0)
    swing = 60 * np.sin(2 * np.pi * 0.9 * np.arange(len(keypoints)) / RATE_HZ)
    keypoints[:, point("left_ankle"), 0] += swing
    keypoints[:, point("right_ankle"), 0] -= swing
    found = analysis.measure_gait(track_of(keypoints))
    assert found.cadence_per_min == pytest.approx(108, abs=5)
    assert found.side_view
    assert {"left", "right"} == {*found.leading}
    assert math.isnan(analysis.measure_gait(track_of(body()[None])).cadence_per_min)


def test_swapped_legs_are_put_right():
    squats = with_noise(repeated("squat", 2), np.random.default_rng(1), 0.01)
    legs = [point(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee", "ankle")]
    damaged = squats.copy()
    for frame in (10, 11, 12, 25, 40, 41):
        damaged[frame, legs] = squats[frame, np.array(MIRROR)[legs]]
    repair = analysis.repair_swaps(track_of(damaged))
    assert repair.track.keypoints == pytest.approx(squats)
    assert repair.rate == pytest.approx(6 / len(squats))
    untouched = analysis.repair_swaps(track_of(squats))
    assert untouched.rate == 0


def test_scale_comes_from_a_height_or_a_length():
    keypoints = np.repeat(body()[None], 10, axis=0)
    height_px = keypoints[0, 15, 1] - keypoints[0, 1, 1]
    assert analysis.metres_per_pixel(track_of(keypoints), 1.7) == pytest.approx(0.897 * 1.7 / height_px)
    assert analysis.metres_per_pixel_of(2.0, (0, 0), (30, 40)) == pytest.approx(0.04)
    with pytest.raises(DataError):
        analysis.metres_per_pixel(track_of(keypoints), 0)
    with pytest.raises(DataError):
        analysis.metres_per_pixel_of(1, (0, 0), (0, 0))
    with pytest.raises(DataError, match="eyes and ankles"):
        analysis.metres_per_pixel(track_of(np.full((9, 17, 2), np.nan)), 1.7)


def test_a_signal_or_angle_of_another_name_is_refused():
    track = track_of(body()[None])
    with pytest.raises(DataError, match="one of the angles"):
        track.angle("tail")
    assert not issubclass(DataError, UnknownKeypointError)
    assert track.angle("left_knee").shape == (1,)
    assert poses_of(body()[None])[0].keypoints.shape == (17, 2)
