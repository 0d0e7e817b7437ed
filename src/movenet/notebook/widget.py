"""The widget: it receives pictures of the browser's camera and returns poses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import anywidget
import traitlets

from movenet.analysis import Exercise, Repetition, RepetitionCounter
from movenet.calibration import curve_of, with_probabilities
from movenet.errors import DataError, MoveNetError
from movenet.estimator import Estimator, People
from movenet.media.frame import Frame
from movenet.notebook.assets import script, style
from movenet.notebook.history import History
from movenet.notebook.messages import Choose, Hello, Picture, Start, Stop, read_message
from movenet.notebook.model_choice import ModelChoice, card_of, name_of
from movenet.notebook.run import FrameResult, Run
from movenet.pose import Pose
from movenet.records import Record
from movenet.records.record import to_plain
from movenet.video import ONE_EURO, PoseFunction, VideoEstimator
from movenet.video.callbacks import Model, OnPose, pose_function

HISTORY_FRAMES: Final = 18_000
"""Default length of the history: ten minutes at 30 frames per second."""
EVEN_PROBABILITY: Final = 0.5
"""Default `threshold` of probabilities: keypoints above it are right more often than wrong."""
RUN_GAP_S: Final = 0.001
"""Minimum time between the last frame of a run and the first of the next, so that times always increase."""


class Camera(anywidget.AnyWidget):
    """Shows the camera of the user's browser with skeletons; needs no network port and no camera at the kernel.

    The browser sends a picture through the widget's comm and, when its poses are back, the newest picture; if transfer
    takes longer than estimation, two pictures are in flight at once. Jupyter handles the messages of widgets in a
    separate thread if front end and kernel have subshells (JupyterLab ≥ 4.4 with ipykernel ≥ 7), else between cells;
    another thread in the widget would not help then, because messages would still wait for the cell.
    """

    _esm = script()
    _css = style()
    model = traitlets.Unicode().tag(sync=True)
    """Name of the model, or path of its file; it is loaded when it is set. Fixed if an estimator was given."""
    people = traitlets.Unicode().tag(sync=True)
    """Whom to track: "one", "many" or "auto". Fixed if an estimator was given."""
    mirror = traitlets.Bool(default_value=True).tag(sync=True)
    """Mirror the displayed picture; poses are not mirrored."""
    threshold = traitlets.Float(default_value=0.3, min=0.0, max=1.0).tag(sync=True)
    """Minimum score of the keypoints that are drawn; `poses` has all of them."""
    smooth = traitlets.Bool(default_value=True).tag(sync=True)
    """Smooth the keypoints over time; without effect on an `Estimator`, which has no state."""
    status = traitlets.Unicode(default_value="off", read_only=True)
    """"on", "off", or the reason why the camera is off."""
    _models = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The models that the widget offers; none if an estimator was given."""

    def __init__(
        self,
        model: Model = "lightning",
        *,
        people: People = "one",
        exercise: str | Exercise | None = None,
        probabilities: bool = False,
        history_limit: int = HISTORY_FRAMES,
        **traits: Any,
    ) -> None:
        """Load the model; the camera starts as soon as the widget is shown.

        Args:
            model: the name of a model, an ONNX file, or an estimator, which several widgets may share. The widget
                offers Lightning and Thunder beside a model of your own, but no other than a given estimator.
            people: "one", "many" or "auto", as in `Estimator`.
            exercise: exercise to count, such as "squat" (`movenet.analysis.EXERCISES`); see `repetitions`.
            probabilities: whether the scores of keypoints are probabilities (`movenet.probabilities`) in everything
                that the widget shows and returns; `threshold` is then 0.5 if it is not given.
            history_limit: largest number of frames that `history` keeps.
            traits: `mirror`, `threshold`, `smooth`, or traits of every widget, such as `layout`.

        Raises:
            ModelError: if `model` or `people` is unknown, `people` is given although `model` is an estimator, or
                probabilities are wanted of a model without a calibration.
            DataError: if `history_limit` is below 0, or the exercise is unknown.
        """
        # Messages may be handled in another thread while a cell uses the same widget.
        self._lock = threading.RLock()
        self._choice = ModelChoice(model, people)
        self._probabilities = probabilities
        self._model = self._open(self._choice.name, self._choice.people)
        if probabilities:
            traits = {"threshold": EVEN_PROBABILITY} | traits
        self._history = History(history_limit)
        self._counter = None if exercise is None else RepetitionCounter(exercise, card_of(self._model))
        self._callbacks: tuple[OnPose, ...] = ()
        self._problem: Exception | None = None
        self._run: Run | None = None
        self._result: FrameResult | None = None
        self._origin_s = 0.0
        self._start_wanted = True
        smooth = not isinstance(self._model, VideoEstimator) or self._model.smoothing is not None
        chosen = {"model": self._choice.name, "people": self._choice.people, "_models": self._choice.names}
        super().__init__(**{"smooth": smooth} | traits | chosen)
        self.observe(self._on_choice_change, ("model", "people"))
        self.observe(self._on_smooth_change, "smooth")
        self.on_msg(self._on_message)

    @property
    def poses(self) -> list[Pose]:
        """The poses in the newest frame, in pixels, not mirrored; empty if there are none or there is no frame yet."""
        result = self._result
        return list(result.poses) if result else []

    @property
    def frame(self) -> Frame | None:
        """The newest frame, None before the first one; its time starts at the first frame and continues over stops."""
        result = self._result
        return result.frame if result else None

    def snapshot(self) -> tuple[Frame, list[Pose]]:
        """Return the newest frame and the poses in it.

        The frame has the picture that the browser sent for estimation: JPEG-compressed, at most 640 pixels long and
        less in a slow connection. "Snapshot" in the widget saves the camera's own picture.

        Raises:
            DataError: if there is no frame yet.
        """
        result = self._result
        if result is None:
            raise DataError(
                "expected a frame of the camera, got none yet: show the widget and start its camera"
            )
        return result.frame, list(result.poses)

    @property
    def history(self) -> History:
        """The records of the newest frames, at most `history_limit`."""
        return self._history

    @property
    def repetitions(self) -> list[Repetition]:
        """The repetitions of `exercise` so far, of all people, in the order of time; empty without an exercise."""
        if self._counter is None:
            return []
        with self._lock:
            found = [one for counted in self._counter.repetitions.values() for one in counted]
        return sorted(found, key=lambda one: one.start_s)

    @property
    def problem(self) -> Exception | None:
        """The error raised by the last callback that failed; None if none has failed."""
        return self._problem

    def start(self) -> None:
        """Turn the camera on, or, if the widget is not shown, as soon as it is."""
        self._start_wanted = True
        self.send({"type": "start"})

    def stop(self) -> None:
        """Turn the camera off; `poses`, `frame` and `history` keep their values."""
        self._start_wanted = False
        self.send({"type": "stop"})

    def on_pose(self, callback: OnPose) -> OnPose:
        """Call `callback(frame, poses)` for each frame; returns `callback`, so that it can be used as a decorator.

        It is called after the poses were sent to the browser, in the thread that handles the widget's messages. It is
        removed if it returns False or raises an error; the widget shows the error, and `problem` has it.
        """
        with self._lock:
            self._callbacks += (callback,)
        return callback

    def off_pose(self, callback: OnPose) -> None:
        """Remove a callback; does nothing if it is not registered."""
        with self._lock:
            self._callbacks = tuple(known for known in self._callbacks if known != callback)

    def close(self) -> None:
        """Turn the camera off and remove the widget; `poses` and `history` can still be read."""
        with self._lock:
            self._run, self._callbacks = None, ()
        super().close()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take settings of the browser, for the front end; a wrong one is reported and reset there."""
        try:
            super().set_state(sync_data)
        except traitlets.TraitError as problem:
            self.send_state(set(sync_data) & set(self.keys))
            self._send_error({}, str(problem))

    def _on_message(self, _: object, content: Any, buffers: Any) -> None:
        """Handle a message of the browser; errors are sent back."""
        try:
            message = read_message(content, buffers)
            _HANDLERS[type(message)](self, message)
        except MoveNetError as problem:
            self._send_error(content, str(problem))
        except Exception as bug:
            self._send_error(content, f"{type(bug).__name__}: {bug}")
            raise

    def _send_error(self, content: Any, message: str) -> None:
        received = content if isinstance(content, Mapping) else {}
        client, frame = received.get("client"), received.get("frame")
        self.send(
            {
                "type": "error",
                "client": client if isinstance(client, str) else None,
                "frame": frame if isinstance(frame, int) else None,
                "message": message,
            }
        )

    def _on_hello(self, message: Hello) -> None:
        with self._lock:
            start, self._start_wanted = self._start_wanted, False
        self.send({"type": "welcome", "client": message.client, "model_id": self.model_id, "start": start})

    def _on_start(self, message: Start) -> None:
        with self._lock:
            previous, last = self._run, self.frame
            now_s = time.monotonic()
            if last is None:
                self._origin_s = now_s
            start_s = 0.0 if last is None else max(now_s - self._origin_s, last.time_s + RUN_GAP_S)
            self._run = Run(
                message.client, self._new_stream(), start_s, 0 if last is None else last.index + 1
            )
            self._start_wanted = False
        if previous is not None and previous.client != message.client:
            self.send({"type": "taken", "client": previous.client})
        self.set_trait("status", "on")

    def _on_stop(self, message: Stop) -> None:
        with self._lock:
            if self._run is not None and self._run.client != message.client:
                return
            self._run = None
        self.set_trait("status", message.reason or "off")

    def _on_picture(self, message: Picture) -> None:
        with self._lock:
            if self._run is None or self._run.client != message.client:
                self.send({"type": "taken", "client": message.client})
                return
            result = self._run.process(message)
            if self._counter is not None:
                self._counter.step(result.frame.time_s, result.poses)
            if self._probabilities:
                card = card_of(self._model)
                result = replace(result, poses=[with_probabilities(pose, card) for pose in result.poses])
            record = _record(result)
            self._result = result
            self._history.append(record)
        kernel_s = {"decoded": result.decode_s, "estimated": result.estimate_s}
        answer = {"type": "poses", "client": message.client, "frame": message.frame, "kernel_s": kernel_s}
        counted = {} if self._counter is None else {"repetitions": len(self.repetitions)}
        self.send(to_plain(record) | answer | counted)
        for callback in self._callbacks:
            self._call(callback, result)

    def _call(self, callback: OnPose, result: FrameResult) -> None:
        try:
            keep = callback(result.frame, list(result.poses)) is not False
        except Exception as problem:  # noqa: BLE001 (it is shown in the widget)
            self._problem, keep = problem, False
            name = getattr(callback, "__name__", type(callback).__name__)
            self.send({"type": "callback", "message": f"{name}: {type(problem).__name__}: {problem}"})
        if not keep:
            self.off_pose(callback)

    def _on_choose(self, message: Choose) -> None:
        self._open(message.model, message.people)  # raises for a model that cannot be chosen
        with self.hold_trait_notifications():
            self.model, self.people = message.model, message.people
        self.send({"type": "chosen", "client": message.client})

    @traitlets.validate("model", "people")
    def _check_choice(self, proposal: Mapping[str, Any]) -> str:
        """Load the model that is chosen, while other threads go on with the one before."""
        name, value = proposal["trait"].name, str(proposal["value"])
        try:
            if name == "model" and self._choice.names:
                value = name_of(value)
            self._open(**({"model": self.model, "people": self.people} | {name: value}))
        except MoveNetError as problem:
            raise traitlets.TraitError(str(problem)) from problem
        return value

    def _open(self, model: str, people: str) -> Estimator | VideoEstimator:
        opened = self._choice.open(model, people)
        if self._probabilities:
            curve_of(card_of(opened))  # raises for a model without a calibration
        return opened

    def _on_choice_change(self, change: object) -> None:
        with self._lock:
            self._model = self._open(self.model, self.people)
            if self._counter is not None:
                self._counter.model = card_of(self._model)
            self._on_smooth_change(change)

    def _on_smooth_change(self, _: object) -> None:
        """Continue with a new stream."""
        with self._lock:
            if self._run is not None:
                self._run.step = self._new_stream()

    def _new_stream(self) -> PoseFunction:
        """Return a new stream with the current setting of `smooth`."""
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


_HANDLERS: Final[Mapping[type, Callable[[Camera, Any], None]]] = {
    Hello: Camera._on_hello,
    Start: Camera._on_start,
    Stop: Camera._on_stop,
    Choose: Camera._on_choose,
    Picture: Camera._on_picture,
}


def _record(result: FrameResult) -> Record:
    frame = result.frame
    return Record(frame.source, frame.index, frame.time_s, frame.width, frame.height, tuple(result.poses))
