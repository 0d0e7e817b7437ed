"""Made-up pictures for training tests: a few coloured dots on noise, whose places are the labels."""

import json

import cv2
import numpy as np

from movenet.media import write_photo
from movenet.skeleton import make_skeleton

DOTS = make_skeleton(["red", "green", "blue"], pairs=[["red", "green"]], sigmas=[0.1, 0.1, 0.1])
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def picture(rng, width=80, height=64):
    """Return a picture and the places (3, 2) of its dots, x, y in our pixels."""
    image = rng.integers(60, 120, (height, width, 3)).astype(np.uint8)
    points = rng.uniform((10, 10), (width - 10, height - 10), (3, 2))
    for point, colour in zip(points, COLOURS, strict=True):
        centre = np.round((point - 0.5) * 256).astype(int).tolist()
        cv2.circle(image, centre, 4 * 256, colour, -1, cv2.LINE_AA, 8)
    return image, points


def annotation(image_id, number, points, **more):
    """Return a COCO annotation of labelled points in our pixels."""
    triples = np.column_stack([np.asarray(points) - 0.25, np.full(len(points), 2)])
    (left, top), (right, bottom) = np.min(points, axis=0) - 8, np.max(points, axis=0) + 8
    box = [float(edge) for edge in (left, top, right - left, bottom - top)]
    row = {"id": number, "image_id": image_id, "category_id": 1, "iscrowd": 0, "bbox": box}
    return row | {"area": box[2] * box[3], "keypoints": triples.ravel().tolist()} | more


def write_set(folder, count=6, seed=0):
    """Write `count` pictures and their labels; return the annotation file."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for i in range(count):
        image, points = picture(rng)
        write_photo(folder / "images" / f"{i}.png", image)
        images.append({"id": i, "file_name": f"{i}.png", "width": image.shape[1], "height": image.shape[0]})
        annotations.append(annotation(i, i + 1, points))
    return write_json(folder / "labels.json", images, annotations)


def write_json(path, images, annotations):
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": [{"id": 1}]}))
    return path
