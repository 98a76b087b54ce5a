"""Google Drive: from the id of a shared file to where its bytes lie.

Drive gives small files at once. Before a large one it shows a page, since it cannot look for viruses
in it; the page holds a form whose hidden fields confirm that the file is wanted all the same.
"""

from __future__ import annotations

import http.client
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

from mcbench.downloads.http import Browser, content_length, is_page
from mcbench.downloads.settings import DownloadSettings
from mcbench.downloads.transfer import Address
from mcbench.downloads.trouble import PassingError, RefusedError

_PAGE_BYTES = 1 << 20


def locate(mirror: str, browser: Browser, settings: DownloadSettings) -> Address:
    """Return the address of `gdrive:ID`.

    Raises:
        PassingError: no answer, or too many people have fetched the file today.
        RefusedError: there is no such file, or it is not shared with everybody.
    """
    query = urlencode({"id": mirror.partition(":")[2], "export": "download", "confirm": "t"})
    asked = f"{settings.gdrive}?{query}"
    with browser.open(asked) as answer:  # only a page is read; a file is left to the transfer
        if not is_page(answer.headers.get("Content-Type"), b"", ""):
            return Address(mirror, asked)
        page = _Page()
        try:
            content = answer.read(_PAGE_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise PassingError(f"the connection broke: {error or type(error).__name__}") from error
        if len(content) < min(_PAGE_BYTES, content_length(answer.headers) or 0):
            raise PassingError("the connection broke in the middle of a page")
        came_from = answer.geturl()
    page.feed(content.decode("utf-8", errors="replace"))
    if page.action is not None:
        return Address(mirror, f"{urljoin(came_from, page.action)}?{urlencode(page.fields)}")
    title = " ".join(page.title.split()) or "a page without a title"
    if "quota" in title.lower():
        raise RefusedError(
            f"Google Drive says {title!r}: too many people have fetched it lately; try again in a day"
        )
    raise RefusedError(
        f"Google Drive gave a page instead of the file: {title!r}; is it shared with everybody?"
    )


class _Page(HTMLParser):
    """Finds the form that confirms a download, and the page's title."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "title":
            self._inside = "title"
        elif tag == "form" and values.get("id") == "download-form":
            self._inside = "form"
            self.action = values.get("action") or ""
        elif tag == "input" and self._inside == "form" and (name := values.get("name")):
            self.fields[name] = values.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
