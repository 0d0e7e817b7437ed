"""The README in both languages: the same sections, the same code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGLISH, KOREAN = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))


def headings(text):
    """Return the level of each heading."""
    return [
        len(marks)
        for marks in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    ]


def code(text, language):
    """Return the code blocks of a language, without comments."""
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return [re.sub(r" *#.*", "", block) for block in blocks]


def test_the_sections_are_the_same():
    assert headings(ENGLISH) == headings(KOREAN)


@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_code_is_the_same(language):
    assert code(ENGLISH, language) == code(KOREAN, language) != []


def test_the_links_and_the_figures_are_the_same():
    def links(text):
        return sorted(set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.ko.md"})

    assert links(ENGLISH) == links(KOREAN)
    assert re.findall(r"\*\*0\.\d+\*\*", ENGLISH) == re.findall(r"\*\*0\.\d+\*\*", KOREAN)


def test_the_file_tree_names_every_package_and_nothing_else():
    tree = re.search(r"```\nsrc/movenet/\n(.*?)```", ENGLISH, re.DOTALL)[1]
    named = set(re.findall(r"\b([a-z_]+)/", tree)) | set(re.findall(r"\b([a-z_]+\.py)", tree))
    packages = {path.parent.name for path in (ROOT / "src" / "movenet").glob("*/__init__.py")}
    assert packages <= named
    assert all((ROOT / "src" / "movenet" / name).exists() for name in named)
    korean = re.search(r"```\nsrc/movenet/\n(.*?)```", KOREAN, re.DOTALL)[1]
    assert {*re.findall(r"\b[a-z_]+/", tree)} == {*re.findall(r"\b[a-z_]+/", korean)}
