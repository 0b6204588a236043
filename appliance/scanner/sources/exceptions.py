"""Faults of the scanner's sources."""

from __future__ import annotations


class SourceFault(Exception):  # noqa: N818 (the house's word)
    """A setting that names no source, or a device that can't be opened: what is wrong and what to do, for a person."""


class SourceEnded(Exception):  # noqa: N818 (not a fault)
    """A file without loop is through."""


class SourceDied(Exception):  # noqa: N818 (as it reads)
    """A source's own thread died of something unexpected: the process must end and be started afresh."""
