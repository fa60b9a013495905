"""The page about the commands shows what they print."""

from __future__ import annotations

from support import terminal_page


def test_the_page_shows_what_commands_print() -> None:
    text = terminal_page.PAGE.read_text(encoding="utf-8")

    assert len(terminal_page.blocks(text)) > 8
    assert terminal_page.rewritten(text) == text, "tests/support/terminal_page.py writes outputs anew"


def test_the_page_tells_of_every_command() -> None:
    from bdxopendata.cli.parsing import parser
    from bdxopendata.cli.wording import Words

    text = terminal_page.PAGE.read_text(encoding="utf-8")
    names = next(action.choices for action in parser(Words("en"))._actions if action.dest == "command")

    assert names is not None
    assert [name for name in names if f"bdx {name}" not in text.replace("`record`", "`bdx record`")] == []
