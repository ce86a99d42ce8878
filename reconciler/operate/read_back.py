"""What was written is read again the way any declaration is, and held against what is live.

Whatever would not be in sync is left out and told, with all that depends on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.core.manifest.nodes import parse
from reconciler.core.manifest.reader import Declarations, Source
from reconciler.core.model.errors import DeclarationError, Problem
from reconciler.core.model.objects import Desired
from reconciler.core.planning.diff import STACK_MARK, compare
from reconciler.core.world.matching import World
from reconciler.operate.declaration_body import EVERYTHING
from reconciler.operate.live_declarations import Composer, Document, LiveDeclaration
from reconciler.operate.yaml_writer import written

FILE = "<exported>"
"""The name of the file while it is tried; no file of a user's is called so."""
HEAD = (
    "Written by `reconciler export`: what is live and was not declared. Read it through, keep it",
    "with the other declarations and plan: all that is missing is the stack's mark on queues.",
)

Reread = Callable[[Source], Declarations]
"""Reads the declarations together with one more file; raises DeclarationError."""


@dataclass(frozen=True, slots=True)
class ReadBackFault:
    """Why a draft does not stand for what is live, and in which fields of the spec."""

    declaration: LiveDeclaration
    fields: frozenset[str]
    message: str


@dataclass(slots=True)
class ReadBack:
    """Writes drafts and tries them until those that are left hold.

    `refused` holds a sentence for each address left out, `explicit` the fields that have to be
    written out because of the section's defaults.
    """

    declarations: Declarations
    world: World
    reread: Reread
    composed: list[LiveDeclaration]
    explicit: dict[str, frozenset[str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def run(self, composer: Composer) -> tuple[Document, str]:
        """Return the document that holds, and its text.

        Each round leaves out or spells out something more, so that it ends.
        """
        for declaration in self.composed:
            if declaration.written.beyond:
                self._refuse(declaration, declaration.written.beyond)
        while True:
            left = [
                declaration
                for declaration in self.composed
                if declaration.address not in self.refused
            ]
            document = composer.compose(left, self.explicit)
            for declaration in document.dangling:
                self._refuse(
                    declaration, "what it refers to was not read, or is not exported either"
                )
            text = written(document.sections, HEAD) if document.composed else ""
            faults = list(self._faults(document, text)) if text else []
            # Of several faults of one draft the first is mended, and then it is tried again.
            for fault in {fault.declaration.address: fault for fault in reversed(faults)}.values():
                self._correct(fault)
            if not faults and not document.dangling:
                return document, text

    def _refuse(self, declaration: LiveDeclaration, message: str) -> None:
        self.refused.setdefault(
            declaration.address, f"{declaration.address} is not exported: {message}"
        )

    def _correct(self, fault: ReadBackFault) -> None:
        """Spell the fields out where the section has defaults and that was not tried before."""
        declaration = fault.declaration
        done = self.explicit.get(declaration.address, frozenset())
        if declaration.section in self.declarations.defaults and not fault.fields <= done:
            self.explicit[declaration.address] = done | fault.fields
        else:
            self._refuse(declaration, fault.message)

    def _faults(self, document: Document, text: str) -> Iterator[ReadBackFault]:
        """Yield what is no valid declaration or, if all are, what is none of a live object."""
        try:
            read = self.reread(Source(FILE, text.encode()))
        except DeclarationError as error:
            places = _places(document, text)
            for problem in error.problems:
                declaration = _about(problem, places, document)
                if declaration is None:
                    raise
                yield ReadBackFault(declaration, EVERYTHING, problem.message)
            return
        meant: dict[str, set[str]] = {address: set() for address in document.composed}
        for item in read.desired:
            if item.position.file == FILE:
                declared = item.address.partition("[")[0]
                meant[declared].add(item.live_address)
                yield from self._different(document.composed[declared], item)
        for declared, declaration in document.composed.items():
            kind = declared.partition(".")[0]
            if meant[declared] != {
                it.live_address for it in declaration.live if it.spec.kind == kind
            }:
                yield ReadBackFault(
                    declaration, EVERYTHING, "a declaration of it would mean other objects"
                )

    def _different(self, declaration: LiveDeclaration, item: Desired) -> Iterator[ReadBackFault]:
        """Yield in what a declaration, read again, is not what is live."""
        live = self.world.met(item)
        if live is None:
            return
        changes = compare(item, live, self.declarations.policy.ignore_tags)
        paths = [change.path for change in changes if not change.path.endswith(STACK_MARK)]
        if paths:
            heads = frozenset(path.partition(".")[0] for path in paths)
            yield ReadBackFault(
                declaration, heads, f"its {', '.join(paths)} cannot be declared as it is"
            )


def _places(document: Document, text: str) -> list[tuple[int, LiveDeclaration]]:
    """Return the line on which each draft begins, in order."""
    [root] = parse(FILE, text.encode()).documents
    kinds = {declaration.section: declaration.kind for declaration in document.composed.values()}
    return sorted(
        (
            (at.line, document.composed[f"{kinds[section]}.{name}"])
            for section, node in root.value.items()
            for name, at in node.keys.items()
        ),
        key=lambda place: place[0],
    )


def _about(
    problem: Problem, places: list[tuple[int, LiveDeclaration]], document: Document
) -> LiveDeclaration | None:
    """Return the draft that a problem stands at, or at least speaks of."""
    if problem.file == FILE:
        return next(
            (declaration for line, declaration in reversed(places) if line <= problem.line), None
        )
    # The longest first: one address may be the beginning of another.
    addresses = sorted(document.composed, key=len, reverse=True)
    named = (document.composed[address] for address in addresses if address in problem.message)
    return next(named, None)
