"""Annotated lists made up for tests: people of random shape, and estimates that miss them by a known amount."""

import json

import numpy as np

from movenet.annotations import read_coco
from movenet.evaluation import to_estimates
from movenet.evaluation.truth import to_truth
from movenet.pose import KEYPOINTS


def person(rng, image, number):
    x, y = rng.uniform(0, 300, 2)
    width, height = rng.uniform(40, 200, 2)
    points = rng.uniform(0, 1, (17, 2)) * (width, height) + (x, y)
    visible = rng.integers(0, 3, 17)
    triples = np.column_stack([np.where(visible[:, None] > 0, points, 0), visible])
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": int(rng.uniform() < 0.1),
        "bbox": [x, y, width, height],
        "area": 0.6 * width * height,
        "keypoints": triples.ravel().tolist(),
        "num_keypoints": int((visible > 0).sum()),
    }


def standing(image, number, left, labelled=range(17), area=10_000.0):
    """A person whose keypoints are 10 px apart, in two columns: an easy shape to reason about."""
    points = np.array([[left + 60.0 * (k % 2), 20.0 + 10 * k] for k in range(17)])
    visible = np.isin(np.arange(17), list(labelled))
    triples = np.column_stack([points * visible[:, None], 2 * visible])
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [left, 20.0, 60.0, 160.0],
        "area": area,
        "keypoints": triples.ravel().tolist(),
        "num_keypoints": int(visible.sum()),
    }


def write_list(path, people, images):
    """Write an annotation file of pictures 0 … images − 1, each 500 × 500."""
    listed = [{"id": i, "file_name": f"{i}.jpg", "width": 500, "height": 500} for i in range(images)]
    category = {"id": 1, "name": "person", "keypoints": [], "skeleton": []}
    path.write_text(json.dumps({"images": listed, "annotations": people, "categories": [category]}))
    return path


def guess(person, shift=(0.0, 0.0), score=0.5, keypoint_score=0.5):
    """A result that has every keypoint of a person, labelled or not, moved by `shift` (x, y) or one (17, 2)."""
    points = np.array(person["keypoints"]).reshape(17, 3)[:, :2] + np.asarray(shift)
    triples = np.column_stack([points, np.full(17, keypoint_score)])
    return {
        "image_id": person["image_id"],
        "category_id": 1,
        "keypoints": triples.ravel().tolist(),
        "score": score,
    }


def guesses(people, noise, seed):
    rng = np.random.default_rng(seed)
    for p in people:
        yield guess(p, rng.normal(0, noise, (17, 2)), float(rng.uniform()), rng.uniform(0, 1, 17))


def load(path, people, images, results):
    """Return the truth and the estimates of made-up lists."""
    truth = to_truth(read_coco(write_list(path / "truth.json", people, images), None, KEYPOINTS))
    return truth, to_estimates(results, truth)
