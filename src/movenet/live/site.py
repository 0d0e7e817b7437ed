"""The page as a folder of files that any http server can serve: the browser runs the models, also without a network.

index.html, sw.js, sample.mp4
page/             the live page, with `movenet/`, its modules for other pages
models/           models.json and the ONNX files
"""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

from movenet.analysis.definitions import javascript_module
from movenet.atomic import temporary_folder
from movenet.errors import FileError
from movenet.live.models_table import TABLE, WebModels
from movenet.live.runtime_files import WEBGPU_FILES, read_files
from movenet.models import DATA

PAGE: Final = Path(str(files("movenet.live"))) / "page"
"""Folder of the page's files."""
_OFFLINE: Final = "offline.js"
"""The service worker; in a site it stands at the top, because it serves only what lies below it."""
_SERVER_ONLY: Final = ("link.js", "quality.js")
"""Modules that send pictures to a server."""
BROWSER_PLACE: Final = """/** Where the models run: in this browser only. */

import { LocalLink } from "./local.js";

export const PLACES = { browser: LocalLink };
"""
"""place.js of a page without a server for the models."""
SERVER_PLACE: Final = """/** Where the models run: on the server only, because none of them runs in browsers. */

import { Link } from "./link.js";

export const PLACES = { server: Link };
"""
"""place.js of a page without models for the browser."""
_OFFLINE_START: Final = """
import { hasRelaxedSimd } from "./movenet/relaxed_simd.js";

// Without a service worker, such as in a private window, the page works with a network only.
navigator.serviceWorker?.register(`sw.js?runtime=${hasRelaxedSimd() ? "litert" : "ort"}`).catch(() => {});
"""
_HEAD: Final = '<meta charset="utf-8">'
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'"
)
"""The page's Content-Security-Policy: nothing is loaded from, or sent to, another origin."""
_WORKER: Final = "sw.js"


def write_site(models: WebModels, target: Path, webgpu: Path | None = None) -> int:
    """Write the page with its models to a folder, and return its size in bytes.

    Args:
        models: what visitors can choose.
        target: the folder: new, empty, or an earlier site, which is replaced.
        webgpu: the npm package (.tgz) whose build for graphics cards the site gets too; see `runtime_files`.

    Raises:
        FileError: The folder holds anything else, or cannot be written, or the package cannot be read.
        DataError: The package is another one.
    """
    if target.exists() and not _is_replaceable(target):
        raise FileError(f"expected a new folder, or one that this command wrote, got {target}")
    more = {} if webgpu is None else read_files(webgpu, WEBGPU_FILES)
    with temporary_folder(target) as temporary:
        site = temporary / "site"
        shutil.copytree(
            PAGE, site / "page", ignore=shutil.ignore_patterns(_OFFLINE, *_SERVER_ONLY, "index.html")
        )
        (site / "index.html").write_text(_index(), encoding="utf-8")
        (site / "page" / "angles.js").write_text(javascript_module(), encoding="utf-8")
        (site / "page" / "place.js").write_text(BROWSER_PLACE + _OFFLINE_START, encoding="utf-8")
        shutil.copyfile(DATA / "sample.mp4", site / "sample.mp4")
        (site / "models").mkdir()
        for name, path in models.files().items():
            shutil.copyfile(path, site / "models" / name)
        for name, data in more.items():
            (site / "page" / "movenet" / "ort" / name).write_bytes(data)
        table = json.dumps(models.table(("wasm", "webgpu") if more else ("wasm",)), indent=1)
        (site / "models" / TABLE).write_text(table + "\n", encoding="utf-8")
        (site / _WORKER).write_text(_service_worker(site), encoding="utf-8")
        size = sum(path.stat().st_size for path in _files(site))
        if target.exists():
            target.rename(temporary / "old")
        site.rename(target)
    return size


def _is_replaceable(folder: Path) -> bool:
    return folder.is_dir() and (not any(folder.iterdir()) or (folder / "models" / TABLE).is_file())


def _files(site: Path) -> list[Path]:
    return sorted(path for path in site.rglob("*") if path.is_file())


def _index() -> str:
    """Return the page with its policy and the manifest that makes it installable."""
    head = (
        f'{_HEAD}\n  <meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '\n  <link rel="manifest" href="page/manifest.webmanifest">'
    )
    return (PAGE / "index.html").read_text(encoding="utf-8").replace(_HEAD, head)


def _service_worker(site: Path) -> str:
    """Return the service worker with the list of the site's files, and their hash as the name of its cache."""
    names = [path.relative_to(site).as_posix() for path in _files(site)]
    digest = hashlib.sha256()
    for path in _files(site):
        digest.update(path.read_bytes())
    listed = f"const VERSION = {json.dumps(digest.hexdigest()[:16])};\nconst FILES = {json.dumps(['./', *names])};\n"
    return listed + (PAGE / _OFFLINE).read_text(encoding="utf-8")
