"""The drawing of single kinds of weather."""
