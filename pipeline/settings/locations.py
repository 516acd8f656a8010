"""Finds a key of the config in its YAML text, for the line in an error message."""

from __future__ import annotations

import yaml

Location = tuple[int | str, ...]


def find_node(root: yaml.Node, location: Location) -> tuple[yaml.Node, Location]:
    """The node nearest to a location, and the part of the location that exists in the file."""
    node, walked = root, []
    for part in location:
        step = _child(node, part)
        if step is None:
            continue  # a part that pydantic adds: the arm of a union, '[key]'
        node = step
        walked.append(part)
    return node, tuple(walked)


def _child(node: yaml.Node, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                value.start_mark = key.start_mark  # an error about a value names the line of its key
                return value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    return None


def line_of(root: yaml.Node, location: Location) -> int:
    """The line of a location, from 1."""
    node, _ = find_node(root, location)
    return int(node.start_mark.line) + 1


def key_text(location: Location) -> str:
    """A location as people write it: `funnels[0].steps`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
