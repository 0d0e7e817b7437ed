"""Draw the skeleton on a photo: python draw_photo.py PHOTO OUT."""

import sys

import movenet


def main(photo: str, out: str) -> None:
    """Find the person of a photo, draw the skeleton and print where the wrists are."""
    image = movenet.read_photo(photo)
    poses = movenet.Estimator("lightning")(image)
    movenet.write_photo(out, movenet.draw(image, poses))
    for pose in poses:
        print("left wrist", pose["left_wrist"], "right wrist", pose["right_wrist"])


if __name__ == "__main__":
    main(*sys.argv[1:])
