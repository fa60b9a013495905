"""English and French: one table, whole in both."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import string

import pytest

from bdxopendata import errors
from bdxopendata.cli import wording
from bdxopendata.cli.parsing import parser
from bdxopendata.cli.words import ARGPARSE, ERRORS, WORDS

if False:  # pragma: no cover  the type only
    from cli.conftest import Bdx


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "fr_CA.utf8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:en"}, "fr"),
        ({"LANG": "C", "LANGUAGE": "fr"}, "en"),
        ({"LANG": "fur_IT"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_that_of_the_locale(environment: dict[str, str], language: str) -> None:
    assert wording.language(environment) == language


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", list(WORDS))
def test_both_languages_tell_the_same_facts(key: str) -> None:
    english, french = WORDS[key]

    assert facts(english) == facts(french)
    assert english.strip()
    assert french.strip()
    assert english.count("\n") == french.count("\n")


def test_every_word_that_is_asked_for_is_there_and_each_is_used() -> None:
    import bdxopendata.cli as package

    folder = package.__path__[0]
    from pathlib import Path

    code = "\n".join(one.read_text(encoding="utf-8") for one in Path(folder).glob("*.py") if one.stem != "words")
    asked = set(re.findall(r"""(?:say|words|told|_say)\(\s*["']([^"'{}]+)["']""", code))
    asked |= set(re.findall(r"""Mistake\(\s*["']([^"']+)["']""", code))

    assert asked <= set(WORDS)
    # Each text is named somewhere, whole or by its beginning.
    for key in WORDS:
        beginning = key.split()[0]
        assert (
            f'"{key}"' in code
            or f"'{key}'" in code
            or f'f"{beginning}' in code
            or f'f"{" ".join(key.split()[:2])}' in code
        ), key


def test_argparse_has_no_words_that_people_see_but_those_that_are_translated() -> None:
    said = set()
    for call in ast.walk(ast.parse(inspect.getsource(argparse))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "ngettext"):
            said |= {one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    # Those who write parsers see the others.
    for_writers = {
        one for one in said if re.search(r"conflict|mutually|invalid argument|required=|must start|dest=", one)
    }
    for_writers |= {
        one for one in said if re.search(r"callable|merge|__call__|can't open|mode|multiple sub|unexpected", one)
    }
    for_writers |= {one for one in said if "positionals" in one or "deprecated" in one or "dest" in one}

    assert said - for_writers - set(ARGPARSE) - {"subcommands", "%(heading)s:"} == set()


@pytest.mark.parametrize("name", list(ERRORS))
def test_errors_are_told_in_both_languages(name: str) -> None:
    kind = getattr(errors, name)
    english, french = ERRORS[name]

    assert issubclass(kind, errors.BdxOpenDataError)
    assert english != french


@pytest.mark.parametrize(
    "name", [one for one in dir(errors) if one.endswith("Warning") and one != "BdxOpenDataWarning"]
)
def test_warnings_are_told_in_french(name: str) -> None:
    warning = getattr(errors, name)("Facts here.")

    assert wording.warning_text(warning, wording.Words("en")) == "Facts here."
    assert wording.warning_text(warning, wording.Words("fr")) != "Facts here."


def test_a_standing_feed_is_one_line_in_both_languages(bdx: Bdx) -> None:
    english = bdx("parking -n 1").err
    french = bdx("parking -n 1", LC_ALL="fr_FR.UTF-8").err

    assert english.startswith("bdx: warning: The newest row of 'st_park_p'")
    assert french.startswith("bdx: avertissement : les données les plus récentes sont anciennes")
    assert english.count("\n") == french.count("\n") == 1


def test_errors_are_told_with_their_facts(bdx: Bdx) -> None:
    english = bdx("info st_prk_p").err
    french = bdx("info st_prk_p", LC_ALL="fr_FR.UTF-8").err

    assert "has no dataset 'st_prk_p'. Did you mean 'st_park_p' or 'st_arceau_p'?" in english
    assert "n'a pas de jeu « st_prk_p ». Vouliez-vous dire 'st_park_p' ou 'st_arceau_p' ?" in french


@pytest.mark.parametrize("line", ["", "search", "info", "schema", "head", "get", "topics", "parking", "bridge", "check",
                                  "record", "store", "stand-in", "demo", "completion"])  # fmt: skip
def test_french_help_is_french_throughout(bdx: Bdx, line: str) -> None:
    english = bdx(f"{line} --help")
    french = bdx(f"{line} --help", LC_ALL="fr_FR.UTF-8")

    assert (english.status, french.status) == (0, 0)
    assert french.out.startswith("usage : bdx")
    words = set(re.findall(r"[a-z]{3,}", french.out.lower()))
    assert not words & {
        "the",
        "and",
        "show",
        "exit",
        "such",
        "only",
        "default",
        "arguments:",
        "with",
        "dataset",
        "rows",
    }


def test_parsing_gives_argparse_its_words_back() -> None:
    before = vars(argparse)["_"]

    with wording.of_argparse("fr"):
        parser(wording.Words("fr"))
        assert vars(argparse)["_"]("usage: ") == "usage : "

    assert vars(argparse)["_"] is before


def test_mistyped_commands_are_told_in_french(bdx: Bdx) -> None:
    ran = bdx("get", LC_ALL="fr_FR.UTF-8")

    assert (ran.status, ran.err) == (2, "bdx: il manque : JEU. Voir « bdx get --help ».\n")


def test_numbers_and_sizes_are_written_as_the_language_does(bdx: Bdx) -> None:
    assert "42\N{NARROW NO-BREAK SPACE}511" in bdx("search naissances", LC_ALL="fr_FR.UTF-8").out
    assert "42,511" in bdx("search naissances").out


def test_the_help_names_every_exit_status(bdx: Bdx) -> None:
    from bdxopendata.cli import statuses

    numbers = {value for name, value in vars(statuses).items() if name.isupper()}

    for language in ("en_GB.UTF-8", "fr_FR.UTF-8"):
        shown = bdx("--help", LC_ALL=language).out
        assert {int(one) for one in re.findall(r"^  (\d+)  ", shown, re.MULTILINE)} == numbers
