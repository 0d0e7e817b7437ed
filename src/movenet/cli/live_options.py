"""The flags of `movenet live`, each named as the setting it mirrors in `movenet.live.settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HostOption = Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets others in, with a token.")]
PortOption = Annotated[int, typer.Option(help="0 takes any that is free.")]
BrowserOption = Annotated[bool, typer.Option(help="Open the page at once.")]
TokenOption = Annotated[
    str | None,
    typer.Option(envvar="MOVENET_LIVE_TOKEN", help="What everybody must show; made up where needed."),
]
OriginsOption = Annotated[
    list[str] | None,
    typer.Option("--origin", help="A page from elsewhere that may use this, such as https://example.org."),
]
TlsOption = Annotated[
    bool,
    typer.Option(
        "--tls", help="https, which other devices' cameras need, with a certificate made here and kept."
    ),
]
TlsCertOption = Annotated[Path | None, typer.Option(help="A certificate of your own, for https.")]
TlsKeyOption = Annotated[Path | None, typer.Option(help="The private key of --tls-cert.")]
ClientsOption = Annotated[int, typer.Option(help="Most cameras at once.")]
FrameBytesOption = Annotated[int, typer.Option(help="Most bytes of a camera's picture.")]
FramePixelsOption = Annotated[int, typer.Option(help="Most pixels of a camera's picture.")]
RateOption = Annotated[float, typer.Option(help="Most messages a second from a camera.")]
PhotoBytesOption = Annotated[int, typer.Option(help="Most bytes of a posted photo.")]
PhotoPixelsOption = Annotated[int, typer.Option(help="Most pixels of a posted photo.")]
PhotosOption = Annotated[int, typer.Option(help="Most posted photos worked on at once.")]
UploadsOption = Annotated[
    int, typer.Option(help="Most posted photos received at once, half of them from one address.")
]
UploadRateOption = Annotated[
    float, typer.Option(help="Slowest rate of a posted photo, in bytes a second; a slower one is refused.")
]
ConnectionsOption = Annotated[int, typer.Option(help="Most network connections at once.")]
RequestOption = Annotated[
    float, typer.Option(help="Seconds in which a connection must send a complete request header.")
]
IdleOption = Annotated[float, typer.Option(help="Seconds until a silent camera is disconnected.")]
StallOption = Annotated[
    float, typer.Option(help="Seconds that taking an answer or sending a photo may take.")
]
MistakesOption = Annotated[int, typer.Option(help="Malformed messages in a row that end a connection.")]
