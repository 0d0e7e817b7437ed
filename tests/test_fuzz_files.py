"""Damaged records, settings, checkpoints and models are read rightly or refused; tools/fuzz_files.py tries more."""

import pytest

from fuzz_files import checkpoint_case, model_case, record_case, settings_case
from movenet.errors import MoveNetError


@pytest.mark.parametrize(
    ("case", "seeds"),
    [
        *((record_case, range(first, first + 100)) for first in (0, 100, 200)),
        *((settings_case, range(first, first + 100)) for first in (0, 100, 200)),
        *((checkpoint_case, range(first, first + 100)) for first in (0, 100)),
        (model_case, range(24)),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_damaged_file_is_read_rightly_or_refused_by_an_error_of_ours(case, seeds):
    for seed in seeds:
        try:
            case(seed)
        except MoveNetError:
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
