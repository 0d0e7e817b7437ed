"""Calls of many threads joined into batches: each gets its own answer, the oldest call goes first."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from movenet.engine import ScriptedEngine
from movenet.engine.batching import BatchingEngine
from movenet.errors import EngineError
from movenet.models import MODELS


class Gate:
    """An engine that stops at the first call until it is opened, so that others wait; its answer is the brightness."""

    def __init__(self, error=None):
        self.batches, self.error = [], error
        self.is_in, self.is_open = threading.Event(), threading.Event()
        self.engine = BatchingEngine(ScriptedEngine(MODELS["lightning"], self))

    def __call__(self, squares):
        self.batches.append(squares[:, 0, 0, 0].tolist())
        self.is_in.set()
        assert self.is_open.wait(20)
        if self.error is not None:
            raise self.error
        return {"heatmap": squares[:, :1, :1, :1].astype(np.float32).transpose(0, 3, 1, 2)}

    def run_together(self, *calls):
        """Return the answers to calls that start in this order while the first of them runs."""
        with ThreadPoolExecutor(len(calls)) as pool:
            futures = [pool.submit(self.engine, calls[0])]
            assert self.is_in.wait(20)
            for number, call in enumerate(calls[1:], 1):
                futures.append(pool.submit(self.engine, call))
                while len(self.engine._waiting) < number:
                    pass
            self.is_open.set()
            return futures


def squares(*brightness, side=32):
    return np.stack([np.full((side, side, 3), each, np.uint8) for each in brightness])


def answers(futures):
    return [future.result()["heatmap"].ravel().tolist() for future in futures]


def test_calls_that_wait_run_as_one_batch_and_each_gets_its_own_answer():
    gate = Gate()
    futures = gate.run_together(squares(1), squares(2), squares(3, 4), squares(5), squares(6))
    assert answers(futures) == [[1], [2], [3, 4], [5], [6]]
    assert gate.batches == [[1], [2, 3, 4, 5], [6]]


def test_squares_of_another_size_run_in_a_batch_of_their_own_and_none_is_passed_over():
    gate = Gate()
    futures = gate.run_together(squares(1), squares(2, side=64), squares(3), squares(4, side=64))
    assert answers(futures) == [[1], [2], [3], [4]]
    assert gate.batches == [[1], [2, 4], [3]]


def test_a_call_larger_than_a_batch_runs_alone():
    gate = Gate()
    futures = gate.run_together(squares(1), squares(2, 3, 4, 5, 6), squares(7))
    assert answers(futures) == [[1], [2, 3, 4, 5, 6], [7]]
    assert gate.batches[1] == [2, 3, 4, 5, 6]


def test_an_error_reaches_every_caller_and_the_next_call_runs():
    gate = Gate(EngineError("no memory"))
    for future in gate.run_together(squares(1), squares(2)):
        with pytest.raises(EngineError, match="no memory"):
            future.result()
    gate.error = None
    assert gate.engine(squares(9))["heatmap"].ravel().tolist() == [9]


def test_it_has_the_card_and_checks_the_squares_of_its_engine():
    engine = Gate().engine
    assert (engine.card, engine.precision) == (MODELS["lightning"], "fp32")
    with pytest.raises(EngineError, match="expected uint8 RGB squares"):
        engine(np.zeros((1, 31, 32, 3), np.uint8))
