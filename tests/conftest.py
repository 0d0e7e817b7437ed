"""Fixtures that many tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measuring data beside the repository: golden numbers, COCO pictures, clips."""
    folder = Path(os.environ.get("MOVENET_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.fail(f"this test reads golden data from {folder}, which is missing: set MOVENET_SHARED")
    return folder


def pytest_collection_modifyitems(items):
    """Mark the tests that read that folder: `-m "not shared"` leaves them out."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("shared")
