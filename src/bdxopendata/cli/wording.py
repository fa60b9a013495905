"""The words of the commands, in English and in French: one table, so that no screen is half translated.

The language is that of the locale, as for other commands: ``LC_ALL``, else ``LC_MESSAGES``, else ``LANG``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bdxopendata import errors
from bdxopendata.cli.words import ARGPARSE, ERRORS, WARNINGS, WORDS

LANGUAGES = ("en", "fr")
# No line about an error or a warning is longer.
LONGEST = 900


def language(environ: Mapping[str, str]) -> str:
    """Choose the language by the locale: French where it is French, else English."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "C")
    if locale.partition(".")[0] in ("C", "POSIX"):
        return "en"
    # As gettext does: a list of languages counts where there is a locale at all.
    preferred = environ.get("LANGUAGE", "").split(":")[0] or locale
    return "fr" if preferred[:2].lower() == "fr" and not preferred[2:3].isalpha() else "en"


class Words:
    """The words in one language: ``say("rows", count=3)``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._place = LANGUAGES.index(language)

    def __call__(self, key: str, **facts: object) -> str:
        """Word a text of the table with these facts."""
        text = WORDS[key][self._place]
        return text.format(**facts) if facts else text

    def rows(self, count: int) -> str:
        """Word a number of rows."""
        one = count == 1 if self.language == "en" else count < 2
        return f"{self.number(count)} {self('row' if one else 'rows')}"

    def number(self, value: int) -> str:
        """Write a whole number as the language does."""
        return f"{value:,}" if self.language == "en" else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


@contextmanager
def of_argparse(language: str) -> Iterator[None]:
    """Have argparse speak the language: it has words of its own, and takes them from the functions replaced here."""
    if language == "en":
        yield
        return
    module: Any = argparse
    before = module._, module.ngettext
    module._ = lambda text: ARGPARSE.get(text, text)
    module.ngettext = lambda one, many, count: ARGPARSE.get(one if count == 1 else many, many)
    try:
        yield
    finally:
        module._, module.ngettext = before


def warning_text(warning: Warning, say: Words) -> str:
    """Word a warning of the library for the terminal."""
    french = WARNINGS.get(type(warning).__name__) if say.language == "fr" else None
    return str(warning) if french is None else french.format(text=str(warning).rstrip("."))


def error_text(error: BaseException, say: Words) -> str:
    """Word an error for the terminal; those that have no words of their own here are told as the library tells them."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    near = errors.name_list(getattr(error, "near", ()) or ())
    if say.language == "fr":
        near = near.replace("' or '", "' ou '")
    facts = {
        **{name: value for name, value in vars(error).items() if isinstance(value, (str, int, float))},
        "near": say("did you mean", near=near) if near else "",
        "dataset": getattr(error, "dataset_id", None) or "…",
    }
    for kind in type(error).__mro__:
        template = ERRORS.get(kind.__name__)
        if template is not None:
            try:
                return " ".join(template[LANGUAGES.index(say.language)].format(**facts).split())
            except (KeyError, ValueError):
                break
    return str(error)
