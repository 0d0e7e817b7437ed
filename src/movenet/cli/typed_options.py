"""A command whose options are the fields of a frozen dataclass: they are checked by type and passed on as one value."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, get_type_hints

Options = TypeVar("Options")


def takes(options: type[Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Return a decorator for a command of one parameter, the dataclass `options`.

    Typer sees a function with a parameter for each field, of the field's annotation and default.
    """

    def decorate(command: Callable[[Options], None]) -> Callable[..., None]:
        @wraps(command)
        def with_options(**given: Any) -> None:
            command(options(**given))

        with_options.__signature__ = signature(options, eval_str=True)  # type: ignore[attr-defined]  # (read by typer)
        with_options.__annotations__ = get_type_hints(options, include_extras=True)
        return with_options

    return decorate
