"""add: writes a member's lines into the declarations, and shows what they would do.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    PathArgument,
    SandboxOption,
)
from reconciler.cli.state import State, state_of
from reconciler.core.model.errors import SettingsError, WrongUsage
from reconciler.core.text.phrases import near, quoted
from reconciler.files.whole import write_whole

if TYPE_CHECKING:
    from reconciler.core.manifest.nodes import Node
    from reconciler.core.manifest.reader import Declarations, Source
    from reconciler.core.model.addresses import DeclaredAddress
    from reconciler.core.service import Account

SECRET = "refreshToken"  # noqa: S105 - the name of the field that says where it is
LABELS = "labels"


class Addable(StrEnum):
    """What can be added by a command."""

    seller = "seller"


def add(
    context: typer.Context,
    what: Annotated[Addable, typer.Argument(metavar="seller", help="What to add.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="How the declarations call it.")],
    path: PathArgument = DEFAULT_PATH,
    account: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The account; may be left out where only one has any."),
    ] = None,
    refresh_token: Annotated[
        str | None,
        typer.Option(
            metavar="REFERENCE",
            help="Where the refresh token is kept (env:NAME, aws-secretsmanager:ID, ...); left "
            "out, it follows the other sellers' pattern.",
        ),
    ] = None,
    label: Annotated[
        list[str],
        typer.Option(metavar="NAME=VALUE", help="What it may be chosen by; a column of a table."),
    ] = [],  # noqa: B006 - typer makes a new list for each run
    allow_host: AllowHostOption = [],  # noqa: B006 - as above
    sandbox: SandboxOption = None,
) -> int:
    """Write the lines of a new seller, and show its plan alone."""
    new = NewMember(what.value, name, account, refresh_token, tuple(label))
    return add_to(state_of(context), path, new, sandbox=sandbox, allow_hosts=tuple(allow_host))


@dataclass(frozen=True, slots=True)
class NewMember:
    """What is to be added: a `column` as in tables (seller), and what the command line says of it.

    `labels` are written NAME=VALUE.
    """

    column: str
    name: str
    account: str | None = None
    reference: str | None = None
    labels: tuple[str, ...] = ()

    def labelled(self) -> dict[str, str]:
        """Return the labels by name.

        Raises:
            WrongUsage: one has no value.
        """
        pairs = [label.partition("=") for label in self.labels]
        if bad := [name for name, equals, _ in pairs if not equals]:
            raise WrongUsage(f"--label {bad[0]}: give it as NAME=VALUE")
        return {name: value for name, _, value in pairs}


def add_to(
    state: State, path: Path, new: NewMember, *, sandbox: str | None, allow_hosts: tuple[str, ...]
) -> int:
    """Write the lines of a new member, and plan what is declared for it alone.

    Raises:
        DeclarationError: the declarations are defective, before or by what was to be added.
        WrongUsage: it is there already, or it is not clear where it belongs.
    """
    from reconciler.wiring import declarations

    before = declarations(path)
    written = _written(path, before, new)
    declared = _checked(path, before, written, new)
    write_whole(Path(written.name), written.content)
    state.say(f"{new.column} {new.name} was written to {written.name}")
    return _show(state, path, new, declared, sandbox=sandbox, allow_hosts=allow_hosts)


def _checked(
    path: Path, before: "Declarations", written: "Source", new: NewMember
) -> "Declarations":
    """Return what is declared once a file is written, if that is one member more and nothing else.

    An anchor or a merge key may have another account share the lines.
    """
    from reconciler.core.manifest.nodes import parse
    from reconciler.files.sources import TABLE_SUFFIX
    from reconciler.wiring import declarations

    by_hand = SettingsError(
        f"{written.name}: {new.column} {quoted(new.name)} cannot be written there without changing "
        "something else (an anchor, a tag or a merge key?): write it by hand"
    )
    if (
        Path(written.name).suffix.lower() != TABLE_SUFFIX
        and parse(written.name, written.content).problems
    ):
        raise by_hand
    after = declarations(path, instead=written)
    name, _, field = _account(before, new)
    found = after.accounts[name]
    others = {key: it for key, it in getattr(found, field).items() if key != new.name}
    former = {**after.accounts, name: found.model_copy(update={field: others})}
    if len(others) == len(getattr(found, field)) or former != dict(before.accounts):
        raise by_hand
    return after


def _show(
    state: State,
    path: Path,
    new: NewMember,
    declared: "Declarations",
    *,
    sandbox: str | None,
    allow_hosts: tuple[str, ...],
) -> int:
    from reconciler.cli.request import RunRequest
    from reconciler.cli.session import planning, watched
    from reconciler.core.planning.terms import Terms
    from reconciler.run import plan_alone

    account = _account(declared, new)[0]
    mine = {
        item.address
        for item in declared.desired
        if item.account == account and item.spec.partition() == new.name
    }
    targets = tuple(sorted(_with_what_they_need(mine, declared)))
    if not targets:
        state.say(f"no declaration means {new.name}: list it, or choose by pattern, all or labels")
        return 0
    homes = {item.account for item in declared.desired if item.address in targets}
    terms = Terms(targets=targets, accounts=tuple(sorted(homes)))
    request = RunRequest(path, sandbox, allow_hosts, terms)
    with planning(state, request) as session, watched(state) as ticker:
        alone = dict(_without_others(session.declarations, new))
        found = plan_alone(session, alone, progress=ticker).plan
    # Nobody gave the options that this amounts to.
    found = found.model_copy(update={"limits": (f"{new.column} {new.name}",)})
    state.report(found)
    return 0 if found.complete and not found.problems else 1


def _without_others(declared: "Declarations", new: NewMember) -> "Iterator[tuple[str, Account]]":
    """Yield the accounts that have such members, with the new one alone or none."""
    for name, field in _having(declared, new.column):
        account = declared.accounts[name]
        members = {key: it for key, it in getattr(account, field).items() if key == new.name}
        yield name, account.model_copy(update={field: members})


def _with_what_they_need(
    addresses: "set[DeclaredAddress]", declared: "Declarations"
) -> "set[DeclaredAddress]":
    """Return addresses with those that they refer to, which may not be there yet either."""
    by_address = {item.address: item for item in declared.desired}
    found: set[DeclaredAddress] = set()
    left = set(addresses)
    while left:
        address = left.pop()
        found.add(address)
        left |= set(by_address[address].references.values()) - found
    return found


def _written(path: Path, declared: "Declarations", new: NewMember) -> "Source":
    """Return the file that the new member belongs into, with what will stand in it."""
    from reconciler.files.sources import load
    from reconciler.starter.adding import Place, with_member

    name, account, field = _account(declared, new)
    members = getattr(account, field)
    if new.name in members:
        raise WrongUsage(f"accounts.{name}.{field} has {quoted(new.name)} already")
    source = next(it for it in load(path) if it.name == declared.entries[name].at.file)
    place = Place(_body(source, name), field)
    table = place.members.child("from") if place.members is not None else None
    if table is not None and isinstance(table.value, str):
        return _row(path, source, table.value, new)
    reference = _reference(new, {key: item.refresh_token for key, item in members.items()})
    fields: dict[str, object] = {SECRET: reference}
    if labels := new.labelled():
        fields[LABELS] = labels
    return _edited(source, lambda text: with_member(text, place, new.name, fields))


def _edited(source: "Source", edit: Callable[[str], str]) -> "Source":
    """Return a file with its text edited; its byte order mark, if it has one, stays."""
    from reconciler.core.manifest.reader import Source

    mark = codecs.BOM_UTF8 if source.content.startswith(codecs.BOM_UTF8) else b""
    return Source(source.name, mark + edit(source.content.decode("utf-8-sig")).encode())


def _account(declared: "Declarations", new: NewMember) -> "tuple[str, Account, str]":
    """Return the account that the new member belongs to, and its field for such."""
    found = dict(_having(declared, new.column))
    if new.account is not None:
        if new.account not in found:
            raise WrongUsage(
                f"--account: no account with {new.column}s is called {quoted(new.account)}"
                f"{near(new.account, found)}"
            )
        found = {new.account: found[new.account]}
    if len(found) != 1:
        which = f"name one by --account: {', '.join(sorted(found))}" if found else "declare one"
        raise WrongUsage(f"{len(found) or 'no'} accounts have {new.column}s: {which}")
    [(name, field)] = found.items()
    return name, declared.accounts[name], field


def _having(declared: "Declarations", column: str) -> Iterator[tuple[str, str]]:
    from reconciler.core.model.account_fields import tabled_fields

    for name, account in declared.accounts.items():
        for alias, mark in tabled_fields(type(account)).items():
            if mark.column == column and mark.rows == "entries":
                yield name, alias


def _body(source: "Source", account: str) -> "Node":
    """Return the body of an account as it stands in its file."""
    from reconciler.core.manifest.nodes import parse

    for document in parse(source.name, source.content).documents:
        accounts = document.child("accounts")
        body = accounts.child(account) if accounts is not None else None
        if body is not None:
            return body
    raise SettingsError(f"{source.name}: accounts.{account} is no longer there: run it again")


def _row(path: Path, source: "Source", table: str, new: NewMember) -> "Source":
    from reconciler.core.manifest.reader import Source
    from reconciler.core.manifest.tables import TableUnreadable, parse_table
    from reconciler.files.sources import table_opener
    from reconciler.starter.adding import with_row

    try:
        name, content = table_opener(path)(table, source.name)
    except TableUnreadable as error:
        raise SettingsError(f"the table {error}") from None
    columns = parse_table(name, content).columns
    labels = new.labelled()
    unknown = [label for label in labels if label not in columns]
    if unknown:
        raise WrongUsage(
            f"--label: {name} has no column {quoted(unknown[0])}{near(unknown[0], columns)}"
        )
    if new.reference is not None:
        raise WrongUsage("--refresh-token: the declarations say it for every row of the table")
    values = {new.column: new.name, **labels}
    return _edited(Source(name, content), lambda text: with_row(text, columns, values))


def _reference(new: NewMember, others: dict[str, str]) -> str:
    from reconciler.core.model.secret_ref import LiteralSecret, parse_secret_ref
    from reconciler.starter.adding import filled, template_of

    if new.reference is None:
        template = template_of(others)
        if template is None:
            raise WrongUsage(
                f"--refresh-token is missing: the {new.column}s there follow no single pattern"
            )
        return filled(template, new.name)
    try:
        return str(parse_secret_ref(new.reference))
    except LiteralSecret as error:
        raise WrongUsage(f"--refresh-token: {error}") from None
