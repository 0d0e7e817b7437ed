"""The folder of a data set: pictures, a manifest that is appended to, and the COCO files made from it.

DIR/images/CLIP-000123-0.jpg     a crop around one person
DIR/manifest.jsonl               one line per picture, written after the picture
DIR/train.json · DIR/val.json    COCO keypoint annotations, made from the manifest and the decisions
DIR/decisions.json               {"decisions": {picture: "accept" | "reject"}}, saved from the review page
DIR/review.html                  the review page
DIR/dataset.json                 clips, settings and counts
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from movenet.annotations import to_category
from movenet.atomic import atomic_write
from movenet.errors import DataError
from movenet.skeleton import BODY

IMAGES: Final = "images"
MANIFEST: Final = "manifest.jsonl"
DECISIONS: Final = "decisions.json"
SUMMARY: Final = "dataset.json"
PARTS: Final = ("train", "val")
DECISION_VALUES: Final = ("accept", "reject")


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of pictures and people in a data set."""

    pictures: Mapping[str, int]
    """By part: "train" and "val"."""
    people: Mapping[str, int]
    rejected: int
    """Number of pictures rejected on the review page."""


def read_manifest(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of the manifest; an incomplete last line is skipped.

    Raises:
        DataError: if the folder holds no data set, or its manifest is damaged.
    """
    try:
        file = (folder / MANIFEST).open(encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"expected a data set made by 'movenet dataset build' in {folder}: {error.strerror}"
        ) from None
    with file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                return
            try:
                yield json.loads(line)
            except ValueError:
                raise DataError(
                    f"line {number} of {folder / MANIFEST} is damaged: remove it, or build again"
                ) from None


def read_decisions(path: Path) -> dict[str, str]:
    """Read the decisions saved from the review page: picture → "accept" or "reject".

    Raises:
        DataError: if the file cannot be read or is malformed.
    """
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))["decisions"]
        pairs = {str(name): str(decision) for name, decision in saved.items()}
    except OSError as error:
        raise DataError(f"cannot read the decisions {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f'expected {{"decisions": {{picture: "accept" or "reject"}}}} in {path}') from None
    if odd := {*pairs.values()} - {*DECISION_VALUES}:
        raise DataError(f"expected 'accept' or 'reject' in {path}, got '{min(odd)}'")
    return pairs


def assemble(folder: Path, decisions: Path | None = None) -> Counts:
    """Write the COCO files of a data set again, without the rejected pictures.

    Args:
        folder: the data set.
        decisions: a file saved from the review page, which is copied into the data set; None takes the copy, if any.

    Raises:
        DataError: if the folder holds no data set, or the decisions are malformed or name other pictures.
        FileError: if the files cannot be written.
    """
    kept = folder / DECISIONS
    decided = read_decisions(decisions or kept) if decisions or kept.is_file() else {}
    known = {entry["image"]["file_name"] for entry in read_manifest(folder)}
    if decisions is not None and (unknown := set(decided) - known):
        raise DataError(
            f"the decisions name {min(unknown)}, which is not in {folder}: is it of another data set?"
        )
    if decisions is not None and decisions != kept:
        with atomic_write(kept) as temporary:
            temporary.write_bytes(decisions.read_bytes())
    rejected = {name for name, decision in decided.items() if decision == "reject"}
    with ExitStack() as stack:
        lists = {part: _List(stack.enter_context(atomic_write(folder / f"{part}.json"))) for part in PARTS}
        for entry in read_manifest(folder):
            if entry["image"]["file_name"] not in rejected:
                lists[entry["part"]].add(entry)
        for part in lists.values():
            part.close()
    pictures, people = (
        {part: getattr(of, count) for part, of in lists.items()} for count in ("images", "people")
    )
    return Counts(pictures, people, len(rejected))


class _List:
    """A COCO file that is written entry by entry; images and annotations are two files until `close`."""

    def __init__(self, path: Path):
        self._path = path
        self._images: IO[str] = path.open("w", encoding="utf-8")
        self._people: IO[str] = path.with_suffix(".people").open("w+", encoding="utf-8")
        self.images = self.people = 0
        self._written = 0
        self._images.write('{"images": [')

    def add(self, entry: Mapping[str, Any]) -> None:
        """Append a picture and its people; each person gets the next id."""
        self._images.write(",\n" * bool(self.images) + json.dumps(entry["image"]))
        self.images += 1
        for person in entry["people"]:
            self._people.write(",\n" * bool(self._written) + json.dumps({"id": self._written + 1, **person}))
            self._written += 1
            self.people += not person["iscrowd"]

    def close(self) -> None:
        """Join the two files."""
        self._images.write('],\n"annotations": [')
        self._people.seek(0)
        while part := self._people.read(1 << 20):
            self._images.write(part)
        self._people.close()
        self._path.with_suffix(".people").unlink()
        self._images.write(f'],\n"categories": [{json.dumps(to_category(BODY))}]}}\n')
        self._images.close()
