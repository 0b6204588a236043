"""Decoding: OpenCV prepares, zxing-cpp reads, and a second look reads what the first pass misses."""

from appliance.scanner.decoding.decoder import Decoded, Decoder
from appliance.scanner.decoding.reading import MAX_TEXT, Code

__all__ = ["MAX_TEXT", "Code", "Decoded", "Decoder"]
