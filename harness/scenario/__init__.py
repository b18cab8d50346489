"""Scenarios and the stages they are played on: everything between a frame that comes in and one that goes out."""
