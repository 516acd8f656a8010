"""The `growthhouse` command: one file per group of commands. Not here: the work they start."""
