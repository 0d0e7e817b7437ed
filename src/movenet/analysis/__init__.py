"""From keypoints to answers, on poses alone: angles, repetitions, comparison, events, gait, scale.

    import movenet
    from movenet import analysis

    (track,) = analysis.make_tracks(movenet.read_records("squats.jsonl"))
    print(len(analysis.count_repetitions(track, "squat")))

Needs neither pictures nor models: the input are records (`movenet.read_records`) or frames with their poses. All
quantities are two-dimensional, in the plane of the picture.
"""

from movenet.analysis.angles import MIN_RELIABILITY, Angle, angle_arrays, measure_angles, unwrap_degrees
from movenet.analysis.class_training import Confusion, confuse, train_classes
from movenet.analysis.classes import PoseClasses, load_classes
from movenet.analysis.comparison import PoseComparison, compare_poses, mirrored
from movenet.analysis.counter import RepetitionCounter
from movenet.analysis.definitions import ANGLE_NAMES, JOINT_ANGLES, SEGMENT_ANGLES
from movenet.analysis.event_detector import EventDetector
from movenet.analysis.exercise_file import find_exercise, read_exercise
from movenet.analysis.exercises import EXERCISES, Exercise
from movenet.analysis.gait import Gait, measure_gait
from movenet.analysis.posture import Event, find_events
from movenet.analysis.repetitions import Repetition, count_repetitions
from movenet.analysis.scale import metres_per_pixel, metres_per_pixel_of
from movenet.analysis.signals import SIGNALS, signal_of
from movenet.analysis.swaps import SwapRepair, repair_recording, repair_swaps
from movenet.analysis.track import Track, make_tracks
from movenet.analysis.warping import SequenceComparison, compare_sequences

__all__ = [
    "ANGLE_NAMES",
    "EXERCISES",
    "JOINT_ANGLES",
    "MIN_RELIABILITY",
    "SEGMENT_ANGLES",
    "SIGNALS",
    "Angle",
    "Confusion",
    "Event",
    "EventDetector",
    "Exercise",
    "Gait",
    "PoseClasses",
    "PoseComparison",
    "Repetition",
    "RepetitionCounter",
    "SequenceComparison",
    "SwapRepair",
    "Track",
    "angle_arrays",
    "compare_poses",
    "compare_sequences",
    "confuse",
    "count_repetitions",
    "find_events",
    "find_exercise",
    "load_classes",
    "make_tracks",
    "measure_angles",
    "measure_gait",
    "metres_per_pixel",
    "metres_per_pixel_of",
    "mirrored",
    "read_exercise",
    "repair_recording",
    "repair_swaps",
    "signal_of",
    "train_classes",
    "unwrap_degrees",
]
