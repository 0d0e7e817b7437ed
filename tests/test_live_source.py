import threading
import time
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from itertools import chain, pairwise

import cv2
import numpy as np
import pytest

from movenet.errors import MediaError
from movenet.media.sources.base import LiveSettings, SourceSettings
from movenet.media.sources.clock import LiveClock
from movenet.media.sources.live import LiveSource, ReceivedFrame
from movenet.media.sources.opening import open_source
from servers import MOTION_JPEG, Http, Rtsp, free_port, jpegs, paced, serving, silence
from video_files import VideoFile, corners, exif_jpeg, level, middle, picture

QUICK = LiveSettings(stall_s=0.4, first_wait_s=0.02, longest_wait_s=0.1, give_up_after_s=1.5)
UPRIGHT = ["red", "green", "blue", "yellow"]


def grab(number, stamp_s=None):
    return ReceivedFrame(lambda: np.full((4, 6, 3), number, np.uint8), stamp_s)


def number_of(frame):
    return int(frame.image[0, 0, 0])


class Script:
    """A source whose every connection is told what to send; the last one repeats."""

    def __init__(self, *connections):
        self.connections = connections
        self.times = []

    def __call__(self):
        self.times.append(time.monotonic())
        yield from self.connections[min(len(self.times), len(self.connections)) - 1]()


def slowly(numbers, pause_s=0.03):
    for number in numbers:
        yield grab(number)
        time.sleep(pause_s)


def grabbing():
    return [thread.name for thread in threading.enumerate() if thread.name == "movenet-receive"]


def refuse():
    raise MediaError("refused")
    yield


def test_only_the_newest_picture_is_kept():
    sent = threading.Event()

    def hurry():
        yield from map(grab, range(50))
        sent.set()
        yield from slowly([99] * 100)

    with LiveSource("cam", hurry, QUICK) as source:
        sent.wait()
        frame = next(source)
        assert number_of(frame) in (49, 99)
        assert frame.index >= 49
        assert source.dropped == frame.index


def test_dropped_pictures_leave_gaps_in_the_numbers():
    with LiveSource("cam", partial(slowly, range(200), 0.002), QUICK) as source:
        frames = []
        for frame in source:
            frames.append(frame)
            time.sleep(0.02)
            if len(frames) == 5:
                break
        assert all(before.index < after.index for before, after in pairwise(frames))
        assert source.dropped >= frames[-1].index + 1 - 5 > 0


def test_a_frame_that_is_not_taken_is_not_converted():
    converted = []

    def hurry():
        for number in range(100):
            yield ReceivedFrame(
                lambda number=number: converted.append(number) or np.zeros((4, 6, 3), np.uint8)
            )
        yield from slowly([0] * 100)

    with LiveSource("cam", hurry, QUICK) as source:
        next(source)
    assert len(converted) < 50


def test_a_live_source_has_a_size_and_no_length():
    with LiveSource("cam", partial(slowly, range(9)), QUICK) as source:
        assert (source.width, source.height) == (6, 4)
        assert source.live
        assert source.frame_count is None
        assert source.duration_s is None


def test_times_of_a_live_source_rise_from_zero():
    with LiveSource("cam", partial(slowly, range(100), 0.005), QUICK) as source:
        times = [next(source).time_s for _ in range(10)]
    assert 0 <= times[0] < 0.5
    assert all(before < after for before, after in pairwise(times))


def test_the_streams_clock_is_taken_over_the_time_of_arrival():
    clock = LiveClock()
    assert [clock(stamp, now) for stamp, now in ((7.0, 1.0), (7.04, 1.2), (7.08, 1.21))] == pytest.approx(
        [0, 0.04, 0.08]
    )


def test_a_clock_that_strays_is_set_to_the_time_of_arrival():
    clock = LiveClock()
    assert [clock(stamp, now) for stamp, now in ((0.0, 5.0), (60.0, 5.1), (60.04, 5.2))] == pytest.approx(
        [0, 0.1, 0.14]
    )


