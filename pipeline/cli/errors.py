"""The error that ends a night. Not here: how it is printed (`options.fail`)."""


class NightError(Exception):
    """The night published nothing. exit_code 1: a gate or step failed; 2: configuration or input; 128 + n: signal n."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
