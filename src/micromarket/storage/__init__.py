"""Writing values down and reading them again."""
