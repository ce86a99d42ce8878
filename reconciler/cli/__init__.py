"""Listens: typer commands, one sentence each: parse, call, render, exit."""

import os

from reconciler.cli import garbage


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit the process with the contract's code."""
    garbage.seldom()
    # Checking declarations takes none; looking for them reads what every package says of itself.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from reconciler.cli import main

    try:
        main.run(arguments)
    finally:
        garbage.never()


__all__ = ["run"]
