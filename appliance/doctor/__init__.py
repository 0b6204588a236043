"""The doctor: looks at everything that a box needs and says of each ok, warning or fault, and what to do."""
