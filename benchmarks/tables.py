"""Write the tables of the documentation anew, with date, versions and processor.

    python benchmarks/tables.py speed [--quick] [--only engines stages …]
    python benchmarks/tables.py accuracy SHARED [--mediapipe PYTHON] [--yolo PYTHON]

`speed` writes docs/speed.md (see speed_tables.py), `accuracy` docs/accuracy.md (see accuracy_tables.py). Each table
stands between two markers in the page; the sentences around it are written by hand. Measure on a quiet machine.
"""

from __future__ import annotations

import sys

PAGES = ("speed", "accuracy")


def main() -> None:
    """Hand the flags on to the page's own script."""
    if len(sys.argv) < 2 or sys.argv[1] not in PAGES:
        raise SystemExit(__doc__)
    page = sys.argv.pop(1)
    if page == "speed":
        import speed_tables

        speed_tables.main()
    else:
        import accuracy_tables

        accuracy_tables.main()


if __name__ == "__main__":
    main()
