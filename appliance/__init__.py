"""The box at the door of a hybrid event's hub."""

__version__ = "0.1.0"
