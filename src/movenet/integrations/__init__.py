"""Poses and models in other programs: OSC, MQTT with Home Assistant, CVAT, Label Studio, FiftyOne, Hugging Face Hub.

Each needs a package of its own, which is imported when it is used; an error names the command that installs it.
"""

from movenet.integrations.fiftyone import to_fiftyone
from movenet.integrations.hub import pull_model, push_model
from movenet.integrations.label_studio import to_label_studio, write_label_studio
from movenet.integrations.mqtt import MqttPublisher
from movenet.integrations.osc import OscSender

__all__ = [
    "MqttPublisher",
    "OscSender",
    "pull_model",
    "push_model",
    "to_fiftyone",
    "to_label_studio",
    "write_label_studio",
]
