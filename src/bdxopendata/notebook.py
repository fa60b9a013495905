"""Completion by Tab in IPython and notebooks: ``%load_ext bdxopendata.notebook``.

`F` means a field of any dataset and remembers none, so that completing it needs to know which dataset the line is
about: the nearest one before it, by the name that the person gave it. Arguments that take one of a few values offer
them. Nothing is asked of a portal: only what is known already is offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from inspect import unwrap
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from bdxopendata.answers import Answers
from bdxopendata.catalog import Catalog
from bdxopendata.fields import Schema

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

_FIELD = re.compile(r"(?<![\w.])((?:[A-Za-z_]\w*\.)?F\.)(\w*)\Z")
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?:\[\s*(?:\"([^\"]+)\"|'([^']+)')\s*\])?\s*\.")
_ARGUMENT = re.compile(
    r"(?<![\w.])([A-Za-z_][\w.]*)\((?:[^()]*,)?\s*(?:([A-Za-z_]\w*)\s*=\s*)?[\[(]?\s*[\"']([^\"'()]*)\Z"
)

# Facets of a catalogue that `search` takes, and where a description has them.
FACETS = {"theme": "themes", "keyword": "keywords", "publisher": "publisher"}


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Begin to complete; IPython calls it for ``%load_ext``."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher()  # type: ignore[untyped-decorator]  # IPython does not say its type
    def bdxopendata_matcher(context: CompletionContext) -> SimpleMatcherResult:
        found = completions(context.full_text[: context.cursor_position], shell.user_ns, context.token)
        result: SimpleMatcherResult = {"completions": [SimpleCompletion(one) for one in found], "suppress": bool(found)}
        return result

    unload_ipython_extension(shell)
    shell.Completer.custom_matchers.append(bdxopendata_matcher)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Stop to complete; IPython calls it for ``%unload_ext``."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "__name__", "") != "bdxopendata_matcher"]


def completions(before: str, names: Mapping[str, Any], token: str) -> list[str]:
    """Offer what may follow.

    Parameters
    ----------
    before
        The code before the cursor.
    names
        What the names in the code are.
    token
        The last part of `before`, which is replaced by what is chosen.
    """
    field = _FIELD.search(before)
    if field is not None:
        schema = _schema_before(before[: field.end(1)], names)
        offered = [one for one in schema.names if one.isidentifier()] if schema is not None else []
        head = token[: len(token) - len(field[2])]
        return [f"{head}{one}" for one in offered if one.startswith(field[2])]
    argument = _ARGUMENT.search(before)
    if argument is not None:
        typed = argument[3]
        values = _values(_resolved(argument[1], names), argument[2])
        # Only the last word of what is typed is replaced.
        cut = len(typed) - len(token) if typed.endswith(token) else len(typed)
        return [one[cut:] for one in values if one.casefold().startswith(typed.casefold())]
    return []


def _schema_before(before: str, names: Mapping[str, Any]) -> Schema | None:
    """Find the fields of the nearest dataset that is named."""
    for found in reversed(list(_NAME.finditer(before))):
        thing = names.get(found[1])
        key = found[2] or found[3]
        if isinstance(thing, Catalog) and key is not None:
            info = (thing._listing or {}).get(key)
        elif isinstance(thing, Answers) and key is None:
            info = thing._reader.seen
        else:
            continue
        return info.schema if info is not None else None
    return None


def _resolved(path: str, names: Mapping[str, Any]) -> Any:
    """Follow a dotted name; None where it leads nowhere."""
    first, *rest = path.split(".")
    thing = names.get(first)
    for name in rest:
        thing = getattr(thing, name, None)
    return thing


def _values(function: Any, parameter: str | None) -> Iterable[str]:
    """List the values that an argument takes, where they are few and known."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, Catalog) and getattr(function, "__name__", "") == "search" and parameter in FACETS:
        return _facet_values(owner, FACETS[parameter])
    module = getattr(function, "__module__", None) or type(function).__module__
    if not module.startswith("bdxopendata."):
        return ()
    if hasattr(function, "kinds") and parameter in (None, "kind"):
        kinds: tuple[str, ...] = function.kinds()
        return kinds
    if parameter == "commune":
        from bdxopendata.topics import places

        return [one.name for one in places.COMMUNES]
    # What a decorator wraps knows the names in its annotations.
    inner = unwrap(function)
    annotation = getattr(inner, "__annotations__", {}).get(parameter or "")
    known = getattr(inner, "__globals__", {}).get(annotation, annotation)
    return [str(one) for one in get_args(known)] if get_origin(known) is Literal else ()


def _facet_values(catalog: Catalog, name: str) -> list[str]:
    found: set[str] = set()
    for info in (catalog._listing or {}).values():
        value = getattr(info, name)
        found |= {value} if isinstance(value, str) else set(value or ())
    # What would act on the terminal that shows the choice is not offered.
    return sorted(one for one in found if one.isprintable())
