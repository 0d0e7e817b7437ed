"""The camera of the notebook's user, with skeletons, as a Jupyter widget (extra `notebook`)."""

from movenet.errors import MissingExtraError
from movenet.notebook.history import History

try:
    from movenet.notebook.widget import Camera
except ImportError as problem:
    raise MissingExtraError(str(problem.name), "notebook", "movenet.notebook") from problem

__all__ = ["Camera", "History"]
