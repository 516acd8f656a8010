"""The folders hold the files that a recipe tells to write: tests of the copy that they are put into, not of this
project.
"""

collect_ignore = ["mart", "format"]
