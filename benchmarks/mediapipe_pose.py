"""MediaPipe Pose as a peer of against_peers.py, in an environment of its own.

    python -m venv mediapipe && mediapipe/bin/pip install mediapipe==0.10.21

0.10.21 is the last release whose wheel carries a model, "full". The npm package @mediapipe/pose has those of "lite" and
"heavy": copy its pose_landmark_*.tflite to mediapipe/modules/pose_landmark in that environment. Still mode, as its
documentation advises for unrelated pictures; one person a picture, its 33 landmarks reduced to COCO's 17.
"""

import sys

import mediapipe

from turns import Poses, take_turns

LANDMARKS = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
"""MediaPipe's numbers of COCO's 17 keypoints, in COCO's order."""
COMPLEXITY = {"lite": 0, "full": 1, "heavy": 2}


def main(annotations: str, images: str, results: str, variant: str) -> None:
    """Run the pictures that are asked for."""
    pose = mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=COMPLEXITY[variant])

    def estimate(picture) -> Poses:  # noqa: ANN001 (numpy is not among the imports of a peer)
        landmarks = pose.process(picture).pose_landmarks
        return [] if landmarks is None else [to_person(landmarks.landmark, *picture.shape[:2])]

    take_turns(estimate, annotations, images, results, bgr=False)


def to_person(landmarks: list, height: int, width: int) -> tuple[list[float], float]:
    """Turn landmarks, 0…1 of the picture, into a person; the score is their mean visibility."""
    points = [landmarks[k] for k in LANDMARKS]
    keypoints = [value for p in points for value in (p.x * width, p.y * height, p.visibility)]
    return keypoints, sum(p.visibility for p in points) / len(points)


if __name__ == "__main__":
    main(*sys.argv[1:])
