"""Completion in the shell: ``eval "$(bdx completion bash)"``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bdxopendata.cli.statuses import OK

if TYPE_CHECKING:
    from bdxopendata.cli.wording import Words

# Options after which a file or a folder is typed, or nothing that is known.
_BASH = """\
_bdx() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= one words=
    for one in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $one in
            {commands}) command=$one; break ;;
        esac
    done
    case $command:$before in
{after}
    esac
    if [[ -z $words ]]; then
        case $command in
            '') words='{names} {options}' ;;
{each}
        esac
        # Options only where one is begun, so that files are offered elsewhere.
        if [[ $current != -* ]]; then words=$(printf '%s\\n' $words | grep -v -- '^-'); fi
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _bdx bdx
"""
_ZSH = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"
SHELLS = ("bash", "zsh")


def add(commands: Any, say: Words) -> None:
    """Describe the command."""
    one = commands.add("completion", completion, reads=False, epilog=say("epilog of completion"))
    one.add_argument("shell", choices=SHELLS, metavar="|".join(SHELLS), help=say("help of shell"))


def completion(asked: argparse.Namespace) -> int:
    """Print a script that completes commands, options and their values."""
    from bdxopendata.cli.parsing import parser

    print((_ZSH if asked.shell == "zsh" else "") + script(parser(asked.say)), end="")
    return OK


def script(bdx: argparse.ArgumentParser) -> str:
    """Write the script for bash of what a parser knows."""
    commands = next(one for one in bdx._actions if isinstance(one, argparse._SubParsersAction)).choices
    each, after = [], []
    for name, command in commands.items():
        words = [option for action in command._actions for option in action.option_strings if option.startswith("--")]
        for action in command._actions:
            known = [str(one) for one in action.choices or ()]
            if known and action.option_strings:
                options = "|".join(f"{name}:{option}" for option in action.option_strings)
                after.append(f"        {options}) words='{' '.join(known)}' ;;")
            elif known:
                words += known
        each.append(f"            {name}) words='{' '.join(words)}' ;;")
    names = list(commands)
    return _BASH.format(
        commands="|".join(names),
        names=" ".join(names),
        options=" ".join(option for action in bdx._actions for option in action.option_strings if option[:2] == "--"),
        each="\n".join(each),
        after="\n".join(after),
    )
