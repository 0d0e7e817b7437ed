"""Bring the runtime that the page runs models with: ONNX Runtime for WebAssembly.

    npm pack onnxruntime-web@1.30.0
    python tools/import_onnxruntime_web.py onnxruntime-web-1.30.0.tgz

Of the package's builds it takes the smallest: WebAssembly with SIMD, and threads where a page is cross-origin isolated.
The module is stored compressed, because most static servers send it as it is: 3.7 MB instead of 14.2.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import tarfile
from pathlib import Path

from movenet.atomic import atomic_write

FOLDER = Path(__file__).parents[1] / "src/movenet/live/page/movenet/ort"
FILES = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""Files of the package's folder `dist` with their SHA-256."""


def read_file(package: tarfile.TarFile, name: str) -> bytes:
    """Return a file of the package, if it is the expected one."""
    member = package.extractfile(f"package/dist/{name}")
    if member is None:
        raise SystemExit(f"{name} is missing: expected the package onnxruntime-web 1.30.0")
    data = member.read()
    got = hashlib.sha256(data).hexdigest()
    if got != FILES[name]:
        raise SystemExit(f"{name}: expected SHA-256 {FILES[name]}, got {got}")
    return data


def main() -> None:
    """Write the files of the runtime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the .tgz that `npm pack` wrote")
    with tarfile.open(parser.parse_args().package) as package:
        files = {name: read_file(package, name) for name in FILES}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        stored = (f"{name}.gz", gzip.compress(data, 9, mtime=0)) if name.endswith(".wasm") else (name, data)
        with atomic_write(FOLDER / stored[0]) as path:
            path.write_bytes(stored[1])
        print(f"{stored[0]}: {len(stored[1]) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