def test_after_a_loss_time_goes_on_with_the_arrival():
    clock = LiveClock()
    clock(100.0, 5.0)
    clock.reset()
    assert [clock(0.5, 8.0), clock(0.54, 8.1)] == pytest.approx([3.0, 3.04])


def test_time_never_steps_back():
    clock = LiveClock()
    times = [clock(stamp, 5.0) for stamp in (1.0, 1.0, 0.9, 1.1)]
    assert all(before < after for before, after in pairwise(times))


def test_after_a_loss_the_source_connects_again():
    script = Script(partial(slowly, range(5)), refuse, refuse, partial(slowly, range(50, 99)))
    with LiveSource("cam", script, QUICK) as source:
        for frame in source:
            if number_of(frame) >= 50:
                break
        assert source.losses == 3
        assert frame.index >= 5


def test_pauses_between_attempts_grow_up_to_the_longest():
    settings = LiveSettings(first_wait_s=0.02, wait_factor=2, longest_wait_s=0.08, give_up_after_s=0.6)
    script = Script(partial(slowly, [0], 0), refuse)
    with LiveSource("cam", script, settings) as source, pytest.raises(MediaError):
        list(source)
    pauses = [after - before for before, after in pairwise(script.times)]
    assert all(pause >= least for pause, least in zip(pauses, (0.02, 0.04, 0.08, 0.08), strict=False))
    assert len(pauses) >= 4


def test_a_source_that_is_not_there_is_an_error_at_once():
    begun = time.monotonic()
    with pytest.raises(MediaError, match="refused"):
        LiveSource("cam", refuse, LiveSettings(give_up_after_s=60))
    assert time.monotonic() - begun < 10


def test_a_source_that_stays_away_ends_with_an_error_that_says_why():
    why = pytest.raises(MediaError, match=r"cam sent no picture for 1\.5 s \(refused\)")
    with LiveSource("cam", Script(partial(slowly, [0]), refuse), QUICK) as source, why:
        list(source)


def test_a_source_that_never_sends_is_given_up():
    def mute():
        time.sleep(2)
        yield grab(0)

    with pytest.raises(MediaError, match=r"sent no picture for 0\.3 s"):
        LiveSource("cam", mute, LiveSettings(give_up_after_s=0.3, stall_s=3))


def test_a_bug_in_the_receiving_thread_is_raised_where_frames_are_taken():
    def broken():
        yield grab(0)
        raise ZeroDivisionError("a bug")

    with LiveSource("cam", broken, QUICK) as source, pytest.raises(ZeroDivisionError):
        list(source)


def test_closing_ends_the_thread_and_the_connection():
    closed = threading.Event()

    def endless():
        try:
            yield from slowly(range(10**6), 0.005)
        finally:
            closed.set()

    source = LiveSource("cam", endless, QUICK)
    next(source)
    source.close()
    assert closed.is_set()
    assert not grabbing()
    assert list(source) == []


@pytest.mark.parametrize("name", [99, "99", "/dev/video99"])
def test_a_missing_camera_is_an_error_at_once(name, capfd):
    with pytest.raises(MediaError, match=r"camera .*99 is missing"):
        open_source(name)
    assert capfd.readouterr() == ("", "")


def test_a_device_that_is_no_camera_is_an_error(capfd):
    with pytest.raises(MediaError, match="camera /dev/null cannot be opened"):
        open_source("/dev/null")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("scheme", ["rtsp", "http", "tcp", "rtmp"])
def test_an_address_where_nobody_listens_is_an_error_at_once(scheme):
    with pytest.raises(MediaError, match="refused"):
        open_source(f"{scheme}://127.0.0.1:{free_port()}/video")


def test_an_unknown_kind_of_address_is_an_error():
    with pytest.raises(MediaError, match="rotocol not found"):
        open_source("pigeon://127.0.0.1/video")


def test_a_password_is_not_shown():
    with pytest.raises(MediaError) as caught:
        open_source(f"rtsp://ann:secret@127.0.0.1:{free_port()}/video")
    assert "secret" not in str(caught.value)
    assert "ann:***@" in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "tcp", "rtsp"])
