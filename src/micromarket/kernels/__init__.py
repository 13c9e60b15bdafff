"""Compiled inner loops and their plain twins; arrays in, arrays out, no domain words."""
