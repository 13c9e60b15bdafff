"""Auctions: rules that clear all they hold at once."""
