"""Trained models on the Hugging Face Hub, with a model card. Nothing else in movenet opens a connection to the hub.

`huggingface_hub` knows the account: `hf auth login`, or the variable HF_TOKEN; HF_ENDPOINT is another hub.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from movenet._version import __version__
from movenet.engine import Runtime, open_engine
from movenet.errors import FileError, MissingExtraError
from movenet.models import ModelCard
from movenet.training.run_folder import LOG_FILE, MODEL_FILE

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_TAGS: Final = ["movenet", "pose-estimation", "keypoint-detection", "onnx"]


def push_model(model: str | Path, repository: str, *, private: bool = True, note: str = "") -> str:
    """Upload a model with its card, and return the address of its page. Needs the extra `hub`.

    The repository is made if it does not exist; files of the same names are replaced by a new commit.

    Args:
        model: an ONNX file that `movenet train` or `movenet export` wrote.
        repository: "account/name".
        private: whether a new repository can only be seen by its owner.
        note: what the model was trained for and on, in Markdown, for the card.

    Raises:
        MissingExtraError: if huggingface_hub is not installed.
        ModelError: if the file is missing or no model of this package.
        EngineError: if it is damaged.
        FileError: if the hub cannot be reached, or refuses.
    """
    card = open_engine(model, Runtime()).card
    api = _open_hub()
    from huggingface_hub import CommitOperationAdd

    files: dict[str, bytes | str] = {
        "README.md": model_card(card, repository, note).encode(),
        MODEL_FILE: str(card.path),
    }
    with _hub_errors(repository):
        api.create_repo(repository, private=private, exist_ok=True)
        api.create_commit(
            repository,
            [CommitOperationAdd(name, content) for name, content in files.items()],
            commit_message=f"{card.name}, by movenet {__version__}",
        )
        return f"{api.endpoint}/{repository}"


def pull_model(repository: str, revision: str | None = None) -> Path:
    """Download a model into the hub's cache, and return its path for `Estimator` and `--model`. Needs the extra `hub`.

    A model that is in the cache already is not downloaded again.

    Args:
        repository: "account/name".
        revision: branch, tag or commit; None is the newest. Name the commit to get the same model for ever.

    Raises:
        MissingExtraError: if huggingface_hub is not installed.
        ModelError: if the file is no model of this package.
        EngineError: if it is damaged.
        FileError: if the hub cannot be reached, or has no such model.
    """
    api = _open_hub()
    with _hub_errors(repository):
        path = Path(api.hf_hub_download(repository, MODEL_FILE, revision=revision))
    open_engine(path, Runtime())
    return path


def model_card(card: ModelCard, repository: str, note: str = "") -> str:
    """Return the model card (README.md of the repository): metadata, properties, results, and how to use it."""
    names = ", ".join(card.keypoint_names) or f"{card.keypoints} without names"
    rows = {
        "input": f"{card.side} × {card.side} px, uint8 RGB",
        "keypoints": names,
        "made from": card.source,
        "SHA-256": hashlib.sha256(card.path.read_bytes()).hexdigest(),
    }
    rows |= {f"{name}, at the end of training": value for name, value in _results(card.path).items()}
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    metadata = "\n".join(
        [
            f"license: {card.licence.lower()}",
            "library_name: movenet",
            "pipeline_tag: keypoint-detection",
            "tags:",
            *(f"- {tag}" for tag in _TAGS),
        ]
    )
    return _CARD.format(
        metadata=metadata, name=card.name, note=note and f"{note}\n\n", table=table, repository=repository
    )


_CARD: Final = """---
{metadata}
---

# {name}

{note}A pose model of the MoveNet architecture, trained with movenet.

| | |
|---|---|
{table}

```python
import movenet
from movenet.integrations import pull_model

estimator = movenet.Estimator(pull_model("{repository}"))
print(estimator("photo.jpg"))
```

Scores are confidences, not visibilities. Keypoints of people who are small, cut off or unlike those of the training
data are less accurate. Not for identification of people, and no medical device.
"""


def _results(model: Path) -> dict[str, str]:
    """Return the last validation in the log beside the model: name of each metric → value."""
    try:
        with (model.parent / LOG_FILE).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, csv.Error, UnicodeDecodeError):
        return {}
    last: dict[str, str] = {}
    for row in rows:
        last |= {name: value for name, value in row.items() if value and name.endswith(("/AP", "/PCK"))}
    return last


def _open_hub() -> HfApi:
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise MissingExtraError("huggingface_hub", "hub", "the Hugging Face Hub") from None
    return HfApi(library_name="movenet", library_version=__version__)


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    """Turn the errors of huggingface_hub into one sentence."""
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of whichever httpx it uses

    try:
        yield
    except (OSError, ValueError, HTTPError) as problem:
        lines = str(problem).strip().splitlines()
        raise FileError(
            f"{repository} on the hub: {lines[0] if lines else type(problem).__name__}"
        ) from problem
