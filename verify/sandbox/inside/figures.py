"""matplotlib's open figures in, PNG images out."""

import io
import sys
from collections.abc import Callable
from typing import Any

MAX_FIGURES = 20
MAX_FIGURE_BYTES = 12 << 20  # of all of a cell's figures together


class Figures:
    """The figures of a cell, in the order in which they were shown; nothing where matplotlib is not there."""

    def __init__(self) -> None:
        self.images: list[bytes] = []
        self._pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if self._pyplot is not None:
            setattr(self._pyplot, "show", self._as_function())  # noqa: B010  It is not known to be there.

    def _as_function(self) -> Callable[..., None]:
        # matplotlib hangs a signature on it, which a method does not take.
        def show(*_: object, **__: object) -> None:
            """Show all open figures, and close them."""
            self.show()

        return show

    def show(self) -> None:
        """Draw all open figures and close them: what `plt.show()` does here."""
        if self._pyplot is None:
            return
        try:
            for number in self._pyplot.get_fignums():
                self._take(self._pyplot.figure(number))
        finally:
            self._pyplot.close("all")

    def _take(self, figure: Any) -> None:
        if len(self.images) >= MAX_FIGURES:
            sys.stderr.write(f"Only the first {MAX_FIGURES} figures of a cell are shown.\n")
            return
        image = io.BytesIO()
        figure.savefig(image, format="png", bbox_inches="tight")
        if image.tell() + sum(map(len, self.images)) > MAX_FIGURE_BYTES:
            sys.stderr.write(f"A figure is not shown: a cell's may take {MAX_FIGURE_BYTES >> 20} MiB together.\n")
            return
        self.images.append(image.getvalue())
