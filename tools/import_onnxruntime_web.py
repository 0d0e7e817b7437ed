"""Bring the runtime that the page runs models with: ONNX Runtime for WebAssembly.

    npm pack onnxruntime-web@1.30.0
    python tools/import_onnxruntime_web.py onnxruntime-web-1.30.0.tgz

Of the package's builds it takes the smallest: WebAssembly with SIMD, and threads where a page is cross-origin isolated;
compressed 3.7 MB instead of 14.2. `movenet export --format web --webgpu` brings the one for graphics cards.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.atomic import atomic_write
from movenet.live.runtime_files import WASM_FILES, read_runtime

FOLDER = Path(__file__).parents[1] / "src/movenet/live/page/movenet/ort"


def main() -> None:
    """Write the files of the runtime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the .tgz that `npm pack` wrote")
    files = read_runtime(parser.parse_args().package, WASM_FILES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        with atomic_write(FOLDER / name) as path:
            path.write_bytes(data)
        print(f"{name}: {len(data) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
