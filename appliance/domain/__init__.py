"""The rules of the door: pure, no I/O, no clock, no logging."""
