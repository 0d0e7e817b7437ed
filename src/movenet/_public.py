"""The public names of `movenet`, each from the module that defines it."""

from movenet.calibration import probabilities, with_probabilities
from movenet.crop import Crop
from movenet.decode import Guide, decode_many, decode_one
from movenet.drawing import Style, blur, crop_people, draw
from movenet.engine import Engine, Runtime, ScriptedEngine, open_engine
from movenet.errors import (
    DataError,
    EngineError,
    FileError,
    MediaError,
    MissingExtraError,
    ModelError,
    MoveNetError,
    UnknownKeypointError,
)
from movenet.estimator import (
    Detection,
    Estimator,
    EstimatorSettings,
    default_settings,
    estimate,
    from_corners,
)
from movenet.interop import to_supervision
from movenet.media import Frame, open_source, open_writer, read_photo, write_photo
from movenet.models import MODELS, ModelCard
from movenet.planar import PlanarImage
from movenet.pose import BONES, KEYPOINTS, MIRROR, SIGMAS, Pose
from movenet.records import Record, open_records, read_records, to_dataframe
from movenet.skeleton import Skeleton, make_skeleton
from movenet.smoothing import OneEuro, ZeroPhase
from movenet.video import FollowSettings, TrackSettings, VideoEstimator, smooth_recording, watch
from movenet.video.callbacks import RunningStream, start_stream, stream

__all__ = [
    "BONES",
    "KEYPOINTS",
    "MIRROR",
    "MODELS",
    "SIGMAS",
    "Crop",
    "DataError",
    "Detection",
    "Engine",
    "EngineError",
    "Estimator",
    "EstimatorSettings",
    "FileError",
    "FollowSettings",
    "Frame",
    "Guide",
    "MediaError",
    "MissingExtraError",
    "ModelCard",
    "ModelError",
    "MoveNetError",
    "OneEuro",
    "PlanarImage",
    "Pose",
    "Record",
    "RunningStream",
    "Runtime",
    "ScriptedEngine",
    "Skeleton",
    "Style",
    "TrackSettings",
    "UnknownKeypointError",
    "VideoEstimator",
    "ZeroPhase",
    "blur",
    "crop_people",
    "decode_many",
    "decode_one",
    "default_settings",
    "draw",
    "estimate",
    "from_corners",
    "make_skeleton",
    "open_engine",
    "open_records",
    "open_source",
    "open_writer",
    "probabilities",
    "read_photo",
    "read_records",
    "smooth_recording",
    "start_stream",
    "stream",
    "to_dataframe",
    "to_supervision",
    "watch",
    "with_probabilities",
    "write_photo",
]
