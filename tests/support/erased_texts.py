"""Texts that name `user-12`, and texts that only look like it."""

NAMING = ("user-12", '{"id":"user-12"}', "anon:user-12", "by user-12.", "/u/user-12/x")
NOT_NAMING = (
    *("user-123", "my-user-12", "user-12-old", "user-12@x.y", "user-12.old"),
    *("USER-12", ""),
)
