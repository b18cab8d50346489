"""Lawful Skybit servers that read the open points of the spec otherwise than our mock."""
