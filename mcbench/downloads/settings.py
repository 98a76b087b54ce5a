"""How patient a download is, and where the sites behind the schemes are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DownloadSettings:
    """Times are in seconds.

    Attributes:
        tries: attempts at one mirror in a row that bring nothing new, before the next mirror's turn.
        first_wait: pause after the first failed attempt; it doubles with each further one.
        longest_wait: most that a pause lasts, whatever a server's Retry-After asks for.
        timeout: for a connection, and for an answer that brings nothing at all.
        slow_window: a download is broken off, to be resumed, when it brought less than `slow_bytes`
            in this time.
        slow_bytes: see `slow_window`.
        gdrive: address of Google Drive's downloads; the file's id is sent as `id`.
        youtube: address of a video, with `{id}` in the place of its id.
    """

    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    timeout: float = 30.0
    slow_window: float = 60.0
    slow_bytes: int = 60 << 10
    gdrive: str = "https://drive.usercontent.google.com/download"
    youtube: str = "https://www.youtube.com/watch?v={id}"

    def pause(self, failures: int, asked: float | None = None) -> float:
        """Return how long to wait after `failures` failed attempts; `asked`: by the server's Retry-After."""
        own = self.first_wait * float(2 ** (failures - 1))
        return min(self.longest_wait, max(own, asked or 0.0))


DEFAULT_SETTINGS = DownloadSettings()
