"""Broken servers, section by section of the spec."""
