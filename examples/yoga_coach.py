"""Name the pose in a photo, and how sure that is: python yoga_coach.py CLASSES.npz PHOTO ...

Make the classes with: movenet classes train yoga/ -o classes.npz
"""

import sys

import movenet
from movenet.analysis import load_classes


def main(classes_file: str, *photos: str) -> None:
    """Print a line for each photo."""
    classes = load_classes(classes_file)
    estimator = movenet.Estimator()
    for photo in photos:
        poses = estimator(movenet.read_photo(photo))
        if not poses:
            print(f"{photo}: no person")
            continue
        name, probability = classes.predict(poses[0])
        print(f"{photo}: {name}, {probability:.0%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
