"""Errors that a user can mend: a message that says what is wrong and a hint that says what to do.

Everything that mcbench raises on purpose derives from `McbenchError`. The command line prints it
without a traceback and exits with 2; anything else that escapes is a defect of mcbench.
"""

from __future__ import annotations


class McbenchError(Exception):
    """Something a user can mend.

    Args:
        message: what is wrong, naming the file, value or option.
        hint: what to do about it, as a command where there is one.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def in_one_line(self) -> str:
        """Message and hint, as reports and tables show them."""
        return f"{self.message} - {self.hint}" if self.hint else self.message

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class InputError(McbenchError):
    """An argument, option or name that mcbench cannot work with."""


class FileFormatError(McbenchError):
    """A file that exists but cannot be read as what it should be."""


class DataMissingError(McbenchError):
    """A benchmark, clip or condition that has not been prepared."""


class WeightsMissingError(McbenchError):
    """Weights that are not on this machine, or are not the ones that were asked for."""


class MismatchError(McbenchError):
    """Two sides that should pair up (frames, sizes, names, hashes, settings) and do not."""


class WorkerError(McbenchError):
    """A process that did part of the work ended before its time."""


class NetworkError(McbenchError):
    """A download that failed, or was not allowed."""


class DiskSpaceError(McbenchError):
    """A disk that has too little room for what is to be written."""
