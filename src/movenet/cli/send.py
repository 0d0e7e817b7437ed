"""`movenet send`: the poses of a camera or video to other programs, by OSC or MQTT, while frames come in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from movenet.cli.options import MQTT, ModelIfNamedOption, PeopleName, PeopleOption

if TYPE_CHECKING:
    from contextlib import ExitStack

    from movenet.video.callbacks import OnPose

SourceArgument = Annotated[
    str, typer.Argument(help="The number of a camera, an address or a video.", show_default=False)
]
OscOption = Annotated[
    str | None,
    typer.Option("--osc", metavar="HOST:PORT", help="Send keypoints by OSC (UDP); port 9000 if not given."),
]
MqttOption = Annotated[
    str | None,
    typer.Option(
        "--mqtt",
        metavar="HOST:PORT",
        help="Publish presence, people, posture and falls to this broker, for Home Assistant; port 1883 if not given.",
    ),
]
NameOption = Annotated[
    str | None, typer.Option(help="Name of the camera; default: camera.", rich_help_panel=MQTT)
]
UserOption = Annotated[
    str | None, typer.Option("--mqtt-user", help="User name at the broker.", rich_help_panel=MQTT)
]
PasswordOption = Annotated[
    str | None,
    typer.Option(
        "--mqtt-password",
        envvar="MOVENET_MQTT_PASSWORD",
        help="Password at the broker.",
        rich_help_panel=MQTT,
    ),
]
TlsOption = Annotated[
    bool, typer.Option("--mqtt-tls", help="Encrypt the connection to the broker.", rich_help_panel=MQTT)
]


def send(
    source: SourceArgument,
    *,
    osc: OscOption = None,
    mqtt: MqttOption = None,
    name: NameOption = None,
    mqtt_user: UserOption = None,
    mqtt_password: PasswordOption = None,
    mqtt_tls: TlsOption = False,
    people: PeopleOption = PeopleName.one,
    model: ModelIfNamedOption = None,
) -> None:
    """Send the poses of a camera or a video to programs: OSC, MQTT. Ctrl-C stops.

    No picture leaves this computer. The messages are described in docs/integrations.md.
    """
    from contextlib import ExitStack, suppress

    from movenet.cli.output import print_status
    from movenet.errors import MoveNetError
    from movenet.video import watch

    if osc is None and mqtt is None:
        raise MoveNetError("expected --osc HOST:PORT or --mqtt HOST:PORT, or both")
    if mqtt is None and (name or mqtt_user or mqtt_tls):
        raise MoveNetError("--name, --mqtt-user and --mqtt-tls need --mqtt HOST:PORT")
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        receivers: list[OnPose] = []
        if osc is not None:
            receivers.append(_open_osc(osc, stack))
        if mqtt is not None:
            login = (mqtt_user, mqtt_password) if mqtt_user else None
            receivers.append(_open_mqtt(mqtt, name or "camera", login, stack, tls=mqtt_tls))
        print_status(f"sending {source} → {', '.join(filter(None, (osc, mqtt)))} (Ctrl-C stops it)")
        location: str | Path = Path(source) if Path(source).exists() else source
        for frame, poses in watch(location, model, people=people.value):
            for receive in receivers:
                receive(frame, poses)


def _open_osc(address: str, stack: ExitStack) -> OnPose:
    from movenet.integrations import OscSender

    return stack.enter_context(OscSender(address))


def _open_mqtt(
    address: str, name: str, login: tuple[str, str | None] | None, stack: ExitStack, *, tls: bool
) -> OnPose:
    from movenet.integrations import MqttPublisher
    from movenet.integrations.mqtt import Login

    return stack.enter_context(MqttPublisher(address, name, login=login and Login(*login), tls=tls))
