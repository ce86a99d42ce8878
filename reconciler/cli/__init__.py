"""Listens: typer commands, one sentence each: parse, call, render, exit."""

from reconciler.cli.main import run

__all__ = ["run"]
