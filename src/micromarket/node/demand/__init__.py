"""Demand: what meters count, and what a month's highest costs."""
