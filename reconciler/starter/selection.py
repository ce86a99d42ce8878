"""What a new repository is to hold: a stack's name and services, and the files made of that."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.settings import STACK
from reconciler.core.service import Example, Service

FALLBACK = "notifications"

_LONGEST = 40
SCHEMA = ".schema.json"
"""Beside the declarations; hidden files are not read as such."""
MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"


@dataclass(frozen=True, slots=True)
class StarterContents:
    """A stack and the names of its services; `empty`: nothing but accounts.

    `offered` are the examples there are, by service in their order.
    """

    stack: str
    services: tuple[str, ...]
    offered: Mapping[str, Example]
    empty: bool = False

    @property
    def examples(self) -> tuple[Example, ...]:
        """Return the examples of the services, each once."""
        return tuple(self.offered[name] for name in dict.fromkeys(self.services))


def offered(services: Iterable[Service]) -> dict[str, Example]:
    """Return the examples there are by service, the usual ones first."""
    known = [(service.name, service.example) for service in services if service.example]
    return dict(sorted(known, key=lambda item: not item[1].usual))


def usual(examples: Mapping[str, Example]) -> tuple[str, ...]:
    """Return the services that are taken when nobody says which."""
    return tuple(name for name, example in examples.items() if example.usual)


def parse_stack(name: str) -> str:
    """Return `name` if a stack may be called so.

    Raises:
        ValueError: it may not.
    """
    if not re.fullmatch(STACK, name):
        raise ValueError(
            f"{name!r}: expected 2 to {_LONGEST} of a-z, 0-9 and -, beginning with a letter and "
            "not ending in -, without two - in a row"
        )
    return name


def stack_like(title: str) -> str:
    """Return the stack's name that comes closest to `title` (a directory's name)."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower())
    name = words.lstrip("-0123456789")[:_LONGEST].rstrip("-")
    return name if re.fullmatch(STACK, name) else FALLBACK


def parse_services(names: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the named services, each once, in the order of `known`.

    Raises:
        ValueError: one is unknown, or none is named.
    """
    known = tuple(known)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        given = repr(unknown[0]) if unknown else "nothing"
        raise ValueError(f"expected some of {', '.join(known)}, not {given}")
    return tuple(name for name in known if name in names)


def example_files(choice: StarterContents) -> dict[str, str]:
    """Return the text of each file by its name."""
    examples = choice.examples
    files = {"reconciler.yaml": _head(choice) + "\n".join(item.account for item in examples)}
    if not choice.empty:
        files |= {example.file: _objects(choice, example) for example in examples}
    return {name: MODELINE + text.replace("STACK", choice.stack) for name, text in files.items()}


def _objects(choice: StarterContents, example: Example) -> str:
    text = example.objects
    for other in choice.offered.values():
        for placeholder, (declared, elsewhere) in other.offers.items():
            there = other in choice.examples
            text = text.replace(placeholder, declared if there else elsewhere)
    return text


def _head(choice: StarterContents) -> str:
    owns = "".join(example.owns for example in choice.examples)
    policy = "".join(example.policy for example in choice.examples)
    return _HEAD.replace("OWNS", owns) + policy + _PLACES


_HEAD = """\
# What these declarations own, what a run may do, and where everything lives. Secrets never stand
# here: only where to find them (env:NAME, file:PATH, aws-secretsmanager:ID#key,
# gcp-secretmanager:projects/P/secrets/S).

# Marks what is ours, as the tag reconciler:stack on queues. Choose it once.
stack: STACK
OWNS
policy:
  prune: true       # delete what we own and no longer declare; false: such plans are refused
  maxDeletes: 30%   # refuse plans that delete more than this share of what we own
"""

_PLACES = """
accounts:
"""
