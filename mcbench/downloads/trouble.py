"""What can go wrong with one attempt at one mirror; never seen outside this room."""

from __future__ import annotations


class PassingError(Exception):
    """It may work at the next attempt: a broken connection, a busy server.

    Attributes:
        wait: seconds that the server asked to wait, or None.
        no_host: the name of the server leads nowhere.
    """

    def __init__(self, reason: str, *, wait: float | None = None, no_host: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.no_host = no_host


class RefusedError(Exception):
    """This mirror will not give the file, however often it is asked.

    Attributes:
        gone: the server knows of no such file.
    """

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class WrongContentError(RefusedError):
    """What came is whole, and not the file that was meant."""


class PackageMissingError(RefusedError):
    """This kind of address needs a package that is not installed.

    Attributes:
        hint: the line to type.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(f"{reason}; {hint}")
        self.reason = reason
        self.hint = hint


class StaleRangeError(Exception):
    """The server cannot go on where the partial file ends: it has to be read from the start."""


class StoppedError(Exception):
    """The user stopped the download."""
