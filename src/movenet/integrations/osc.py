"""Poses by OSC (Open Sound Control 1.0, over UDP): TouchDesigner, Max, Pure Data, Unity, VRChat, VTubers' programs.

For each frame, with coordinates relative to the picture's width and height, from 0 at the top left to 1:

    /movenet/frame                        index, time in seconds, number of people, width, height
    /movenet/person/ID                    score, x, y, width, height (the box of the keypoints)
    /movenet/person/ID/left_wrist …       x, y, score
    /movenet/lost                         ID of a person who is no longer there

The messages of one person are one bundle, a packet of about 1.2 kB. Without ids (`people="one"` of a model that does
not track) the person is number 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from movenet.errors import FileError, MissingExtraError
from movenet.integrations.address import parse_address
from movenet.media.frame import Frame
from movenet.pose import Pose

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pythonosc.osc_bundle_builder import OscBundleBuilder

PORT: Final = 9000
"""Port if the address has none: that of VRChat and many examples of TouchDesigner."""


class OscSender:
    """Sends the poses of each frame: `movenet.stream(0, OscSender("127.0.0.1:9000"))`.

    Call it with a frame and its poses, as `movenet.watch` yields them. UDP tells nobody whether a packet arrived.
    """

    def __init__(self, address: str = f"127.0.0.1:{PORT}", prefix: str = "/movenet") -> None:
        """Open the socket. Needs the extra `osc`.

        Args:
            address: receiver, "host:port"; the port is 9000 if not given.
            prefix: begin of all OSC addresses.

        Raises:
            MissingExtraError: if python-osc is not installed.
            DataError: if the address is malformed.
            FileError: if the host is unknown.
        """
        try:
            from pythonosc.udp_client import UDPClient
        except ImportError:
            raise MissingExtraError("python-osc", "osc", "OSC") from None
        host, port = parse_address(address, PORT)
        try:
            self._client = UDPClient(host, port)
        except OSError as problem:
            raise FileError(f"cannot send to {address}: {problem.strerror or problem}") from None
        self._prefix = "/" + prefix.strip("/")
        self._people: set[int] = set()

    def __call__(self, frame: Frame, poses: Sequence[Pose]) -> None:
        """Send the poses of one frame.

        Raises:
            FileError: if the network refuses the packet.
        """
        people = {pose.id or 0: pose for pose in poses}
        head = [
            (f"{self._prefix}/frame", [frame.index, frame.time_s, len(people), frame.width, frame.height])
        ]
        head += [(f"{self._prefix}/lost", [number]) for number in sorted(self._people - people.keys())]
        self._send(head)
        for number, pose in people.items():
            self._send(self._messages(number, pose, (frame.width, frame.height)))
        self._people = set(people)

    def close(self) -> None:
        """Close the socket."""
        self._client.close()

    def __enter__(self) -> Self:
        """Return the sender itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the socket."""
        self.close()

    def _messages(
        self, number: int, pose: Pose, size: tuple[int, int]
    ) -> list[tuple[str, list[int | float]]]:
        address = f"{self._prefix}/person/{number}"
        names = pose.names if len(pose.names) == len(pose.keypoints) else map(str, range(len(pose.keypoints)))
        points = pose.keypoints.astype(np.float64) / size
        box = np.array(pose.bounds() or (0, 0, 0, 0), np.float64) / (*size, *size)
        messages: list[tuple[str, list[int | float]]] = [(address, [float(pose.score), *box.tolist()])]
        for name, point, score in zip(names, points.tolist(), pose.scores.tolist(), strict=True):
            if np.isfinite([*point, score]).all():
                messages.append((f"{address}/{name}", [*point, score]))
        return messages

    def _send(self, messages: Sequence[tuple[str, list[int | float]]]) -> None:
        from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder

        bundle = OscBundleBuilder(IMMEDIATELY)
        for address, values in messages:
            _add(bundle, address, values)
        try:
            self._client.send(bundle.build())
        except OSError as problem:
            raise FileError(f"cannot send OSC: {problem.strerror or problem}") from None


def _add(bundle: OscBundleBuilder, address: str, values: Sequence[int | float]) -> None:
    from pythonosc.osc_message_builder import OscMessageBuilder

    message = OscMessageBuilder(address)
    for value in values:
        message.add_arg(value, "i" if isinstance(value, int) else "f")
    bundle.add_content(message.build())
