"""The `micromarket` command: one verb per module, imported only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from micromarket import __version__
from micromarket.errors import (
    BusError,
    MicromarketError,
    MissingExtra,
    RunError,
    ScenarioError,
    StoreError,
    StoreUnavailable,
)

COMMANDS = {
    "demo": ("demo", "Run the example street for a week and write its report."),
    "init": ("init", "Write a new scenario folder from a template."),
    "validate": ("validate", "Check a scenario and say what is in it."),
    "run": ("run", "Run a scenario with and without its market."),
    "report": ("report", "Write the report of a run, or print its key figures."),
    "compare": ("compare", "Set runs side by side."),
    "import": ("importing", "Turn a SimBench grid or your own meter data into a scenario."),
    "book": ("book", "Run files of order events through the order book."),
    "node": ("node", "Run one transactive node as a program, over a NATS server."),
    "network": ("network", "Run several transactive nodes in one process, in virtual time."),
    "store": ("store", "Turn recorded facts into tables of a database, and tables into files."),
    "schema": ("schema", "Print the JSON Schema of scenario files."),
}
"""Verb: the module of this folder that holds it, and what it does."""

FAILED, BAD_INPUT, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 130


class Verb(TyperCommand):
    """A command that is imported when it is called, so that `--help` stays quick."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Hand over to the real command."""
        module = import_module(f"micromarket.cli.{COMMANDS[str(self.name)][0]}")
        application = getattr(module, "app", None) or typer.Typer(add_completion=False)
        if not hasattr(module, "app"):
            application.command()(module.command)
        return typer.main.get_command(application).make_context(info_name, args, parent, **extra)


class Verbs(TyperGroup):
    """All verbs, listed in the order of a first visit."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in their order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """Return the verb of that name, not yet imported."""
        if cmd_name not in COMMANDS:
            return None
        return Verb(name=cmd_name, help=COMMANDS[cmd_name][1], callback=None)


app = typer.Typer(cls=Verbs, no_args_is_help=True, pretty_exceptions_enable=False)


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback(
    epilog="Start with: micromarket demo · Results go to stdout, progress and problems to stderr. "
    "Exit codes: 0 ok, 1 failed run, 2 bad input, 3 something optional is missing, 130 interrupted."
)
def options(
    version: bool = typer.Option(
        False, "--version", help="Print the version and stop.", callback=show_version, is_eager=True
    ),
) -> None:
    """Simulate small markets for energy: a scenario goes in; prices, bills and an honest comparison come out."""


def main() -> None:
    """Run the command line; a named error, or a file that the system refuses, becomes a message and an exit code."""
    try:
        app()
    except MicromarketError as error:
        typer.echo(f"micromarket: {error}", err=True)
        sys.exit(exit_code(error))
    except OSError as error:
        typer.echo(f"micromarket: {error.filename or error}: {error.strerror or type(error).__name__}", err=True)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def exit_code(error: MicromarketError) -> int:
    """Return the exit code that says what kind of thing went wrong."""
    if isinstance(error, MissingExtra | BusError | StoreUnavailable):
        return UNAVAILABLE
    return BAD_INPUT if isinstance(error, ScenarioError | RunError | StoreError) else FAILED
