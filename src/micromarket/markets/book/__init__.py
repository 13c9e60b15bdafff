"""Continuous matching: the order book, and orders that are curves."""
