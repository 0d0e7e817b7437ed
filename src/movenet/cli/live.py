"""`movenet live`: the page in the browser that shows a camera with skeletons."""

from __future__ import annotations

import typer

from movenet.cli import live_options as flags
from movenet.cli import options


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
    certificate: flags.CertificateOption = None,
    key: flags.KeyOption = None,
    clients: flags.ClientsOption = 32,
    frame_bytes: flags.FrameBytesOption = 1 << 20,
    frame_pixels: flags.FramePixelsOption = 1920 * 1080,
    rate_hz: flags.RateOption = 60.0,
    photo_bytes: flags.PhotoBytesOption = 16 << 20,
    photo_pixels: flags.PhotoPixelsOption = 25_000_000,
    photos: flags.PhotosOption = 4,
    idle_s: flags.IdleOption = 60.0,
    stall_s: flags.StallOption = 10.0,
    mistakes: flags.MistakesOption = 20,
) -> None:
    """Show a camera with skeletons in the browser: the camera is where the browser is, the model is here.

    Others on the network need --host 0.0.0.0 and the address printed, which holds a token; for their cameras also
    --certificate and --key.
    """
    import webbrowser

    from movenet.cores import threads_for_video
    from movenet.engine import Runtime
    from movenet.live import Limits, ServerSettings, open_models, serve

    limits = Limits(
        *(clients, frame_bytes, frame_pixels, rate_hz, photo_bytes, photo_pixels, photos),
        *(idle_s, stall_s, mistakes),
    )
    settings = ServerSettings(host, port, token, tuple(origins or ()), certificate, key, limits)

    def ready(url: str) -> None:
        typer.echo(f"movenet live: {url}   (Ctrl-C stops it)")
        if browser:
            webbrowser.open(url)

    runtime = Runtime(engine.value, precision.value, threads or threads_for_video())
    serve(open_models(model, runtime), settings, ready)
