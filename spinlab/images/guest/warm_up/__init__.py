"""Carries the WIT of the image's own world."""

__spinlab__ = True