def test_a_server_that_never_answers_is_given_up(scheme):
    with serving(lambda _: silence(5)) as server, pytest.raises(MediaError):
        open_source(f"{scheme}://127.0.0.1:{server.port}/video", SourceSettings(live=QUICK))


def test_a_udp_address_that_nobody_sends_to_is_given_up():
    with pytest.raises(MediaError):
        open_source(f"udp://127.0.0.1:{free_port()}", SourceSettings(live=QUICK))


def transport_stream(tmp_path, count=40):
    return (
        VideoFile(count=count, options={"g": "5", "bf": "0"}, format="mpegts")
        .write(tmp_path / "video.ts")
        .read_bytes()
    )


def look_at(address, until, settings=QUICK):
    """Take frames until one satisfies; return it, and the source after it was closed."""
    with open_source(address, SourceSettings(live=settings)) as source:
        for frame in source:
            if until(source, frame):
                break
    assert source.live
    return frame, source


def test_a_network_cameras_motion_jpeg_is_live():
    with serving(lambda _: jpegs(500), Http, MOTION_JPEG) as server:
        address = f"http://127.0.0.1:{server.port}/video"
        frame, _ = look_at(address, lambda source, frame: frame.index >= 10)
    assert frame.source == address
    assert corners(frame.image) == UPRIGHT
    assert middle(frame.image) == pytest.approx(level(frame.index), abs=4)


def test_a_snapshot_address_with_exif_is_an_upright_photo():
    headers = (("Content-Type", "image/jpeg"),)
    with serving(lambda visit: [exif_jpeg(visit, orientation=3)], Http, headers) as server:
        address = f"http://127.0.0.1:{server.port}/snapshot"
        with open_source(address, SourceSettings(live=QUICK)) as source:
            assert [corners(frame.image) for frame in source] == [UPRIGHT[::-1]]


def test_pixels_of_a_stream_become_square(tmp_path):
    video = VideoFile(count=40, options={"g": "5", "bf": "0"}, format="mpegts", aspect=Fraction(3, 2))
    data = video.write(tmp_path / "video.ts").read_bytes()
    with serving(lambda _: paced(data * 20, 400)) as server:
        frame, _ = look_at(f"tcp://127.0.0.1:{server.port}", lambda source, frame: True)
    assert frame.image.shape == (48, 96, 3)


def test_pictures_without_time_stamps_have_the_time_of_their_arrival():
    with serving(lambda _: jpegs(100, pause_s=0.1), Http, MOTION_JPEG) as server:
        frame, _ = look_at(f"http://127.0.0.1:{server.port}/", lambda source, frame: frame.index >= 6)
    assert frame.time_s >= 0.1 * 2  # at 25 a second, as FFmpeg assumes, they would lag ever more
    assert frame.time_s == pytest.approx(0.1 * frame.index, abs=0.5)


def test_a_stream_over_tcp_is_live(tmp_path):
    data = transport_stream(tmp_path)
    with serving(lambda _: paced(data * 20, 400)) as server:
        frame, _ = look_at(f"tcp://127.0.0.1:{server.port}", lambda source, frame: frame.index >= 20)
    assert corners(frame.image) == UPRIGHT


def test_rtsp_is_live(tmp_path):
    data = transport_stream(tmp_path)
    with serving(lambda _: paced(data * 20, 400), Rtsp) as server:
        frame, _ = look_at(f"rtsp://127.0.0.1:{server.port}/video", lambda source, frame: frame.index >= 20)
    assert corners(frame.image) == UPRIGHT


def test_a_stream_that_stalls_is_connected_to_again():
    def play(visit):
        return chain(jpegs(20), silence(30)) if visit == 1 else jpegs(500, start=100)

    with serving(play, Http, MOTION_JPEG) as server:
        _, source = look_at(f"http://127.0.0.1:{server.port}/", lambda source, frame: source.losses)
    assert server.visits == 2
    assert source.losses == 1


