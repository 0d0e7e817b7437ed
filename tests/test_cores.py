"""Cores are shared so that nobody waits."""

import os
import subprocess
import sys

from movenet.cores import threads_for_video, usable_cores


def test_there_is_at_least_one_core_to_use():
    assert 1 <= usable_cores() <= os.cpu_count()


def test_a_video_leaves_half_of_the_cores_to_its_codecs():
    assert threads_for_video() == max(usable_cores() // 2, 1)


def test_a_process_bound_to_one_core_counts_one():
    bind = "import os; hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])"
    count = "from movenet.cores import *; print(usable_cores(), threads_for_video(), hasattr(os, 'sched_setaffinity'))"
    done = subprocess.run(
        [sys.executable, "-c", f"{bind}; {count}"], capture_output=True, text=True, check=True
    )
    cores, threads, bound = done.stdout.split()
    assert (cores, threads) == ("1", "1") or bound == "False"
