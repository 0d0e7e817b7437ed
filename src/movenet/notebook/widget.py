"""The Jupyter widget: shows the browser's camera with the poses that Python estimates."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from movenet.errors import ModelError, MoveNetError
from movenet.estimator import Estimator, People
from movenet.media.frame import Frame
from movenet.notebook.assets import script, style
from movenet.notebook.history import History
from movenet.notebook.messages import Hello, Picture, Start, Stop, read_message
from movenet.notebook.run import Run, Seen
from movenet.pose import Pose
from movenet.records import Record
from movenet.records.record import to_plain
from movenet.video import ONE_EURO, VideoEstimator
from movenet.video.callbacks import Model, OnPose, PoseFunction, pose_function

HISTORY_FRAMES: Final = 18_000
"""Ten minutes at 30 frames a second."""
BETWEEN_RUNS_S: Final = 0.001
"""The least time from the last frame of a run to the first of the next, so that times always rise."""


class Camera(anywidget.AnyWidget):
    """Shows the camera of the notebook's user with skeletons; needs no port, and no camera on the kernel's machine.

    The browser sends a picture through the widget's own channel and, once its poses are back, the newest one; where the
    way takes longer than the looking, one more is under way. Messages are handled where Jupyter handles those of
    widgets: in a thread beside the cells where front end and kernel have subshells (JupyterLab from 4.4 with ipykernel
    from 7), else between the cells. A thread of our own would not help there: messages would still wait for the cell.
    """

    _esm = script()
    _css = style()
    mirror = traitlets.Bool(default_value=True).tag(sync=True)
    """Show the picture as in a mirror; sides keep their names, and coordinates are those of the camera."""
    threshold = traitlets.Float(default_value=0.3, min=0.0, max=1.0).tag(sync=True)
    """Keypoints that score less are not drawn; `poses` has them all the same."""
    smooth = traitlets.Bool(default_value=True).tag(sync=True)
    """Smooth the keypoints over time; without effect on an `Estimator`, which has no memory."""
    status = traitlets.Unicode(default_value="off", read_only=True)
    """"on", "off", or in a few words why the camera is off."""

    def __init__(
        self,
        model: Model = "lightning",
        *,
        people: People = "one",
        history_limit: int = HISTORY_FRAMES,
        **traits: Any,
    ) -> None:
        """Load the model; the camera is turned on as soon as the widget is shown.

        Args:
            model: the name of a model, an ONNX file, or an estimator, which several widgets may share.
            people: "one", "many" or "auto", as in `Estimator`.
            history_limit: how many frames `history` keeps, the newest.
            traits: `mirror`, `threshold`, `smooth`, or what every widget has, such as `layout`.

        Raises:
            ModelError: if the model or the choice of people is unknown, or people are to be chosen though an
                estimator is given, which has its own choice.
            DataError: if `history_limit` is under 0.
        """
        # Messages may come in a thread of their own while a cell works with the same widget.
        self._lock = threading.RLock()
        self._model = _opened(model, people)
        self._history = History(history_limit)
        self._callbacks: tuple[OnPose, ...] = ()
        self._problem: Exception | None = None
        self._run: Run | None = None
        self._seen: Seen | None = None
        self._zero_s = 0.0
        self._start_wanted = True
        smooth = not isinstance(self._model, VideoEstimator) or self._model.smoothing is not None
        super().__init__(**{"smooth": smooth} | traits)
        self.observe(self._change_step, "smooth")
        self.on_msg(self._hear)

    @property
    def poses(self) -> list[Pose]:
        """The poses in the newest frame, in its pixels, not mirrored; empty if there is no person or no frame yet."""
        seen = self._seen
        return list(seen.poses) if seen else []

    @property
    def frame(self) -> Frame | None:
        """The newest frame; its time counts from the first one, and on through stops and starts."""
        seen = self._seen
        return seen.frame if seen else None

    @property
    def history(self) -> History:
        """The records of the newest frames, up to a limit."""
        return self._history

    @property
    def problem(self) -> Exception | None:
        """What the last callback that failed had raised; None if none has."""
        return self._problem

    def start(self) -> None:
        """Turn the camera on: now where the widget is shown, else as soon as it is."""
        self._start_wanted = True
        self.send({"type": "start"})

    def stop(self) -> None:
        """Turn the camera off; what was seen stays."""
        self._start_wanted = False
        self.send({"type": "stop"})

    def on_pose(self, callback: OnPose) -> OnPose:
        """Call `callback(poses, frame)` for each frame from now on; returns it, so this serves as a decorator.

        It is called after the browser has its answer, in the thread that handles the widget's messages. If it
        returns False it is called no more. If it raises, neither: the widget says so, and `problem` has the error.
        """
        with self._lock:
            self._callbacks += (callback,)
        return callback

    def off_pose(self, callback: OnPose) -> None:
        """Call a callback no more; nothing happens if it is not known."""
        with self._lock:
            self._callbacks = tuple(known for known in self._callbacks if known != callback)

    def close(self) -> None:
        """Turn the camera off and take the widget away; `poses` and `history` can still be read."""
        with self._lock:
            self._run, self._callbacks = None, ()
        super().close()

    def _hear(self, _: object, content: Any, buffers: Any) -> None:
        """Take in a message from the browser; what is wrong with it is said there."""
        try:
            message = read_message(content, buffers)
            _ANSWERS[type(message)](self, message)
        except MoveNetError as problem:
            self._complain(content, str(problem))
        except Exception as bug:
            self._complain(content, f"{type(bug).__name__}: {bug}")
            raise

    def _complain(self, content: Any, message: str) -> None:
        asked = content if isinstance(content, Mapping) else {}
        client, frame = asked.get("client"), asked.get("frame")
        self.send(
            {
                "type": "error",
                "client": client if isinstance(client, str) else None,
                "frame": frame if isinstance(frame, int) else None,
                "message": message,
            }
        )

    def _greet(self, message: Hello) -> None:
        with self._lock:
            start, self._start_wanted = self._start_wanted, False
        self.send({"type": "welcome", "client": message.client, "model_id": self.model_id, "start": start})

    def _begin(self, message: Start) -> None:
        with self._lock:
            before, last = self._run, self.frame
            now_s = time.monotonic()
            if last is None:
                self._zero_s = now_s
            start_s = 0.0 if last is None else max(now_s - self._zero_s, last.time_s + BETWEEN_RUNS_S)
            self._run = Run(message.client, self._step(), start_s, 0 if last is None else last.index + 1)
            self._start_wanted = False
        if before is not None and before.client != message.client:
            self.send({"type": "taken", "client": before.client})
        self.set_trait("status", "on")

    def _end(self, message: Stop) -> None:
        with self._lock:
            if self._run is not None and self._run.client != message.client:
                return
            self._run = None
        self.set_trait("status", message.reason or "off")

    def _look(self, message: Picture) -> None:
        with self._lock:
            if self._run is None or self._run.client != message.client:
                self.send({"type": "taken", "client": message.client})
                return
            seen = self._run.take(message)
            record = _record(seen)
            self._seen = seen
            self._history.append(record)
        kernel_s = {"decoded": seen.decoded_s, "estimated": seen.estimated_s}
        answer = {"type": "poses", "client": message.client, "frame": message.frame, "kernel_s": kernel_s}
        self.send(to_plain(record) | answer)
        for callback in self._callbacks:
            self._tell(callback, seen)

    def _tell(self, callback: OnPose, seen: Seen) -> None:
        try:
            wanted = callback(list(seen.poses), seen.frame) is not False
        except Exception as problem:  # noqa: BLE001 (it is shown in the widget, where the user looks)
            self._problem, wanted = problem, False
            name = getattr(callback, "__name__", type(callback).__name__)
            self.send({"type": "callback", "message": f"{name}: {type(problem).__name__}: {problem}"})
        if not wanted:
            self.off_pose(callback)

    def _change_step(self, _: object) -> None:
        with self._lock:
            if self._run is not None:
                self._run.step = self._step()

    def _step(self) -> PoseFunction:
        """Return a new stream."""
        model = self._model
        if isinstance(model, VideoEstimator) and self.smooth != (model.smoothing is not None):
            model = VideoEstimator(
                model.estimator,
                lock=model.lock,
                settings=model.settings,
                tracks=model.tracks,
                smoothing=ONE_EURO if self.smooth else None,
            )
        return pose_function(model)


_ANSWERS: Final[Mapping[type, Callable[[Camera, Any], None]]] = {
    Hello: Camera._greet,
    Start: Camera._begin,
    Stop: Camera._end,
    Picture: Camera._look,
}


def _opened(model: Model, people: People) -> Estimator | VideoEstimator:
    if isinstance(model, str | Path):
        return VideoEstimator(model if people == "one" else Estimator(model, people=people))
    if people != "one":
        raise ModelError(f"expected people to be chosen where the estimator is made, got people='{people}'")
    return model


def _record(seen: Seen) -> Record:
    frame = seen.frame
    height, width = frame.image.shape[:2]
    return Record(frame.source, frame.index, frame.time_s, width, height, tuple(seen.poses))
