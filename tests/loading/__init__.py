"""Existing Spin applications, loaded and served."""
