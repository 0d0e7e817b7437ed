"""Raw heads to people: the decoders, and which one reads which model."""

from movenet.decode.movenet import (
    DISTANCE_OFFSET_CELLS,
    Cells,
    DecodedPeople,
    Floats,
    Guide,
    Guides,
    Heads,
    MultiPoseSettings,
    apply_guides,
    decode_many,
    decode_one,
    find_peaks,
    sigmoid,
)

__all__ = [
    "DISTANCE_OFFSET_CELLS",
    "Cells",
    "DecodedPeople",
    "Floats",
    "Guide",
    "Guides",
    "Heads",
    "MultiPoseSettings",
    "apply_guides",
    "decode_many",
    "decode_one",
    "find_peaks",
    "sigmoid",
]
