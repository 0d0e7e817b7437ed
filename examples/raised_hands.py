"""Print when a hand is above the nose: python raised_hands.py VIDEO."""

import sys

import movenet


def main(video: str) -> None:
    """Print the times at which a hand goes up."""
    was_up = False
    for frame, poses in movenet.watch(video):
        for pose in poses:
            _, nose_y, _ = pose["nose"]
            wrists = (pose["left_wrist"], pose["right_wrist"])
            is_up = any(y < nose_y and score > 0.3 for _, y, score in wrists)
            if is_up and not was_up:
                print(f"{frame.time_s:.2f} s: hand up")
            was_up = is_up


if __name__ == "__main__":
    main(*sys.argv[1:])
