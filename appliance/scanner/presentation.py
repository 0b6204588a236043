"""What counts as one presentation: a code held up is asked about once; taken away and shown again it is a new one.

A decoder now and then reports a code that isn't there, always beside one that is. So a code that is alone in its frame
counts at once, and one of several in a frame only when it has been read in two frames: a person holding up two badges
waits one frame longer, and nothing foreign seen in a single frame flashes red.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Final

REMEMBERED: Final = 64
"""Codes kept in mind; a flood of different ones pushes out those not seen for longest."""
NEW_PER_FRAME: Final = 16
"""Unknown codes taken from one frame: nobody holds up more, a hostile poster may."""
ASK_AGAIN_AFTER: Final = 1.0
"""Seconds before a code that could not be decided is asked about again: a door that is away is not hammered."""
FRAMES_BESIDE_OTHERS: Final = 2
"""In so many frames a code is read before it counts, when it isn't alone."""


class _Code:
    """A code in view, or only just out of it."""

    __slots__ = ("frames", "last_seen", "not_before", "presented")

    def __init__(self, now: float) -> None:
        self.last_seen = now
        self.frames = 0
        self.presented = False
        self.not_before = now


class Presentations:
    """Of one source. `seen` is one thread's; `forget` may come from any."""

    def __init__(self, gone_after: float = 1.5) -> None:
        """`gone_after`: seconds out of view after which the same code is a new presentation."""
        self._gone_after = gone_after
        self._codes: OrderedDict[str, _Code] = OrderedDict()
        self._forgotten: deque[str] = deque(maxlen=REMEMBERED)

    def __len__(self) -> int:
        """How many codes are kept in mind; at most REMEMBERED and those of one frame."""
        return len(self._codes)

    def seen(self, texts: Sequence[str], now: float) -> list[str]:
        """Those of a frame's `texts` that are new presentations, each once. Call it for every frame, also an empty one.

        `now` in monotonic seconds, never falling.
        """
        self._let_go(now)
        self._take_back(now)
        in_frame = list(dict.fromkeys(texts))
        alone = len(in_frame) == 1
        room = NEW_PER_FRAME
        new: list[str] = []
        for text in in_frame:
            code = self._codes.get(text)
            if code is None:
                if not room:
                    continue
                room -= 1
                code = self._codes[text] = _Code(now)
            self._codes.move_to_end(text)
            code.last_seen = now
            code.frames += 1
            settled = alone or code.frames >= FRAMES_BESIDE_OTHERS
            if settled and not code.presented and now >= code.not_before:
                code.presented = True
                new.append(text)
        while len(self._codes) > REMEMBERED:
            self._codes.popitem(last=False)
        return new

    def forget(self, text: str) -> None:
        """The presentation could not be decided: still in view or seen again, it is new after ASK_AGAIN_AFTER."""
        self._forgotten.append(text)

    def _let_go(self, now: float) -> None:
        gone = [
            text
            for text, code in self._codes.items()
            if now - code.last_seen >= self._gone_after and now >= code.not_before
        ]
        for text in gone:
            del self._codes[text]

    def _take_back(self, now: float) -> None:
        while self._forgotten:
            code = self._codes.get(self._forgotten.popleft())
            if code is not None:
                code.presented = False
                code.not_before = now + ASK_AGAIN_AFTER
