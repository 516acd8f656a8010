"""Audit, copy, switch, versions; how analysts connect, export. Not here: deciding whether a night may publish (the gates)."""
