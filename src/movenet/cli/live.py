"""`movenet live`: the page in the browser that shows a camera with skeletons."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from movenet.cli import live_options as flags
from movenet.cli import options

if TYPE_CHECKING:
    from movenet.live.addresses import Addresses


def live(
    *,
    host: flags.HostOption = "127.0.0.1",
    port: flags.PortOption = 8765,
    browser: flags.BrowserOption = True,
    model: options.ModelOption = "lightning",
    engine: options.EngineOption = options.EngineName.openvino,
    precision: options.PrecisionOption = options.PrecisionName.auto,
    threads: options.ThreadsOption = None,
    token: flags.TokenOption = None,
    origins: flags.OriginsOption = None,
    tls: flags.TlsOption = False,
    tls_cert: flags.TlsCertOption = None,
    tls_key: flags.TlsKeyOption = None,
    clients: flags.ClientsOption = 32,
    frame_bytes: flags.FrameBytesOption = 1 << 20,
    frame_pixels: flags.FramePixelsOption = 1920 * 1080,
    rate_hz: flags.RateOption = 60.0,
    photo_bytes: flags.PhotoBytesOption = 16 << 20,
    photo_pixels: flags.PhotoPixelsOption = 25_000_000,
    photos: flags.PhotosOption = 4,
    uploads: flags.UploadsOption = 16,
    upload_bytes_per_s: flags.UploadRateOption = 16384.0,
    connections: flags.ConnectionsOption = 128,
    request_s: flags.RequestOption = 10.0,
    idle_s: flags.IdleOption = 60.0,
    stall_s: flags.StallOption = 10.0,
    mistakes: flags.MistakesOption = 20,
) -> None:
    """Show a camera with skeletons in the browser: the camera is where the browser is, the model is here.

    Other devices on the network can use it with --host 0.0.0.0 --tls and the address printed, which holds a token.
    """
    import webbrowser

    from movenet.engine import Runtime
    from movenet.live import Limits, ServerSettings, open_models, serve
    from movenet.machine import threads_for_video

    limits = Limits(
        *(clients, frame_bytes, frame_pixels, rate_hz, photo_bytes, photo_pixels, photos),
        *(uploads, upload_bytes_per_s, connections, request_s, idle_s, stall_s, mistakes),
    )
    settings = ServerSettings(host, port, token, tuple(origins or ()), tls, tls_cert, tls_key, limits)

    def ready(addresses: Addresses) -> None:
        _announce(addresses)
        if browser:
            webbrowser.open(addresses.here)

    runtime = Runtime(engine.value, precision.value, threads or threads_for_video())
    serve(open_models(model, runtime), settings, ready)


def _announce(addresses: Addresses) -> None:
    """Print the page's addresses and, on a terminal, a QR code of the one that other devices most likely reach."""
    from movenet.live.addresses import qr_code

    typer.echo(f"movenet live: {addresses.here}   (Ctrl-C stops it)")
    for address in addresses.elsewhere:
        typer.echo(f"other devices: {address}")
    if addresses.elsewhere and sys.stdout.isatty():
        code = qr_code(addresses.elsewhere[0])
        with suppress(UnicodeEncodeError):  # a terminal without block characters
            code.encode(sys.stdout.encoding)
            typer.echo(code)
    if addresses.fingerprint:
        typer.echo(f"browsers warn of its certificate once; its SHA-256 is {addresses.fingerprint}")
    elif addresses.elsewhere and addresses.here.startswith("http:"):
        typer.echo("browsers on other devices allow their camera with https only: add --tls")
