"""Faults of serving. Expected refusals (a wrong password, a used link) are return values."""

from __future__ import annotations


class ServingError(Exception):
    """What went wrong and what to do, in one sentence for a person."""


class DirectoryUnavailable(ServingError):
    """Whoever keeps the staff's names and passwords doesn't answer at the moment."""
