"""Files of poses, one record per picture: JSON Lines, CSV, Parquet or COCO results, written picture by picture."""

from movenet.records.dataframe import to_dataframe
from movenet.records.reading import read_records
from movenet.records.record import Record, from_json, to_json
from movenet.records.writing import RecordWriter, number_in_name, open_records

__all__ = [
    "Record",
    "RecordWriter",
    "from_json",
    "number_in_name",
    "open_records",
    "read_records",
    "to_dataframe",
    "to_json",
]
