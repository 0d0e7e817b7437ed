"""What `GET /metrics` of a live server reports."""

from __future__ import annotations

from collections.abc import Callable

from movenet.live.wire import ServerTimes
from movenet.metrics import Counter, Gauge, Histogram, prometheus_text


class LiveMetrics:
    """Counters of a live server, shared by its connections."""

    def __init__(self) -> None:
        self.frames = Counter("movenet_frames_total", "Pictures of cameras that were estimated.")
        self.dropped = Counter("movenet_dropped_frames_total", "Pictures that a newer one replaced.")
        self.photos = Counter("movenet_photos_total", "Posted photos that were estimated.")
        self.errors = Counter("movenet_errors_total", "Pictures, photos and messages that could not be used.")
        self.queue_s = Histogram("movenet_queue_seconds", "Time from receiving to decoding a picture.")
        self.decode_s = Histogram("movenet_decode_seconds", "Time of decoding a picture.")
        self.estimate_s = Histogram("movenet_estimate_seconds", "Time of estimating the poses in a picture.")

    def count_frame(self, times: ServerTimes) -> None:
        """Count a camera's picture that was estimated."""
        self.frames.add()
        self.queue_s.observe(times.waited)
        self.decode_s.observe(times.decoded)
        self.estimate_s.observe(times.estimated)

    def text(self, clients: Callable[[], int], photos: Callable[[], int]) -> str:
        """Return all in Prometheus' text format.

        Args:
            clients: returns the number of connected cameras.
            photos: returns the number of posted photos in work.
        """
        gauges = (
            Gauge("movenet_clients", "Connected cameras.", clients),
            Gauge("movenet_photos_in_work", "Posted photos that wait or are estimated.", photos),
        )
        counters = (self.frames, self.dropped, self.photos, self.errors)
        return prometheus_text((*counters, *gauges, self.queue_s, self.decode_s, self.estimate_s))
