"""Usage: book_links.py BOOK. Follows each link of the pages in the directory BOOK that stays within it, to the place in the page."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The places that links can name, and the links."""

    def __init__(self, path):
        super().__init__()
        self.places, self.links = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def fault(book, pages, page, link):
    """Why a link leads nowhere, or None."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(book) or not target.exists():
        return f"{page.relative_to(book)}: {link} leads to no file of the book"
    place = unquote(parts.fragment)
    if place and target in pages and place not in pages[target].places:
        return f"{page.relative_to(book)}: {link} leads to no place in {target.relative_to(book)}"
    return None


def main():
    book = Path(sys.argv[1]).resolve()
    pages = {path: Page(path) for path in sorted(book.rglob("*.html"))}
    # The page for addresses that do not exist has links from the root of a server.
    links = [(path, link) for path, page in pages.items() if path.name != "404.html" for link in page.links]
    faults = [said for path, link in links if (said := fault(book, pages, path, link))]
    if not links:
        faults = [f"expected a book in {book}, found no page with links"]
    print("\n".join(faults), file=sys.stderr, end="\n" if faults else "")
    print(f"the book: {len(pages)} pages, {len(links)} links, {len(faults)} of them broken")
    return 1 if faults else 0


sys.exit(main())
