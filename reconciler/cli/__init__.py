"""Listens: typer commands, one sentence each: parse, call, render, exit."""

from reconciler.cli import garbage


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit the process with the contract's code."""
    garbage.seldom()
    from reconciler.cli import main

    try:
        main.run(arguments)
    finally:
        garbage.never()


__all__ = ["run"]
