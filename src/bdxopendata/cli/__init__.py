"""The command ``bdx``: what the library has, from the terminal, in English and French.

A module is a group of commands; a command is a function that takes what was asked and returns an exit status. What a
command needs is imported by the command, so that ``bdx --help`` answers at once. An error is one line on the error
output; a traceback is only ever a mistake in the library.
"""

from __future__ import annotations

from bdxopendata.cli.running import main
from bdxopendata.cli.serving import interrupts

__all__ = ["interrupts", "main"]
