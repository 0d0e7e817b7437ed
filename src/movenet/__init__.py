"""MoveNet in the open: 17 body keypoints from photos, videos and live cameras."""

__version__ = "0.1.0"
