"""Cameras of this computer, by number or device, through OpenCV, which supports them on every system."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError
from movenet.media.silence import SILENT_OPENCV
from movenet.media.sources.base import LiveSettings
from movenet.media.sources.live import LiveSource, ReceivedFrame

BACKENDS: Final = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_DSHOW}
"""OpenCV's backend for the cameras of each system; without it OpenCV tries all backends, which is slow."""


def open_camera(camera: str, settings: LiveSettings) -> LiveSource:
    """Open a camera by its number ("0" is the first) or its device ("/dev/video0").

    Raises:
        MediaError: There is no such camera, access is denied, or it is busy.
    """
    name = f"camera {camera}"
    number = int(camera) if camera.isdecimal() else None
    if sys.platform == "linux":
        _check_device(Path(camera if number is None else f"/dev/video{number}"), name)
    return LiveSource(
        name, partial(_received_frames, camera if number is None else number, name, settings), settings
    )


def _check_device(device: Path, name: str) -> None:
    """Check a device before OpenCV opens it, for a more precise message.

    Raises:
        MediaError: It does not exist, or access is denied.
    """
    if not device.exists():
        there = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "no camera at all"
        raise MediaError(f"{name} is missing: expected {device}, found {there}")
    if not os.access(device, os.R_OK | os.W_OK):
        raise MediaError(f"{name} may not be used: join the group that owns {device}, usually 'video'")


def _received_frames(
    camera: int | str, name: str, settings: LiveSettings
) -> Generator[ReceivedFrame, None, None]:
    with SILENT_OPENCV:
        capture = cv2.VideoCapture(camera, BACKENDS.get(sys.platform, cv2.CAP_ANY))
    try:
        if not capture.isOpened():
            raise MediaError(f"{name} cannot be opened: it is missing, or another program uses it")
        _request(capture, settings)
        received = False
        while True:
            done, bgr = capture.read()
            if not done:
                break
            received = True
            yield ReceivedFrame(partial(_rgb, np.asarray(bgr, np.uint8)))
        if not received:
            raise MediaError(f"{name} gives no picture: another program may be using it")
    finally:
        capture.release()


def _request(capture: cv2.VideoCapture, settings: LiveSettings) -> None:
    if settings.camera_size:
        width, height = settings.camera_size
        # The bandwidth of USB 2 suffices for large pictures as JPEG only.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    if settings.camera_rate_fps:
        capture.set(cv2.CAP_PROP_FPS, settings.camera_rate_fps)


def _rgb(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
