"""The options of `movenet run` that only a job of many files has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from movenet.cli.run_plan import STDOUT
from movenet.errors import MoveNetError
from movenet.media.location import Address, locate


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The options that only a job has; None where an option was not given."""

    folder: str | None = None
    """Folder of records, a path or an address in a cloud; None if the run is no job."""
    format: str | None = None
    """`movenet.scale.RecordsFormat`."""
    resume: bool = False
    executor: str | None = None
    """"threads" or "ray"."""
    address: str | None = None
    """Address of a Ray cluster."""

    def check_unused(self) -> None:
        """Raise MoveNetError if an option was given to a run that is no job."""
        given = {
            "--records-format": self.format is not None,
            "--resume": self.resume,
            "--executor": self.executor is not None,
            "--address": self.address is not None,
        }
        if named := [option for option, is_given in given.items() if is_given]:
            raise MoveNetError(
                f"{named[0]} is for a folder of records: expected --records FOLDER, without a suffix"
            )


def sort_records(records: str | None) -> tuple[str | None, Path | None]:
    """Return the folder of records of a job, or the file of another run; both None without records.

    A folder is one that exists, a name without a suffix, or an address in a cloud.
    """
    if records is None:
        return None, None
    location, path = locate(records), Path(records)
    in_cloud = isinstance(location, Address) and location.is_cloud
    is_folder = in_cloud or (path != STDOUT and (path.is_dir() or not path.suffix))
    return (records, None) if is_folder else (None, path)
