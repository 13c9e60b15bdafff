"""Scenario files, importers, the run itself, its tables and its report."""
