"""Objects in the stores of clouds (S3, Google Cloud Storage, Azure), through pyarrow, which has clients of all three.

Credentials, regions and endpoints come from the environment, as the clouds' own tools read them (AWS_ACCESS_KEY_ID,
AWS_ENDPOINT_URL, ...), or from the address: s3://KEY:SECRET@bucket/name?endpoint_override=host:9000&scheme=http.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from glob import has_magic
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from movenet.errors import FileError, MediaError, MissingExtraError, MoveNetError
from movenet.media.location import Address

UPLOAD_BYTES: Final = 8 * 2**20
"""Bytes that are sent at a time."""


@dataclass(frozen=True, slots=True)
class CloudObject:
    """An object in a store, or the common start of several, as a folder."""

    address: Address

    @property
    def _parts(self) -> tuple[str, str, str]:
        """The bucket's address, the path of the object with the bucket, and the query."""
        scheme, _, rest = self.address.url.partition("://")
        place, question, query = rest.partition("?")
        bucket, _, name = place.partition("/")
        return f"{scheme}://{bucket}", f"{bucket.rpartition('@')[2]}/{name}".rstrip("/"), question + query

    @property
    def is_listing(self) -> bool:
        """Whether the address is a folder (it ends with a slash) or a glob."""
        name = self.address.url.partition("?")[0].partition("://")[2]
        return name.endswith("/") or "/" not in name or has_magic(self._parts[1])

    @property
    def suffix(self) -> str:
        """The end of its name from the last dot on, in lower case."""
        return posixpath.splitext(self._parts[1])[1].lower()

    def __str__(self) -> str:
        return str(self.address)

    def child(self, name: str) -> CloudObject:
        """Return the object of this name in this folder."""
        return self._with_path(posixpath.join(self._parts[1], name))

    def _with_path(self, path: str) -> CloudObject:
        root, _, query = self._parts
        name = path.partition("/")[2]
        return CloudObject(Address(f"{root}/{name}{query}"))

    @contextmanager
    def _store(self, verb: str, kind: type[MoveNetError] = MediaError) -> Iterator[tuple[Any, str]]:
        """Yield the store and the path in it; its errors become ours, of this class."""
        root, path, query = self._parts
        try:
            yield _open_store(root + query), path
        except (OSError, ValueError) as problem:  # ArrowInvalid is a ValueError
            reason = str(problem).partition("Detail:")[0].strip() or type(problem).__name__
            raise kind(f"cannot {verb} {self}: {reason}") from None

    def open(self) -> BinaryIO:
        """Open for reading; the file can be seeked, and reads only what is asked for.

        Raises:
            MediaError: It is missing, or the store does not answer.
            MissingExtraError: pyarrow is missing.
        """
        with self._store("read") as (store, path):
            return cast(BinaryIO, store.open_input_file(path))

    def read(self) -> bytes:
        """Return the content. Raises as `open`."""
        with self._store("read") as (store, path), store.open_input_file(path) as file:
            return cast(bytes, file.read())

    def upload(self, path: Path) -> None:
        """Write the content of a file; the object appears as a whole or not at all.

        Raises:
            FileError: The store does not take it.
        """
        with self._store("write", FileError) as (store, target), path.open("rb") as file:
            out = store.open_output_stream(target)
            while data := file.read(UPLOAD_BYTES):
                out.write(data)
            out.close()  # not after an error: it would complete the object with a part of its content

    def remove(self) -> None:
        """Remove the object, if there is one. Raises as `upload`."""
        with self._store("remove", FileError) as (store, path):
            if _is_file(store.get_file_info(path)):
                store.delete_file(path)

    def children(self) -> list[str]:
        """Return the names of the objects in this folder, without those in folders of it. Raises as `open`."""
        from pyarrow.fs import FileSelector

        with self._store("list") as (store, path):
            found = store.get_file_info(FileSelector(path, allow_not_found=True))
        return sorted(info.base_name for info in found if _is_file(info))

    def matching(self) -> Iterator[CloudObject]:
        """Yield the objects in this folder or that match this glob, in which ** stands for any folders.

        The names in one folder of the store are held in memory at a time. Raises as `open`.
        """
        path = self._parts[1]
        folder, pattern = (path, f"{path}/*") if not has_magic(path) else (_fixed_part(path), path)
        yield from (self._with_path(found) for found in self._walk(folder, pattern))

    def _walk(self, folder: str, pattern: str) -> Iterator[str]:
        from pyarrow.fs import FileSelector

        with self._store("list") as (store, _):
            found = store.get_file_info(FileSelector(folder))
        depth, is_deep = pattern.count("/"), "**" in pattern
        for info in found:
            if not _is_file(info) and (is_deep or info.path.count("/") < depth):
                yield from self._walk(info.path, pattern)
            elif _is_file(info) and (is_deep or info.path.count("/") == depth):
                found_name = fnmatchcase(info.path, pattern.replace("**/", "*"))
                yield from [info.path] if found_name else []


def _is_file(info: Any) -> bool:
    return bool(info.is_file)


def _fixed_part(pattern: str) -> str:
    """Return the folder of a glob before its first folder with a wildcard."""
    parts = pattern.split("/")
    return "/".join(parts[: next(i for i, part in enumerate(parts) if has_magic(part))])


@cache
def _open_store(root: str) -> Any:
    try:
        from pyarrow.fs import FileSystem
    except ImportError as problem:
        raise MissingExtraError("pyarrow", "cloud", "reading and writing in clouds") from problem
    store, _ = FileSystem.from_uri(root)
    return store
