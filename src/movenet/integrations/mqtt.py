"""Presence, number of people, posture and falls by MQTT, with the discovery of Home Assistant.

No picture and no keypoint is sent. `movenet/NAME/state` is one retained JSON object, `movenet/NAME/status` "online" or
"offline" (the last will). The four entities are announced below `homeassistant/` as
https://www.home-assistant.io/integrations/mqtt/ describes, so they appear in Home Assistant by themselves.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from movenet._version import __version__
from movenet.analysis import EventDetector
from movenet.errors import DataError, FileError, MissingExtraError
from movenet.integrations.address import parse_address
from movenet.media.frame import Frame
from movenet.models import ModelCard
from movenet.pose import Pose

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from paho.mqtt.client import Client, MQTTMessageInfo

PORT: Final = 1883
"""Port if the address has none, as registered for MQTT."""
CLEAR_S: Final = 5.0
"""A room is empty when nobody was found for this time."""
EVERY_S: Final = 1.0
"""Shortest time between two messages; a fall is sent at once."""
CONNECT_S: Final = 10.0
"""How long the first connection may take."""
POSTURES: Final = ("fallen", "lying", "sitting", "standing")
"""What "posture" can be, the first that applies to anybody; "unknown" if none does, "nobody" in an empty room."""
ENTITIES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "occupancy": ("binary_sensor", {"name": "Occupancy", "device_class": "occupancy"}),
    "fallen": ("binary_sensor", {"name": "Fallen", "device_class": "safety"}),
    "people": ("sensor", {"name": "People", "icon": "mdi:account-group", "state_class": "measurement"}),
    "posture": ("sensor", {"name": "Posture", "icon": "mdi:human"}),
}
"""Key in the state → component of Home Assistant, and what its configuration says beyond the topics."""

_ON_OFF: Final = ("OFF", "ON")


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password at the broker."""

    username: str
    password: str | None = None


class MqttPublisher:
    """Publishes what happens in front of a camera: `movenet.stream(0, MqttPublisher("homeassistant.local"))`.

    Call it with each frame and its poses, as `movenet.watch` yields them. A broken connection is renewed in the
    background, and the newest state is sent again.
    """

    def __init__(
        self,
        address: str,
        name: str = "camera",
        *,
        login: Login | None = None,
        tls: bool = False,
        model: str | ModelCard = "lightning",
    ) -> None:
        """Connect and announce the entities. Needs the extra `mqtt`.

        Args:
            address: the broker, "host" or "host:port".
            name: of this camera: letters, digits, "_" and "-"; part of the topics.
            login: name and password, if the broker wants them.
            tls: encrypt, and check the broker's certificate against the system's.
            model: the model that estimates the poses, for the calibration of its scores.

        Raises:
            MissingExtraError: if paho-mqtt is not installed.
            DataError: if the address or the name is malformed.
            FileError: if the broker cannot be reached.
        """
        if not re.fullmatch(r"[\w-]+", name, re.ASCII):
            raise DataError(f"expected a name of letters, digits, _ and -, got '{name}'")
        self._name, self._detector = name, EventDetector(model)
        self._state, self._sent_s, self._seen_s = self._empty(), float("-inf"), float("-inf")
        self._client = self._connect(*parse_address(address, PORT), login, tls=tls)

    def __call__(self, frame: Frame, poses: Sequence[Pose]) -> None:
        """Publish if something changed."""
        if poses:
            self._seen_s = frame.time_s
        events = self._detector.step(frame.time_s, poses).values()
        kinds = {kind for found in events for kind in found}
        occupied = frame.time_s - self._seen_s < CLEAR_S
        state = {
            "occupancy": _ON_OFF[occupied],
            "fallen": _ON_OFF["fallen" in kinds],
            "people": len(poses),
            "posture": next(
                (kind for kind in POSTURES if kind in kinds), "unknown" if occupied else "nobody"
            ),
        }
        is_due = frame.time_s - self._sent_s >= EVERY_S or state["fallen"] != self._state["fallen"]
        if state != self._state and is_due:
            self._state, self._sent_s = state, frame.time_s
            self._publish("state", json.dumps(state))

    def close(self) -> None:
        """Say that the camera is offline, and disconnect."""
        self._publish("status", "offline").wait_for_publish(CONNECT_S)
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        """Return the publisher itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    @staticmethod
    def _empty() -> dict[str, Any]:
        return {"occupancy": "OFF", "fallen": "OFF", "people": 0, "posture": "nobody"}

    def _connect(self, host: str, port: int, login: Login | None, *, tls: bool) -> Client:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise MissingExtraError("paho-mqtt", "mqtt", "MQTT") from None
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"movenet-{self._name}")
        if login is not None:
            client.username_pw_set(login.username, login.password)
        if tls:
            client.tls_set()
        client.will_set(self._topic("status"), "offline", qos=1, retain=True)
        answered, refusals = threading.Event(), list[str]()

        def on_connect(
            _client: object, _data: object, _flags: object, reason: Any, _properties: object
        ) -> None:
            if reason.is_failure:
                refusals.append(str(reason))
            else:
                self._announce(client)
            answered.set()

        client.on_connect = on_connect
        client.connect_timeout = CONNECT_S
        try:
            client.connect(host, port)
        except (OSError, ValueError) as problem:
            raise FileError(f"cannot reach the MQTT broker {host}:{port}: {problem}") from None
        client.loop_start()
        if not answered.wait(CONNECT_S) or refusals:
            client.disconnect()
            client.loop_stop()
            reason = refusals[0] if refusals else "no answer"
            raise FileError(f"the MQTT broker {host}:{port} refuses the connection: {reason}")
        return client

    def _announce(self, client: Client) -> None:
        """Publish the configuration of each entity, and the state as it is."""
        device = {
            "identifiers": [f"movenet_{self._name}"],
            "name": f"movenet {self._name}",
            "model": "MoveNet",
            "sw_version": __version__,
        }
        for key, (component, settings) in ENTITIES.items():
            unique = f"movenet_{self._name}_{key}"
            config = settings | {
                "unique_id": unique,
                "object_id": unique,
                "state_topic": self._topic("state"),
                "value_template": f"{{{{ value_json.{key} }}}}",
                "availability_topic": self._topic("status"),
                "device": device,
            }
            topic = f"homeassistant/{component}/movenet_{self._name}/{key}/config"
            client.publish(topic, json.dumps(config), qos=1, retain=True)
        client.publish(self._topic("status"), "online", qos=1, retain=True)
        client.publish(self._topic("state"), json.dumps(self._state), qos=1, retain=True)

    def _topic(self, part: str) -> str:
        return f"movenet/{self._name}/{part}"

    def _publish(self, part: str, payload: str) -> MQTTMessageInfo:
        return self._client.publish(self._topic(part), payload, qos=1, retain=True)
