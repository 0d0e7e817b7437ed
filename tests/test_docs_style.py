"""The form of the documentation: numbers, lines of code, pictures."""

import re
from pathlib import Path

import pytest

from doc_blocks import blocks_of

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "README.ko.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
PICTURES = sorted(path for path in (ROOT / "docs" / "img").rglob("*") if path.is_file())
MAX_COLUMNS = 114
"""Of a line of code, so that it fits beside the navigation of the site in a window of 1400 pixels."""
MAX_BYTES = {"hero.webp": 500_000, "explain.webp": 200_000}
"""Of the animation and of a page full of small text; other pictures have at most 100,000."""


def prose(page):
    """Return the text of a page without its code."""
    return re.sub(
        r"^ *```.*?^ *```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_fractions_have_a_leading_zero(page):
    assert re.findall(r"(?<![\w.\])/])\.\d.{0,20}", prose(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_of_code_fit_on_the_page(page):
    lines = [line for block in blocks_of(page) for line in block.code.splitlines()]
    assert [line for line in lines if len(line) > MAX_COLUMNS] == []


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_shown_somewhere_and_loads_fast(picture):
    name = picture.relative_to(ROOT / "docs").as_posix()
    assert any(name in page.read_text(encoding="utf-8") for page in PAGES)
    assert picture.stat().st_size <= MAX_BYTES.get(picture.name, 100_000)
