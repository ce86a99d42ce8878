"""Declared and live objects brought together: what meets what, whose it is, what was not seen."""
