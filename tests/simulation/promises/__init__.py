"""The promises that every world is held against, at its end or at every moment of its weather."""
