"""A node that lives: its markets, its talk with neighbors, its devices, what happened at it."""
