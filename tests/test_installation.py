"""The command that adds an extra asks for the package where it came from."""

from pathlib import Path

import pytest

from movenet.installation import install_command, requirement


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, "'movenet[live]'"),
        ({}, "'movenet[live]'"),
        ({"url": "file:///home/a%20b/movenet", "dir_info": {}}, "'/home/a b/movenet[live]'"),
        ({"url": "file:///src", "dir_info": {"editable": True}}, "-e '/src[live]'"),
        (
            {"url": "https://host/movenet.git", "vcs_info": {"vcs": "git", "commit_id": "0ecf529"}},
            "'movenet[live] @ git+https://host/movenet.git'",
        ),
        ({"url": "file:///a.whl", "archive_info": {}}, "'movenet[live] @ file:///a.whl'"),
    ],
)
def test_an_extra_comes_from_where_the_package_came(origin, expected):
    assert requirement(origin, "live") == expected


def test_a_checkout_installs_from_itself():
    assert install_command("live") == f"pip install -e '{Path(__file__).parents[1]}[live]'"
