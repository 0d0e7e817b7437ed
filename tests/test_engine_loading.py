"""What loading an engine imports and starts, and which networks are loaded side by side."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from movenet.engine import Runtime, ScriptedEngine, loading, open_engine
from movenet.engine.openvino_engine import OpenVinoEngine
from movenet.errors import EngineError
from movenet.estimator import Estimator
from movenet.models import MODELS

BLACK = np.zeros((480, 640, 3), np.uint8)


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_openvino_is_loaded_without_its_converter_which_remains_available():
    seen = python(
        "import sys; from movenet.engine import openvino_core; openvino_core(); import openvino\n"
        "print('openvino.tools.ovc' in sys.modules, 'openvino_telemetry' in sys.modules)\n"
        "from openvino import convert_model\n"
        "print(convert_model.__name__, hasattr(openvino, 'convert_nothing'))"
    )
    assert seen == ["False", "False", "convert_model", "False"]


def test_an_openvino_that_is_imported_before_stays_as_it_is():
    seen = python(
        "import openvino; before = openvino.convert_model; from movenet.engine import openvino_core\n"
        "openvino_core(); print(openvino.convert_model is before)"
    )
    assert seen == ["True"]


def test_help_imports_neither_numpy_nor_an_engine():
    seen = python("import sys; import movenet.cli; print('numpy' in sys.modules, 'openvino' in sys.modules)")
    assert seen == ["False", "False"]


def test_a_command_is_built_without_the_others():
    seen = python(
        "import sys; from movenet.cli import app; from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(app, ['run', '--help']).exit_code == 0\n"
        "print(*sorted({name for name in sys.modules if name in ('movenet.cli.run', 'movenet.cli.live')}))"
    )
    assert seen == ["movenet.cli.run"]


def test_a_photo_imports_no_video_and_no_network_modules():
    seen = python(
        "import sys; import movenet.cli.run_execution\n"
        "print(*({'av', 'ssl', 'movenet.video', 'movenet.annotations', 'movenet.analysis'} & set(sys.modules)))"
    )
    assert seen == []


def test_the_pose_model_is_loaded_while_the_detector_runs():
    estimator = Estimator("lightning", runtime=Runtime(threads=1))
    assert not estimator.engine.is_loaded
    assert estimator(BLACK) == []
    assert estimator.engine.is_loaded
    assert "movenet-loading" not in {thread.name for thread in threading.enumerate()}


def test_a_network_that_cannot_be_loaded_raises_where_it_is_run(monkeypatch):
    engine = open_engine("lightning", Runtime(threads=1))

    def fail(self, shape):
        raise EngineError("no such network")

    monkeypatch.setattr(OpenVinoEngine, "_compiled", fail)
    with loading(engine):
        pass
    assert not engine.is_loaded
    with pytest.raises(EngineError, match="no such network"):
        engine(np.zeros((1, 192, 192, 3), np.uint8))


def test_engines_of_other_makers_have_nothing_to_load():
    with loading(ScriptedEngine(MODELS["lightning"], lambda squares: {})):
        assert "movenet-loading" not in {thread.name for thread in threading.enumerate()}
