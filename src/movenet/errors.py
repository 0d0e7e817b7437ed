"""Everything that can go wrong in a way the user can mend, as one small tree."""


class MoveNetError(Exception):
    """Base of every error this package raises on purpose: one sentence for a person, with the remedy if known."""


class ModelError(MoveNetError):
    """A model is unknown, missing, damaged (wrong SHA-256) or not what was asked for."""


class MediaError(MoveNetError):
    """A picture, video, camera or output file cannot be read or written."""


class EngineError(MoveNetError):
    """A runtime is missing, cannot run on this machine, or was fed something it does not take."""


class DataError(MoveNetError):
    """Annotations, records or results are missing, malformed or do not fit together."""


def missing_extra(package: str, extra: str, purpose: str) -> str:
    """Return the sentence for a missing optional package, naming the exact command that brings it."""
    return f"{purpose} needs the package '{package}': install it with  pip install 'movenet[{extra}]'"
