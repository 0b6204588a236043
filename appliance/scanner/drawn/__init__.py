"""Draws what a kiosk's camera would see: single frames of every difficulty, and a live queue of people for the demo."""

from appliance.scanner.drawn.frame import KINDS, draw_frame, invent_text

__all__ = ["KINDS", "draw_frame", "invent_text"]
