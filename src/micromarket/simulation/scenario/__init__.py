"""Scenario files: their form, how they are read and checked, and how new ones begin."""
