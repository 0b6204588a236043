"""What a source is to the rest of the scanner: frames of a camera, or lines that a hand scanner types.

A source is opened even when its device is missing: it says `gone` with what to do, and comes by itself when the device
does. `read` raises what killed the source's own thread, so that the process ends and is started afresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from appliance.serving.scan_link.protocol import SourceState

if TYPE_CHECKING:
    # Not at run time: a box with hand scanners alone needs no numpy in its memory.
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

__all__ = ["Frame", "FrameSource", "Line", "LineSource", "Source", "SourceState"]


class Frame:
    """One picture. Nobody writes into its arrays."""

    __slots__ = ("_colour", "grey", "seen_ms")

    def __init__(
        self, grey: Picture, colour: Picture | Callable[[], Picture | None] | None = None, seen_ms: float = 0.0
    ) -> None:
        """`colour` as a function is called when colours are asked for, which they rarely are, and once."""
        self.grey = grey
        """HxW, C-contiguous, uint8; 0 is black."""
        self.seen_ms = seen_ms
        """Wall clock at which it was taken over, milliseconds since 1970."""
        self._colour = colour

    @property
    def colour(self) -> Picture | None:
        """The same picture as HxWx3, uint8, blue first, perhaps smaller; None if the source has no colours."""
        if callable(self._colour):
            self._colour = self._colour()
        return self._colour


class Line(NamedTuple):
    """One scan of a hand scanner, without its end of line; at most 4096 characters."""

    text: str
    seen_ms: float
    """Wall clock at its end, milliseconds since 1970."""


class Source(Protocol):
    """What all sources tell about themselves."""

    @property
    def name(self) -> str:
        """Short, for staff: `video0`, `ttyACM0`; never a password."""

    @property
    def state(self) -> SourceState:
        """How it is now; moves by itself."""

    @property
    def detail(self) -> str:
        """For staff: what was tried, what is wrong, what to do. Empty when all is well. At most 1000 characters."""

    @property
    def ended(self) -> bool:
        """Nothing will come any more: a file without loop is through. A device never ends."""

    def close(self) -> None:
        """Lets the device go. A `read` that waits returns None."""


class FrameSource(Source, Protocol):
    """Gives the newest frame; what nobody took in time is dropped, never queued."""

    @property
    def kind(self) -> Literal["camera", "file"]:
        """A file is never judged frozen."""

    def read(self, timeout: float) -> Frame | None:
        """The newest frame not given yet; waits up to `timeout` seconds for one, then None."""


class LineSource(Source, Protocol):
    """Gives every line, in order."""

    @property
    def kind(self) -> Literal["scanner"]:
        """Always a scanner, also a pipe that stands for one."""

    def read(self, timeout: float) -> Line | None:
        """The next line; waits up to `timeout` seconds for one, then None."""
