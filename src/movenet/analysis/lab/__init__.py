"""Formats of movement laboratories: TRC, MOT, C3D, DeepLabCut CSV and OpenPose JSON, written and read back.

TRC and C3D hold positions in metres or millimetres, which need a scale; MOT holds angles in degrees; DeepLabCut and
OpenPose hold pixels of the picture. All are two-dimensional: z is 0.
"""

from movenet.analysis.lab.c3d import read_c3d, write_c3d
from movenet.analysis.lab.deeplabcut import read_deeplabcut, write_deeplabcut
from movenet.analysis.lab.markers import Markers, make_markers
from movenet.analysis.lab.mot import read_mot, write_mot
from movenet.analysis.lab.openpose import read_openpose, write_openpose
from movenet.analysis.lab.trc import read_trc, write_trc

__all__ = [
    "Markers",
    "make_markers",
    "read_c3d",
    "read_deeplabcut",
    "read_mot",
    "read_openpose",
    "read_trc",
    "write_c3d",
    "write_deeplabcut",
    "write_mot",
    "write_openpose",
    "write_trc",
]
