"""Other systems' rosters: read from a file, held against the living one, imported whole or not at all."""
