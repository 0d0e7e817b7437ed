"""Errors tell what to do, and can be caught by what they are."""

import ast
import pickle
from pathlib import Path

import pytest

import movenet
from movenet.errors import FileError, MediaError, MissingExtraError, MoveNetError
from movenet.installation import install_command

SOURCES = sorted(Path(movenet.__file__).parent.rglob("*.py"))


def test_a_missing_extra_names_the_command_that_brings_it():
    error = MissingExtraError("scipy", "smooth", "smoothing")
    assert str(error) == (
        f"smoothing needs the package 'scipy': install it with  {install_command('smooth')}"
    )
    assert (error.package, error.extra, error.command) == (
        "scipy",
        "smooth",
        install_command("smooth"),
    )


def test_a_missing_extra_is_an_import_error_that_names_its_module():
    with pytest.raises(ImportError) as caught:
        raise MissingExtraError("scipy", "smooth", "smoothing")
    assert isinstance(caught.value, MoveNetError)
    assert caught.value.name == "scipy"


def test_a_missing_extra_passes_from_process_to_process():
    error = pickle.loads(pickle.dumps(MissingExtraError("scipy", "smooth", "smoothing")))
    assert (str(error), error.extra) == (
        f"smoothing needs the package 'scipy': install it with  {install_command('smooth')}",
        "smooth",
    )


def test_what_is_wrong_with_media_is_a_file_error():
    assert issubclass(MediaError, FileError)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_error_but_that_of_a_missing_extra_tells_to_install_one(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None]
    assert not [ast.unparse(exc) for exc in raised if "pip install 'movenet[" in ast.unparse(exc)]


def test_the_tree_in_the_docstring_is_the_tree():
    from movenet import errors

    drawn = [line.split()[-1] for line in _names(errors.__doc__)]
    assert sorted(drawn) == sorted(
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, MoveNetError)
    )


def _names(text):
    """Return the part of each line of the tree that ends in the name of a class."""
    for line in text.splitlines():
        head = line.strip("│├└─ ").partition("  ")[0]
        if line.startswith("    ") and head.endswith("Error"):
            yield head
