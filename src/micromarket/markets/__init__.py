"""Rules that match, clear and time; pure."""
