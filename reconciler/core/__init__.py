"""Decides: pure functions over declared and live objects. No network, disk, clock or terminal."""
