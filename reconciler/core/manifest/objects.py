"""Declarations of queues, destinations and subscriptions → desired objects.

Each declaration finds its account, is merged over its section's defaults, is validated in the shape
of that account's service, fans out into members, and has its references replaced by handles. Every
declaration goes as far as it can, whatever is wrong with it or with what it refers to.
"""

from collections.abc import Iterator

from reconciler.core.manifest.account_choice import choose_account
from reconciler.core.manifest.declaration import Checked, check
from reconciler.core.manifest.explain import keys_of_any, problem_at, spell, unknown_key
from reconciler.core.manifest.links import misdirected, offer, resolve
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.settings import NAME_RULE, NAMED
from reconciler.core.manifest.state import AccountChoice, DeclaredEntry, Reader, agreed
from reconciler.core.model.addresses import declared_address
from reconciler.core.model.errors import Defect, Defects, Problem
from reconciler.core.model.objects import Desired, Position
from reconciler.core.service import Context, Declaration
from reconciler.core.text.phrases import label, quoted


def read_objects(reader: Reader, defaults: Node | None) -> list[Desired]:
    """Return the sound desired objects; defects are added to the reader's problems."""
    if defaults is not None:
        _read_defaults(reader, defaults)
    desired: list[Desired] = []
    for section in reader.entries:
        entries = _mappings(reader, section)
        reader.choices[section] |= {
            entry.name: choose_account(reader, section, entry) for entry in entries
        }
        found = [pair for entry in entries for pair in _read(reader, section, entry)]
        # Objects of one section may refer to each other, so they are offered before and after.
        offer(reader, found)
        resolved = [(entry, resolve(reader, item)) for entry, item in found]
        whole = [(entry, item) for entry, item in resolved if item is not None]
        offer(reader, whole)
        desired += [item for _, item in whole]
    return desired


def _read_defaults(reader: Reader, defaults: Node) -> None:
    if not isinstance(defaults.value, dict):
        given = quoted(defaults.value)
        message = f"defaults: expected a mapping with a section's name as key, not {given}"
        reader.fail(defaults.at, message)
        return
    for section, node in defaults.value.items():
        at = defaults.keys[section]
        if section not in reader.entries:
            reader.fail(at, f"defaults: {unknown_key(section, reader.entries)}")
        elif not isinstance(node.value, dict):
            if node.value is not None:
                reader.fail(node.at, f"defaults.{section}: {_no_mapping(node)}")
        else:
            spelt = spell(node, reader.keys(section), f"defaults.{section}")
            reader.problems += spelt.problems
            reader.defaults[section] = spelt.node


def _mappings(reader: Reader, section: str) -> list[DeclaredEntry]:
    """Return the section's declarations that have fields; the others might be of any service."""
    found: list[DeclaredEntry] = []
    reader.choices[section] = {}
    for entry in reader.entries[section].values():
        if not NAMED.fullmatch(entry.name):
            reader.fail(entry.at, f"{section}.{label(entry.name)}: {NAME_RULE}")
        if entry.node.value is None:
            found.append(entry.of(Node({}, entry.node.at)))
        elif isinstance(entry.node.value, dict):
            found.append(entry)
        else:
            title = f"{section}.{label(entry.name)}"
            reader.fail(entry.node.at, f"{title}: {_no_mapping(entry.node)}")
            reader.choices[section][entry.name] = AccountChoice(None, tuple(reader.shapes(section)))
    return found


def _no_mapping(node: Node) -> str:
    return f"expected a mapping (name: value), not {quoted(node.value)}"


def _read(
    reader: Reader, section: str, entry: DeclaredEntry
) -> list[tuple[DeclaredEntry, Desired]]:
    """Return the objects a declaration stands for; none if its fields are not sound."""
    choice = reader.choices[section][entry.name]
    title = f"{section}.{label(entry.name)}"
    context = _context(reader, entry, choice)
    readings = list(_in_each_shape(reader, section, entry, choice, context, title))
    reader.problems += agreed([one.problems for one in readings])
    first = readings[0]
    if len(readings) > 1 or first.declaration is None or context is None:
        return []
    entry = entry.of(first.node)
    members = _members(reader, entry, first.declaration, context, title)
    implied = _implied(reader, entry, first.declaration, context, title) if members else []
    return [(entry, item) for item in [*members, *implied]]


