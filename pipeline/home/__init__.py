"""What a home is on disk and in time: paths, lock, permissions, atomic writes, checksums, clock, memory, failpoints.

The lowest package: it imports nothing else of the pipeline. Not here: what any of the files mean."""
