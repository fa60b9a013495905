"""A line under each page that shows outputs: the rows are samples, and how to run the code. mkdocs calls it."""

from __future__ import annotations

import posixpath
from typing import Any

NOTES = {
    "en": (
        "What the code of this page prints comes from the stand-in portal: the rows are samples. "
        "[How to run it, here or on the real portal]({link})",
        "index.md#what-you-see-on-these-pages",
    ),
    "fr": (
        "Les réponses de cette page viennent du portail de substitution : les lignes sont inventées. "
        "[Comment exécuter ce code, ici ou sur le vrai portail]({link})",
        "fr/start.md",
    ),
}


def noted(markdown: str, path: str) -> str:
    """Add the note to the text of a page, where it shows what code prints and does not say so itself."""
    if "```text\n" not in markdown or path.startswith("gallery/") or path in ("index.md", "fr/index.md", "fr/start.md"):
        return markdown
    text, target = NOTES["fr" if path.startswith("fr/") else "en"]
    beginning, _, anchor = target.partition("#")
    link = posixpath.relpath(beginning, posixpath.dirname(path)) + (f"#{anchor}" if anchor else "")
    return f"{markdown.rstrip()}\n\n---\n\n<small>{text.format(link=link)}</small>\n"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Give mkdocs the text of a page with its note (it calls this by its name)."""
    return noted(markdown, page.file.src_uri)
