"""A Jupyter widget that shows the browser's camera with skeletons (extra `notebook`)."""

from movenet.errors import MissingExtraError
from movenet.notebook.history import History

try:
    from movenet.notebook.widget import Camera
except ImportError as problem:
    raise MissingExtraError(str(problem.name), "notebook", "movenet.notebook") from problem

__all__ = ["Camera", "History"]
