"""What a person can read on a page of HTML, and its tags."""

from __future__ import annotations

from html.parser import HTMLParser


class Text(HTMLParser):
    """`text`: the words in order, with single spaces; `tags`: the names of all elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)
