"""Importers: other people's grids and meters become scenario folders."""
