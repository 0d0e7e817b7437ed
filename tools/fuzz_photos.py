"""Reads damaged photos and reports every crash, uncaught exception and excess of CPU time or memory.

python tools/fuzz_photos.py --cases 10000 --first-seed 1            # decoding
python tools/fuzz_photos.py --cases 1000 --first-seed 1 --estimate  # and the poses in what was decoded
"""

from __future__ import annotations

import argparse
import functools
import io
import random
from typing import Any, Final

import numpy as np
import pillow_heif
from PIL import Image

import movenet
from fuzzing import mutate_bytes, run_campaign
from movenet.media import decode_photo

FORMS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("JPEG", "RGB", {"quality": 90}),
    ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
    ("JPEG", "CMYK", {}),
    ("JPEG", "L", {"restart_marker_rows": 1}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {"transparency": 3}),
    ("PNG", "I;16", {}),
    ("BMP", "RGB", {}),
    ("BMP", "P", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("TIFF", "RGB", {}),
    ("TIFF", "RGBA", {"compression": "tiff_lzw"}),
    ("TIFF", "CMYK", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("GIF", "P", {}),
    ("GIF", "P", {"interlace": 1, "transparency": 2}),
    ("AVIF", "RGB", {"speed": 10}),
    ("AVIF", "RGBA", {"speed": 10}),
    ("HEIF", "RGB", {}),
    ("HEIF", "RGBA", {}),
)
"""Format, mode and options of Pillow, for the pictures that are then damaged."""
SIDES: Final = ((97, 61), (320, 240))


def damaged_photo(seed: int) -> bytes:
    """Return the bytes of a picture file with a few changes; a third of them within its first 64 bytes."""
    chance = random.Random(seed)
    data = sound_photo(chance.randrange(len(FORMS)), chance.choice(SIDES))
    if chance.random() < 0.33:
        return mutate_bytes(data[:64], chance) + data[64:]
    return mutate_bytes(data, chance)


@functools.cache
def sound_photo(form: int, size: tuple[int, int]) -> bytes:
    """Return the bytes of a picture file of (width, height), with EXIF where the format takes it."""
    pillow_heif.register_heif_opener()
    kind, mode, options = FORMS[form]
    noise = np.random.default_rng(form).integers(
        0, 256, (size[1] // 4 + 1, size[0] // 4 + 1, 3), dtype=np.uint8
    )
    picture = Image.fromarray(noise).resize(size)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257)
    else:
        picture = picture.convert(mode)
    if kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {**options, "exif": exif}
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def read(seed: int) -> str:
    """Decode the damaged photo of a seed."""
    decode_photo(damaged_photo(seed))
    return "read"


def estimate(seed: int) -> str:
    """Decode the damaged photo of a seed and find the poses in it."""
    image = decode_photo(damaged_photo(seed))
    return "somebody" if _estimator()(image) else "nobody"


@functools.cache
def _estimator() -> movenet.Estimator:
    return movenet.Estimator()


def main() -> None:
    """Run the campaign that the arguments describe and print its report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--estimate", action="store_true", help="find the poses in what was decoded, too")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.cases)
    print(run_campaign(estimate if arguments.estimate else read, seeds))


if __name__ == "__main__":
    main()
