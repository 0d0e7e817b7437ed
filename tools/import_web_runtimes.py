"""Bring what the page runs models with: LiteRT and ONNX Runtime for WebAssembly, and two libraries for their files.

    npm pack @litertjs/core@2.5.3 onnxruntime-web@1.30.0 flatbuffers@25.9.23 pbf@5.1.2
    python tools/import_web_runtimes.py .

Of the builds it takes LiteRT's with relaxed SIMD, without and with threads, and the smallest one of ONNX Runtime, for
browsers without relaxed SIMD. `movenet export --format web --webgpu` brings the one for graphics cards.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.atomic import atomic_write
from movenet.live.runtime_files import ONNXRUNTIME_VERSION, NpmFiles, read_files

PAGE = Path(__file__).parents[1] / "src/movenet/live/page/movenet"
ONNXRUNTIME = NpmFiles(
    "onnxruntime-web",
    ONNXRUNTIME_VERSION,
    {
        "dist/ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
        "dist/ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
        "dist/ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    },
)
LITERT = NpmFiles(
    "@litertjs/core",
    "2.5.3",
    {
        "dist/index.js": "e7daccc3a31eef890848a737ccb863ded5f046a6b40c3fdc0556495adeb5d9b3",
        "wasm/litert_wasm_internal.js": "68efb69f770e3f76aff36a377de629ca496c131b86ac0f0f4b592a1543a898eb",
        "wasm/litert_wasm_internal.wasm": "7280cf4471774867e385e6c3cd53e2b45e2975b80fea338fff4ef359b0865614",
        "wasm/litert_wasm_threaded_internal.js": (
            "92fe7a720c6deedaa1194c011c79a005ea4f6fc98f533b661cf7900760ab4849"
        ),
        "wasm/litert_wasm_threaded_internal.wasm": (
            "b5e54eca10f043497edf9a02186332707cae260c550d7ea22b2cae55669596cf"
        ),
    },
)
FLATBUFFERS = NpmFiles(
    "flatbuffers",
    "25.9.23",
    {
        "mjs/builder.js": "e2940e365fa7f85208da7aa647c5e5965a1c1edcb539bab0c00c6c69917c2e1f",
        "mjs/byte-buffer.js": "ac66665cad7807e80e35e408c667705d1d8322e931761f9dca85fb243dcee49c",
        "mjs/constants.js": "2cb5ee06dd69eece7ed58f429b574a700d11218003dd151ce57777d0150e26a8",
        "mjs/encoding.js": "9a9cf02423b06cabed2b93107d15f48e30e16e27e1512b1896bff29580085162",
        "mjs/utils.js": "197ea84427656b683233ee52fe742958709ad492c88fbc9ae25e3cf052e3c270",
    },
)
PBF = NpmFiles(
    "pbf", "5.1.2", {"index.js": "f321bd4934fd67cea4a5be18eece9ff576e3db0cbc2915a9fb1bd7ebbcd3422a"}
)
FOLDERS = {
    ONNXRUNTIME.package: "ort",
    LITERT.package: "litert",
    FLATBUFFERS.package: "flatbuffers",
    PBF.package: "pbf",
}
LITERT_CHANGES = {
    # A page has no import map, and the package's loader does not work in workers that are modules.
    b'from "@litertjs/wasm-utils"': b'from "../litert_loader.js"',
    # No graphics card is started: the models run on the processor.
    b"await Environment.create()": b"await Environment.create({ webGpuDevice: null })",
    b"//# sourceMappingURL=index.js.map": b"",
}


def change_litert(library: bytes) -> bytes:
    """Return LiteRT's JavaScript with the changes; each must apply once."""
    for old, new in LITERT_CHANGES.items():
        if library.count(old) != 1:
            raise SystemExit(f"expected {old!r} once in {LITERT.package}, got it {library.count(old)} times")
        library = library.replace(old, new)
    return library


def archive_of(wanted: NpmFiles) -> str:
    """Return the name that `npm pack` gives to a package's archive."""
    return f"{wanted.package.removeprefix('@').replace('/', '-')}-{wanted.version}.tgz"


def main() -> None:
    """Write the files of all packages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder in which `npm pack` wrote the archives")
    folder = parser.parse_args().folder
    for wanted in (ONNXRUNTIME, LITERT, FLATBUFFERS, PBF):
        files = read_files(folder / archive_of(wanted), wanted)
        if wanted is LITERT:
            files["index.js"] = change_litert(files["index.js"])
        target = PAGE / FOLDERS[wanted.package]
        target.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            with atomic_write(target / name) as path:
                path.write_bytes(data)
            print(f"{wanted.package} {name}: {len(data) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
