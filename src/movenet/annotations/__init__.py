"""COCO keypoint and YOLO-pose annotation files: the only package that reads, checks and writes them."""

from movenet.annotations.coco import (
    PERSON,
    from_coco_px,
    read_coco,
    to_category,
    to_coco_px,
    to_entry,
    write_coco,
)
from movenet.annotations.image import Annotations, Box, Image, Person, require_files
from movenet.annotations.problems import ERRORS, WARNINGS, Problem
from movenet.annotations.results import read_results, to_results, write_results
from movenet.annotations.yolo import read_yolo, upright_size

__all__ = [
    "ERRORS",
    "PERSON",
    "WARNINGS",
    "Annotations",
    "Box",
    "Image",
    "Person",
    "Problem",
    "from_coco_px",
    "read_coco",
    "read_results",
    "read_yolo",
    "require_files",
    "to_category",
    "to_coco_px",
    "to_entry",
    "to_results",
    "upright_size",
    "write_coco",
    "write_results",
]
