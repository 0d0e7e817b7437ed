"""Tell how a person sits at a desk, filmed from the side: python desk_posture.py PHOTO."""

import sys

import movenet
from movenet.analysis import measure_angles


def main(photo: str) -> None:
    """Print the lean of the trunk and the angles of elbow, hip and knee of the side that is seen better."""
    for pose in movenet.Estimator()(movenet.read_photo(photo)):
        angles = measure_angles(pose, "thunder", min_reliability=0.3)
        lean = 90 - angles["trunk"].degrees
        print(f"trunk: {lean:+.0f} degrees from upright" if lean == lean else "trunk: not seen")
        for joint in ("elbow", "hip", "knee"):
            best = max(
                (angles[f"{side}_{joint}"] for side in ("left", "right")), key=lambda one: one.reliability
            )
            seen = best.degrees == best.degrees
            print(f"{joint}: {best.degrees:.0f} degrees" if seen else f"{joint}: not seen")


if __name__ == "__main__":
    main(*sys.argv[1:])
