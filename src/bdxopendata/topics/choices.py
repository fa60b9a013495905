"""Finding what a person means among the names that there are: whatever the case, accents, hyphens and blanks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches

from bdxopendata.catalog import fold
from bdxopendata.errors import excerpt, name_list

_BETWEEN = re.compile(r"[^0-9a-z]+")
# A character that an importer could not read stands for one or two letters of the name.
_BROKEN = "\N{REPLACEMENT CHARACTER}"


def folded(name: str) -> str:
    """Bring a name to the form in which it is compared: letters and digits only, no case, no accents.

    Text that was written as UTF-8 and read as Latin-1 is put right first.
    """
    with suppress(UnicodeError):
        name = name.encode("latin-1").decode("utf-8")
    return _BETWEEN.sub("", fold(name.replace("œ", "oe").replace("Œ", "oe")))


def same(name: str, wanted: str) -> bool:
    """Whether two names are the same once folded; a character that could not be read matches any."""
    if _BROKEN in name:
        pattern = ".{0,2}".join(re.escape(folded(part)) for part in re.split(f"{_BROKEN}+", name))
        return re.fullmatch(pattern, folded(wanted)) is not None
    return folded(name) == folded(wanted)


def choose(wanted: object, known: Iterable[str], what: str) -> str:
    """Return the one of `known` that is meant.

    Parameters
    ----------
    wanted
        What a person wrote.
    known
        The names that there are.
    what
        What they are names of, for the message: ``"genus"``.

    Raises
    ------
    TypeError
        If `wanted` is not text.
    ValueError
        If it is none of them; the message names the nearest.
    """
    if not isinstance(wanted, str):
        raise TypeError(f"A {what} is text, not {type(wanted).__name__}.")
    names = list(dict.fromkeys(known))
    if wanted in names:
        return wanted
    for name in names:
        if folded(name) == folded(wanted):
            return name
    raise ValueError(unknown(wanted, names, what))


def unknown(wanted: str, known: Iterable[str], what: str) -> str:
    """Word that there is no such name, and name the nearest."""
    names = list(known)
    near = nearest(wanted, names)
    if near:
        return f"There is no {what} '{excerpt(wanted, 60)}'. Did you mean {name_list(near)}?"
    some = ", ".join(f"'{excerpt(one, 40)}'" for one in names[:10]) + (" …" if len(names) > 10 else "")
    return f"There is no {what} '{excerpt(wanted, 60)}'. There is {some or 'none at all'}."


def nearest(wanted: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Names that look like `wanted`, best first."""
    by_form = {folded(name): name for name in reversed(list(known))}
    form = folded(wanted)
    alike = [by_form[one] for one in get_close_matches(form, by_form, n=count, cutoff=0.6)]
    holding = [name for one, name in sorted(by_form.items()) if len(form) > 2 and form in one and name not in alike]
    return tuple((alike + holding)[:count])
