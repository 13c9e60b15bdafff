"""Simulate, and then operate, small markets for energy and other resources."""

__version__ = "0.1.0"
