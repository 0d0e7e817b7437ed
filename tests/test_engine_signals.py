"""Signals are handled as before after engines were opened and destroyed."""

import gc
import signal

from movenet.engine import open_engine


def test_signals_are_handled_after_engines_were_destroyed_in_any_order():
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        first, second = open_engine("lightning"), open_engine("thunder")
        del first
        gc.collect()
        del second
        gc.collect()
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]
