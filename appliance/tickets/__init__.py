"""Tickets made visible: QR pictures, printable sheets, and a sample event."""