def _context(reader: Reader, entry: DeclaredEntry, choice: AccountChoice) -> Context | None:
    """Return what members are made with, None where something of it is defective."""
    account = reader.accounts.get(choice.account or "")
    if account is None or choice.account is None or not NAMED.fullmatch(entry.name):
        return None
    return Context(
        reader.stack, entry.name, choice.account, account, reader.accounts, reader.unsound
    )


def _in_each_shape(
    reader: Reader,
    section: str,
    entry: DeclaredEntry,
    choice: AccountChoice,
    context: Context | None,
    title: str,
) -> Iterator[Checked]:
    defaults = reader.defaults.get(section)
    shapes = [reader.shapes(section)[service] for service in choice.services]
    known = keys_of_any(*shapes)
    for shape in shapes:
        checked = check(entry.node, defaults, shape, title, known=known, context=context)
        names = misdirected(reader, checked.node, shape, choice, title)
        complained = {_place(problem) for problem in checked.problems}
        more = [problem for problem in names if _place(problem) not in complained]
        yield checked._replace(problems=(*checked.problems, *more)) if more else checked


def _place(problem: Problem) -> Position:
    return Position(problem.file, problem.line, problem.column)


def _members(
    reader: Reader, entry: DeclaredEntry, declaration: Declaration, context: Context, title: str
) -> list[Desired]:
    try:
        members = list(declaration.members(context))
    except Defects as error:
        reader.problems += (_located(defect, entry, title) for defect in error.found)
        return []
    except ValueError as error:
        reader.fail(entry.at, f"{title}: {error}")
        return []
    if declaration.lists:
        for member in members:
            address = declared_address(member.spec.kind, entry.name, member.member)
            reader.listing[address] = (declaration, context)
    renamed = declaration.renamed
    ignored = frozenset(renamed.get(name, name) for name in declaration.ignore_changes)
    return [
        Desired(
            address=declared_address(member.spec.kind, entry.name, member.member),
            account=context.account_name,
            spec=member.spec,
            stack=reader.stack,
            position=_kept(entry.at),
            outputs=member.outputs or {},
            protect=declaration.protect,
            ignore=ignored,
        )
        for member in members
    ]


def _kept(at: Position) -> Position:
    """Return a position of its own: one of the tree's keeps the memory around it from being freed.

    That made a tenth of what a plan of ten thousand queues took at most.
    """
    return Position(*at)


def _implied(
    reader: Reader, entry: DeclaredEntry, declaration: Declaration, context: Context, title: str
) -> list[Desired]:
    """Return the objects in other accounts that a declaration stands for."""
    found: list[Desired] = []
    kinds = {service.name: service.implied for service in reader.services}
    for implied in declaration.implied(context):
        service = reader.accounts[implied.account].service
        kind = kinds[service].get(implied.kind)
        if kind is None:
            account = quoted(implied.account)
            message = f"{title}: {account} is an account of {service}, which has no {implied.kind}"
            reader.fail(entry.at, message)
            continue
        found.append(
            Desired(
                address=declared_address(implied.kind, entry.name),
                account=implied.account,
                spec=kind(**implied.fields),
                stack=reader.stack,
                position=_kept(entry.at),
                protect=declaration.protect,
            )
        )
    return found


def _located(defect: Defect, entry: DeclaredEntry, title: str) -> Problem:
    """Return what is wrong with a declaration as a whole, at the field that it is about."""
    node, taken = entry.node.find(defect.path)
    at = node.at if taken else entry.at
    return problem_at(at, f"{'.'.join([title, *map(str, defect.path)])}: {defect.sentence}")
