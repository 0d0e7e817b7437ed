"""Data sets for training: built from clips, reviewed by a person, and checked for broken labels."""

from movenet.annotations import Problem
from movenet.annotations.check import check
from movenet.dataset.building import BuildResult, BuildSettings, build
from movenet.dataset.store import assemble

__all__ = ["BuildResult", "BuildSettings", "Problem", "assemble", "build", "check"]
