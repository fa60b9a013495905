"""Modules that come with an extra of the distribution, loaded when a bridge is used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def require(module: str, extra: str) -> ModuleType:
    """Load a module of an extra.

    Raises
    ------
    ImportError
        If it is not installed; the message names the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise ImportError(
            f"This needs {module}, which is not installed: pip install 'bdxopendata[{extra}]'.", name=error.name
        ) from error
