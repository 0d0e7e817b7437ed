"""`movenet live`, as a user types it."""

import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from typer.testing import CliRunner

from movenet.cli import app
from movenet.installation import install_command

MOVENET = [sys.executable, "-c", "from movenet.cli import main; main()"]


@pytest.mark.parametrize(("times", "flags"), [(1, []), (2, []), (1, ["--in-browser"])])
def test_it_says_where_the_page_is_and_stops_at_ctrl_c(times, flags):
    command = [*MOVENET, "live", "--port", "0", "--no-browser", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert line.startswith("movenet live: http://127.0.0.1:")
        url = line.split()[2]
        with urllib.request.urlopen(url + "health") as answer:
            assert json.load(answer)["status"] == "ok"
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)  # two at once would be one
        rest, errors = process.communicate(timeout=120)
    assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "websockets", "psutil", "segno", "cryptography"])
def test_a_missing_package_is_named_with_the_command_that_brings_it(package):
    code = (
        f"import sys; sys.modules['{package}'] = None; from movenet.errors import MoveNetError\n"
        "from movenet.live import ServerSettings, serve\n"
        "try: serve(None, ServerSettings(), print)\n"
        "except MoveNetError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"needs the package '{package}'" in said
    assert install_command("live") in said


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--port", "70000"], "expected a port from 0 to 65535, got 70000"),
        (["--clients", "0"], "expected the limit clients above 0, got 0"),
        (["--clients", "200"], "expected the limit connections above that of clients, 200, got 128"),
        (["--tls-cert", "a.pem"], "expected both a certificate and its key"),
        (["--tls-key", "a.pem"], "got only one of --tls-cert and --tls-key"),
        (["--in-browser", "--precision", "fp32"], "for models on this server, not --in-browser"),
        (["--in-browser", "--rate-hz", "20"], "--rate-hz is for pictures sent to this server"),
        (["--in-browser", "--exercise", "squad"], "did you mean 'squat'?"),
        (["--in-browser", "--model", "posenet"], "expected a single-person MoveNet model for the browser"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_is_loaded(flags, sentence):
    result = CliRunner().invoke(app, ["live", *flags])
    assert sentence in str(result.exception)
