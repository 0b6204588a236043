"""Faults of the scanner's sources."""

from __future__ import annotations


class SourceFault(Exception):
    """A setting that names no source, or a device that can't be opened: what is wrong and what to do, for a person."""


class SourceEnded(Exception):
    """A file without loop is through."""


class SourceDied(Exception):
    """A source's own thread died of something unexpected: the process must end and be started afresh."""
