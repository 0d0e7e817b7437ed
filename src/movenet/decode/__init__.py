"""Raw heads to people: the decoders, and which one reads which model."""

from movenet.decode.movenet import (
    NEAREST_CELLS,
    Cells,
    Floats,
    Guide,
    Guides,
    Heads,
    ManySettings,
    People,
    decode_many,
    decode_one,
    find_peaks,
    lean,
    sigmoid,
)

__all__ = [
    "NEAREST_CELLS",
    "Cells",
    "Floats",
    "Guide",
    "Guides",
    "Heads",
    "ManySettings",
    "People",
    "decode_many",
    "decode_one",
    "find_peaks",
    "lean",
    "sigmoid",
]
