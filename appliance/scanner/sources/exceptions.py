"""Faults of the scanner's sources."""

from __future__ import annotations


class SourceFault(Exception):  # noqa: N818 (the house's word)
    """A setting that names no source, or a device that can't be opened: what is wrong and what to do, for a person."""
