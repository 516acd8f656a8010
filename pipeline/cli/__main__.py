"""`python -m pipeline.cli`: the `growthhouse` command without its installed script."""

import sys

from pipeline.cli.app import app

sys.exit(app())
