"""A kernel with the extension, one for the tests of a module."""

from tests.magics.conftest import kernel

__all__ = ["kernel"]
