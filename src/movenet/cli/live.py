"""`movenet live`: serve the page that shows a camera with skeletons in the browser."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from movenet.cli import options
from movenet.errors import DataError

if TYPE_CHECKING:
    from movenet.live import Limits
    from movenet.live.addresses import Addresses

# Each option has the name of the setting of `movenet.live.settings` that it sets.
HostOption = Annotated[
    str, typer.Option(help="Address to listen on; 0.0.0.0 admits other devices, with a token.")
]
PortOption = Annotated[int, typer.Option(help="Port; 0 takes any free one.")]
BrowserOption = Annotated[bool, typer.Option(help="Open the page in the browser.")]
TokenOption = Annotated[
    str | None,
    typer.Option(envvar="MOVENET_LIVE_TOKEN", help="Token that clients must send; generated if needed."),
]
OriginsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="ORIGIN",
        help="Origin of another page that may use this server, such as https://example.org.",
    ),
]
TlsOption = Annotated[
    bool,
    typer.Option(
        "--tls",
        help="Serve https, which browsers on other devices require for cameras, with a self-signed certificate.",
    ),
]
TlsCertOption = Annotated[Path | None, typer.Option(help="Your own certificate for https (PEM).")]
TlsKeyOption = Annotated[Path | None, typer.Option(help="The private key of --tls-cert.")]
InBrowserOption = Annotated[
    bool,
    typer.Option(
        "--in-browser", help="Run the models in the browser only: this server sends the page and the models."
    ),
]
_limit = partial(typer.Option, rich_help_panel=options.LIMITS)
ClientsOption = Annotated[int, _limit(help="Maximum number of cameras at a time.")]
FrameBytesOption = Annotated[int, _limit(help="Maximum bytes of a camera's picture.")]
FramePixelsOption = Annotated[int, _limit(help="Maximum pixels of a camera's picture.")]
RateOption = Annotated[float, _limit(help="Maximum messages per second from a camera.")]
PhotoBytesOption = Annotated[int, _limit(help="Maximum bytes of a posted photo.")]
PhotoPixelsOption = Annotated[int, _limit(help="Maximum pixels of a posted photo.")]
PhotosOption = Annotated[int, _limit(help="Maximum number of posted photos in work at a time.")]
UploadsOption = Annotated[
    int, _limit(help="Maximum number of uploads at a time, at most half of them from one address.")
]
UploadRateOption = Annotated[
    float, _limit(help="Minimum rate of an upload, bytes per second; slower ones are refused.")
]
ConnectionsOption = Annotated[int, _limit(help="Maximum number of network connections at a time.")]
RequestOption = Annotated[float, _limit(help="Timeout in seconds for a complete request header.")]
IdleOption = Annotated[float, _limit(help="Timeout in seconds for a camera that sends nothing.")]
StallOption = Annotated[float, _limit(help="Timeout in seconds for receiving an answer or sending a photo.")]
BadMessagesOption = Annotated[
    int, _limit(help="Maximum number of malformed messages in a row; more end the connection.")
]


def live(
    *,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8765,
    browser: BrowserOption = True,
    model: options.ModelOption = "lightning",
    exercise: options.ExerciseOption = None,
    in_browser: InBrowserOption = False,
    probabilities: options.ProbabilitiesOption = False,
    engine: options.EngineOption = options.EngineName.openvino,
    precision: options.PrecisionOption = options.PrecisionName.auto,
    threads: options.ThreadsOption = None,
    device: options.DeviceOption = options.DeviceName.cpu,
    token: TokenOption = None,
    origins: OriginsOption = None,
    tls: TlsOption = False,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    clients: ClientsOption = 32,
    frame_bytes: FrameBytesOption = 1 << 20,
    frame_pixels: FramePixelsOption = 1920 * 1080,
    rate_hz: RateOption = 60.0,
    photo_bytes: PhotoBytesOption = 16 << 20,
    photo_pixels: PhotoPixelsOption = 25_000_000,
    photos: PhotosOption = 4,
    uploads: UploadsOption = 16,
    upload_bytes_per_s: UploadRateOption = 16384.0,
    connections: ConnectionsOption = 128,
    request_s: RequestOption = 10.0,
    idle_s: IdleOption = 60.0,
    stall_s: StallOption = 10.0,
    bad_messages: BadMessagesOption = 20,
) -> None:
    """Show a camera with skeletons in the browser. The browser sends pictures, this server estimates the poses.

    On the page, or with --in-browser, the browser can estimate them instead: then no picture leaves it.
    Other devices on the network: --host 0.0.0.0 --tls, then open the printed address, which contains a token.
    """
    from movenet.engine import Runtime
    from movenet.live import Limits, ServerSettings, browser_models, open_models, serve

    limits = Limits(
        *(clients, frame_bytes, frame_pixels, rate_hz, photo_bytes, photo_pixels, photos),
        *(uploads, upload_bytes_per_s, connections, request_s, idle_s, stall_s, bad_messages),
    )
    settings = ServerSettings(
        host, port, token, tuple(origins or ()), tls, tls_cert, tls_key, exercise, limits
    )

    on_ready = partial(_announce, open_page=browser)
    if in_browser:
        chosen = (engine, precision, threads, device)
        _refuse_server_options(limits, is_estimation_chosen=chosen != _DEFAULT_ESTIMATION)
        serve(browser_models(model, exercise, probabilities=probabilities), settings, on_ready)
        return
    threads = options.threads_beside_video(threads, device)
    runtime = Runtime(engine.value, precision.value, threads, device.value)
    serve(open_models(model, runtime, probabilities=probabilities), settings, on_ready)


def _announce(addresses: Addresses, *, open_page: bool) -> None:
    _print_addresses(addresses)
    if open_page:
        import webbrowser

        webbrowser.open(addresses.local_url)


_DEFAULT_ESTIMATION = (
    options.EngineName.openvino,
    options.PrecisionName.auto,
    None,
    options.DeviceName.cpu,
)
_PAGE_LIMITS = ("connections", "request_s", "stall_s")
"""Limits of a server that sends the page only."""


def _refuse_server_options(limits: Limits, *, is_estimation_chosen: bool) -> None:
    """Raise an error if an option is given that --in-browser leaves without effect."""
    if is_estimation_chosen:
        raise DataError(
            "--engine, --precision, --threads and --device are for models on this server, not --in-browser"
        )
    for field in fields(limits):
        if field.name not in _PAGE_LIMITS and getattr(limits, field.name) != field.default:
            raise DataError(
                f"--{field.name.replace('_', '-')} is for pictures sent to this server, not for --in-browser"
            )


def _print_addresses(addresses: Addresses) -> None:
    """Print the page's addresses and, on a terminal, a QR code of the one that other devices most likely reach."""
    from movenet.live.addresses import qr_code

    typer.echo(f"movenet live: {addresses.local_url}   (Ctrl-C stops it)")
    for address in addresses.remote_urls:
        typer.echo(f"other devices: {address}")
    if addresses.remote_urls and sys.stdout.isatty():
        code = qr_code(addresses.remote_urls[0])
        with suppress(UnicodeEncodeError):  # a terminal without block characters
            code.encode(sys.stdout.encoding)
            typer.echo(code)
    if addresses.fingerprint:
        typer.echo(f"browsers warn of its certificate once; its SHA-256 is {addresses.fingerprint}")
    elif addresses.remote_urls and addresses.local_url.startswith("http:"):
        typer.echo("browsers on other devices allow their camera with https only: add --tls")
