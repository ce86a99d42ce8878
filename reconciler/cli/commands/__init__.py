"""The commands: a file for each group of them, imported when one of them is asked for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from reconciler.cli.examples import EXAMPLES, epilog


class Listed(NamedTuple):
    """A command as `--help` lists it: the file it is in, and the first sentence of its help."""

    file: str
    summary: str


COMMANDS = {
    "init": Listed("starting", "Write starter declarations and workflows; tell what to allow."),
    "add": Listed("adding", "Write the lines of a new seller, and show its plan alone."),
    "validate": Listed("declaring", "Check the declarations, without network or credentials."),
    "plan": Listed("comparing", "Read live state and show what apply would do."),
    "apply": Listed("applying", "Plan, ask, and carry the plan out."),
    "destroy": Listed("applying", "Delete everything the stack owns, through the same guards."),
    "drift": Listed("comparing", "Show how live differs from declared; exit with 2 if it does."),
    "snapshot": Listed(
        "snapshots", "Write what is live in the accounts to a file, for `plan --live`."
    ),
    "post": Listed("posting", "Tell the merged pull request on GitHub what apply did."),
    "status": Listed("operating", "Show health: messages waiting, what is dead, missing or off."),
    "verify": Listed(
        "operating", "Prove that notifications arrive; exit with 1 if one is unproven."
    ),
    "receive": Listed("receiving", "Fetch notifications from a declared queue, and decode them."),
    "listen": Listed("listening", "Receive Merchant pushes, and acknowledge each when it is safe."),
    "doctor": Listed("operating", "Check each account without changing anything; say what to fix."),
    "export": Listed("exporting", "Write declarations of live objects that no declaration covers."),
    "migrate": Listed("migrating", "Write the SP-API declarations that take over from MWS ones."),
    "decode": Listed("receiving", "Decode notifications of any service, however they are wrapped."),
    "graph": Listed("picturing", "Draw what leads where, with what apply would change."),
    "report": Listed("picturing", "Write one HTML page: topology, plan or drift, and health."),
    "schema": Listed("declaring", "Print the JSON Schema of the declarations, for editors."),
    "sandbox": Listed("playing", "Serve loopback stand-ins of all four services until stopped."),
    "demo": Listed("playing", "Run the whole story on bundled declarations and a sandbox."),
}
"""By name, in the order in which `--help` shows them."""


OPTIONAL = {"--arrivals": ("7d", re.compile(r"[0-9]+[smhd]?"))}
"""By option, the value that it has without one, and what its values look like."""


class Command(TyperCommand):
    """A command that takes `--arrivals`, `--arrivals 14d` and `--arrivals PATH`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, after giving options their values where these are left out."""
        return super().parse_args(ctx, list(_completed(args)))


def _completed(words: Sequence[str]) -> Iterator[str]:
    options = True
    for word, following in pairwise((*words, "")):
        yield word
        options = options and word != "--"
        if options and word in OPTIONAL:
            value, pattern = OPTIONAL[word]
            if not pattern.fullmatch(following):
                yield value


class _Made(Mapping[str, Any]):
    """The commands by name, each imported and made when it is asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            file = import_module(f"{__name__}.{COMMANDS[name].file}")
            alone = typer.Typer(add_completion=False, rich_markup_mode=None)
            made = alone.command(cls=Command, epilog=epilog(EXAMPLES[name]))
            made(getattr(file, name))
            self._made[name] = typer.main.get_command(alone)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandGroup(TyperGroup):
    """All commands; to list them none is imported."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: Any = _Made()

    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names."""
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write them with their summaries."""
        listed: Any = [TyperCommand(name, help=it.summary) for name, it in COMMANDS.items()]
        TyperGroup(commands=listed).format_commands(ctx, formatter)
