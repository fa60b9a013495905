"""The typed program that type checkers read uses every public name."""

from __future__ import annotations

import ast
from pathlib import Path

import bdxopendata as bdx


def test_every_public_name_is_used_in_the_typed_program() -> None:
    tree = ast.parse(Path(__file__).with_name("public_api.py").read_text(encoding="utf-8"))

    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "bdx"
    }
    imported = {
        one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "bdxopendata"
        for one in node.names
    }
    assert set(bdx.__all__) - used - imported == set()
