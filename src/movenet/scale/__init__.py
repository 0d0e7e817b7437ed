"""Jobs of many files: listed lazily, estimated by threads or by Ray, recorded in a folder, resumed after a kill."""

from movenet.scale.files import FilePoses, FileSettings
from movenet.scale.job import JobCounts, run_job
from movenet.scale.listing import list_names, read_list
from movenet.scale.shards import RecordsFolder, RecordsFormat
from movenet.scale.threads import run_in_threads

__all__ = [
    "FilePoses",
    "FileSettings",
    "JobCounts",
    "RecordsFolder",
    "RecordsFormat",
    "list_names",
    "read_list",
    "run_in_threads",
    "run_job",
]
