"""Kernels: compiled and plain."""
