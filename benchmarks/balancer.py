"""How long a camera waits when its server behind HAProxy is killed or stopped: python benchmarks/balancer.py TIMES.

The recipe is docs/examples/haproxy.cfg, the servers and the client those of tests/test_live_balancer.py.
"""

import signal
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_live_balancer import Client, balanced, used


def back_after_s(how: signal.Signals) -> float:
    """Return the time from the last answer of one server to the first of the other, in seconds."""
    with balanced() as (front, backends):
        client = Client(front)
        client.pose()
        process = backends[used(backends)]
        process.send_signal(how)
        last_s = time.monotonic()
        while True:
            client.pose()
            now_s = time.monotonic()
            if client.connections == 2:
                break
            last_s = now_s
        client.close()
        return now_s - last_s


def main(times: int) -> None:
    """Print the times of each signal."""
    for how in (signal.SIGKILL, signal.SIGTERM):
        found = sorted(back_after_s(how) for _ in range(times))
        print(f"{how.name}: median {statistics.median(found):.2f} s, longest {found[-1]:.2f} s of {times}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
