"""Listens: typer commands, one sentence each: parse, call, render, exit."""

import gc


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit the process with the contract's code."""
    # What a run makes and loads it keeps to its end, so that looking for garbage often finds none.
    gc.set_threshold(50_000)
    from reconciler.cli import main

    main.run(arguments)


__all__ = ["run"]
