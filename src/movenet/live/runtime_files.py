"""Files that the page runs models with, out of npm packages: ONNX Runtime for the web, and others."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movenet.errors import DataError, FileError


@dataclass(frozen=True, slots=True)
class NpmFiles:
    """Some files of an npm package."""

    package: str
    version: str
    sha256: Mapping[str, str]
    """Path in the package → SHA-256 of the file."""


ONNXRUNTIME_VERSION: Final = "1.30.0"
WEBGPU_FILES: Final = NpmFiles(
    "onnxruntime-web",
    ONNXRUNTIME_VERSION,
    {
        "dist/ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
        "dist/ort-wasm-simd-threaded.asyncify.mjs": (
            "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28"
        ),
        "dist/ort-wasm-simd-threaded.asyncify.wasm": (
            "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da"
        ),
    },
)
"""ONNX Runtime's build for graphics cards (WebGPU), which is not part of this package."""


def read_files(archive: Path, wanted: NpmFiles) -> dict[str, bytes]:
    """Return files of an npm package by the names under which the page stores them.

    WebAssembly is stored compressed, because most static servers send it as it is.

    Args:
        archive: the .tgz that `npm pack PACKAGE@VERSION` wrote.
        wanted: the files.

    Raises:
        FileError: The archive cannot be read.
        DataError: It is no such package, or another version of it.
    """
    try:
        with tarfile.open(archive) as members:
            contents = {path: _read(members, path, wanted) for path in wanted.sha256}
    except OSError as error:
        raise FileError(f"cannot read {archive}: {error.strerror or error}") from None
    except (tarfile.TarError, EOFError) as error:
        raise DataError(
            f"{archive}: expected the npm package {wanted.package} {wanted.version}, got {error}"
        ) from None
    return dict(_stored(Path(path).name, data) for path, data in contents.items())


def _stored(name: str, data: bytes) -> tuple[str, bytes]:
    return (f"{name}.gz", gzip.compress(data, 9, mtime=0)) if name.endswith(".wasm") else (name, data)


def _read(members: tarfile.TarFile, path: str, wanted: NpmFiles) -> bytes:
    try:
        member = members.extractfile(f"package/{path}")
    except KeyError:
        member = None
    data = b"" if member is None else member.read()
    got = hashlib.sha256(data).hexdigest()
    if got != wanted.sha256[path]:
        raise DataError(
            f"{path}: expected that of {wanted.package} {wanted.version}, "
            f"SHA-256 {wanted.sha256[path]}, got {got}"
        )
    return data
