"""The camera of whoever reads the notebook, with skeletons, as a widget (extra `notebook`)."""

from movenet.errors import MissingExtraError
from movenet.notebook.history import History

try:
    from movenet.notebook.widget import Camera
except ImportError as problem:
    raise MissingExtraError(str(problem.name), "notebook", "movenet.notebook") from problem

__all__ = ["Camera", "History"]
