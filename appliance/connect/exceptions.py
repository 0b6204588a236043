"""The one exception of this room."""

from __future__ import annotations

from appliance.connect.problems import BadRow


class UnreadableError(Exception):
    """Raised by the row readers where reading can't go on; `read_roster` turns it into a problem."""

    def __init__(self, problem: BadRow) -> None:
        super().__init__(problem.expected)
        self.problem = problem
