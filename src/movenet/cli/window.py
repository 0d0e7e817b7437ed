"""A window that shows pictures, by Tk, which most Pythons have: OpenCV's headless build has none."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MoveNetError

REMEDY = "use movenet live for a camera in the browser, or -o to write a file"


class WindowClosedError(Exception):
    """The window was closed, or Esc or q pressed."""


class Window:
    """A window of one picture at a time, at most as large as the screen allows. It opens with the first picture."""

    def __init__(self) -> None:
        """Open the window, empty.

        Raises:
            MoveNetError: This Python has no Tk, or there is no screen.
        """
        try:
            import tkinter
        except ImportError:
            system = "install python3-tk" if sys.platform == "linux" else "install Tk for this Python"
            raise MoveNetError(f"--show needs Tk, which this Python lacks: {system}, {REMEDY}") from None
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as problem:
            raise MoveNetError(f"--show needs a screen ({problem}): {REMEDY}") from None
        self._root.title("movenet")
        self._label = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self._is_open = True
        self._root.protocol("WM_DELETE_WINDOW", self._close)
        for key in ("<Escape>", "q"):
            self._root.bind(key, lambda _: self._close())

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show a (H, W, 3) uint8 RGB picture.

        Raises:
            WindowClosedError: The user has closed the window.
        """
        from PIL import Image, ImageTk

        picture = Image.fromarray(image)
        limit = (0.9 * self._root.winfo_screenwidth(), 0.85 * self._root.winfo_screenheight())
        picture.thumbnail((round(limit[0]), round(limit[1])))
        self._photo = ImageTk.PhotoImage(
            picture, master=self._root
        )  # Tk shows it as long as it is referenced
        self._label.configure(image=self._photo)
        self.update()

    def update(self) -> None:
        """Handle the events of the window.

        Raises:
            WindowClosedError: The user has closed the window.
        """
        self._root.update()
        if not self._is_open:
            raise WindowClosedError

    def wait(self) -> None:
        """Wait until the user closes the window."""
        while self._is_open:
            self._root.update()
            time.sleep(0.02)

    def __enter__(self) -> Window:
        """Return the window itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the window."""
        self._root.destroy()

    def _close(self) -> None:
        self._is_open = False