def test_an_rtsp_stream_that_breaks_off_is_connected_to_again(tmp_path):
    data = transport_stream(tmp_path)
    with serving(lambda visit: paced(data * (1 if visit == 1 else 20), 40 * visit), Rtsp) as server:
        # A picture of the first visit may still wait when its loss has been counted.
        frame, source = look_at(
            f"rtsp://127.0.0.1:{server.port}/video", lambda source, frame: server.visits > 1
        )
    assert (server.visits, source.losses) == (2, 1)
    assert corners(frame.image) == UPRIGHT


@contextmanager
def watching_motion_jpeg():
    """A server of 500 pictures a connection, and a source that looks at it."""
    with (
        serving(lambda _: jpegs(500), Http, MOTION_JPEG) as server,
        open_source(f"http://127.0.0.1:{server.port}/", SourceSettings(live=QUICK)) as source,
    ):
        yield server, source


def test_a_server_that_dies_and_returns_is_found_again():
    with watching_motion_jpeg() as (server, source):
        times = [next(source).time_s]
        server.stop()
        while not source.losses:
            time.sleep(0.01)
        server.start()
        times += [next(source).time_s for _ in range(5)]
    assert all(before < after for before, after in pairwise(times))


def test_a_server_that_dies_for_good_is_an_error():
    with watching_motion_jpeg() as (server, source):
        next(source)
        server.stop()
        with pytest.raises(MediaError, match="sent no picture for"):
            list(source)


def test_closing_a_network_stream_leaves_no_thread(tmp_path):
    with serving(lambda _: chain(jpegs(5), silence(30)), Http, MOTION_JPEG) as server:
        source = open_source(f"http://127.0.0.1:{server.port}/", SourceSettings(live=QUICK))
        next(source)
        source.close()
        assert not grabbing()


@contextmanager
def watching_video(data, play, settings=QUICK):
    """A server that promises a video and plays what it likes, and a source that looks at it."""
    headers = (("Content-Type", "video/mp4"), ("Content-Length", str(len(data))))
    with (
        serving(play, Http, headers) as server,
        open_source(f"http://127.0.0.1:{server.port}/video.mp4", SourceSettings(live=settings)) as source,
    ):
        yield source


def test_a_video_behind_an_http_address_is_a_recording(tmp_path):
    video = (
        VideoFile(count=10, container_options={"movflags": "+faststart"})
        .write(tmp_path / "video.mp4")
        .read_bytes()
    )
    with watching_video(video, lambda _: iter([video])) as source:
        assert not source.live
        assert [frame.time_s for frame in source] == pytest.approx([i / 25 for i in range(10)])


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_photo_behind_an_http_address_is_one_frame(suffix):
    data = cv2.imencode(suffix, picture(0, 64, 48)[..., ::-1])[1].tobytes()
    with serving(lambda _: iter([data]), Http) as server:
        address = f"http://ann:secret@127.0.0.1:{server.port}/snapshot"
        with open_source(address, SourceSettings(live=QUICK)) as source:
            assert not source.live
            assert source.name == address.replace("secret", "***")
            assert [corners(frame.image) for frame in source] == [UPRIGHT]


def noise(index, width, height):
    return np.random.default_rng(index).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize("then", [lambda: silence(20), lambda: iter(())], ids=["silent", "gone"])
def test_a_recording_whose_server_fails_is_an_error(tmp_path, then):
    video = VideoFile(count=60, size=(320, 240), draw=noise, container_options={"movflags": "+faststart"})
    data = video.write(tmp_path / "video.mp4").read_bytes()
    broken = pytest.raises(MediaError, match="broke off")
    with watching_video(data, lambda _: chain([data[: len(data) // 2]], then())) as source, broken:
        list(source)


def test_pictures_of_a_script_are_pictures():
    image = picture(3, 64, 48)
    with LiveSource("cam", lambda: iter_once(image), QUICK) as source:
        assert (next(source).image == image).all()


def iter_once(image):
    yield ReceivedFrame(lambda: image)
