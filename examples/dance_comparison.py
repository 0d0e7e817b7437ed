"""Compare two dances: python dance_comparison.py MINE TEACHER."""

import sys

import movenet
from movenet.analysis import compare_sequences, make_tracks
from movenet.records import Record


def dancer(video: str):
    """Return the dancer of a video."""
    frames = ((frame, tuple(poses)) for frame, poses in movenet.watch(video))
    return make_tracks(Record(video, frame.index, frame.time_s, 0, 0, poses) for frame, poses in frames)[0]


def main(mine: str, teacher: str) -> None:
    """Print how alike they are, and the joints that differ most."""
    found = compare_sequences(dancer(mine), dancer(teacher))
    print(f"{found.similarity:.0%} alike{', as in a mirror' if found.mirrored else ''}")
    worst = sorted(found.difference_deg.items(), key=lambda item: -item[1])[:3]
    print(", ".join(f"{name.replace('_', ' ')} {degrees:.0f} degrees" for name, degrees in worst))


if __name__ == "__main__":
    main(*sys.argv[1:])
