"""Tell when somebody falls and stays down: python fall_alarm.py VIDEO. An aid, no medical device."""

import sys

import movenet
from movenet.analysis import find_events, make_tracks
from movenet.records import Record


def main(source: str) -> None:
    """Look at the last seconds of the video once a second."""
    last, told_s = [], 0.0
    for frame, poses in movenet.watch(source):
        height, width = frame.image.shape[:2]
        last = [*last[-150:], Record(source, frame.index, frame.time_s, width, height, tuple(poses))]
        if frame.time_s < told_s + 1:
            continue
        told_s = frame.time_s
        for track in make_tracks(last):
            events = find_events(track)
            print(f"{frame.time_s:.1f} s: {events[-1].kind if events else 'unknown'}")
            if any(event.kind == "fallen" and event.end_s > frame.time_s - 1 for event in events):
                print("ALARM: somebody fell")


if __name__ == "__main__":
    main(*sys.argv[1:])
