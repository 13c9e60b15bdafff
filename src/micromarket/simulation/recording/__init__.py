"""What a run leaves behind: tables, figures, checkpoints, and how they are read again."""
