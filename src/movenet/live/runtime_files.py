"""Files of the runtime that the page runs models with, ONNX Runtime for the web, out of its npm package."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from movenet.errors import DataError, FileError

VERSION: Final = "1.30.0"
WASM_FILES: Final = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""The build for processors, which is part of this package: files of the npm package's folder `dist`, with SHA-256."""
WEBGPU_FILES: Final = {
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}
"""The build for graphics cards (WebGPU), which is not part of this package."""


def read_runtime(package: Path, files: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of a build by the names under which the page stores them.

    WebAssembly is stored compressed, because most static servers send it as it is.

    Args:
        package: the .tgz that `npm pack onnxruntime-web@1.30.0` wrote.
        files: `WASM_FILES` or `WEBGPU_FILES`.

    Raises:
        FileError: The file cannot be read.
        DataError: It is no such package, or another version of it.
    """
    try:
        with tarfile.open(package) as archive:
            contents = {name: _read(archive, name, sha256) for name, sha256 in files.items()}
    except OSError as error:
        raise FileError(f"cannot read {package}: {error.strerror or error}") from None
    except (tarfile.TarError, EOFError) as error:
        raise DataError(
            f"{package}: expected the npm package onnxruntime-web {VERSION}, got {error}"
        ) from None
    return {
        f"{name}.gz" if name.endswith(".wasm") else name: gzip.compress(data, 9, mtime=0)
        if name.endswith(".wasm")
        else data
        for name, data in contents.items()
    }


def _read(archive: tarfile.TarFile, name: str, sha256: str) -> bytes:
    try:
        member = archive.extractfile(f"package/dist/{name}")
    except KeyError:
        member = None
    data = b"" if member is None else member.read()
    got = hashlib.sha256(data).hexdigest()
    if got != sha256:
        raise DataError(f"{name}: expected that of onnxruntime-web {VERSION}, SHA-256 {sha256}, got {got}")
    return data
