"""The sections of `growth.yaml`: one file per top-level key, named like the key."""
