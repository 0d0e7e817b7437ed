"""MoveNet: 17 body keypoints from photos, videos and live cameras.

    import movenet

    movenet.estimate("photo.jpg")                        # list of poses
    for frame, poses in movenet.watch("dance.mp4"): ...  # frame by frame

The first use of a public name loads numpy and OpenCV; inference engines and codecs are loaded when they are needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from movenet._version import __version__ as __version__

if TYPE_CHECKING:
    from movenet._public import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("_"):
            public = import_module("movenet._public")
            if name == "__all__" or name in public.__all__:
                return getattr(public, name)
        raise AttributeError(f"module 'movenet' has no attribute '{name}'")

    def __dir__() -> list[str]:
        return sorted([*globals(), *import_module("movenet._public").__all__])
