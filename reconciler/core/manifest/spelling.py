"""Fields that no shape knows: complained about, and taken for those they resemble."""

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.core.manifest.explain import problem_at, unknown_key
from reconciler.core.manifest.nodes import Node
from reconciler.core.model.errors import Problem
from reconciler.core.text.phrases import nearest


@dataclass(frozen=True, slots=True)
class Spelt:
    """A mapping in which misspelt fields bear the names they resemble most, `guessed`.

    What is wrong with a guessed field is not sure; that it is there keeps follow-up errors away.
    """

    node: Node
    guessed: frozenset[str]
    problems: tuple[Problem, ...]


def spell(node: Node, known: Collection[str], title: str) -> Spelt:
    """Return a mapping without fields that are none of `known`."""
    unknown = [name for name in node.value if name not in known]
    if not unknown:
        return Spelt(node, frozenset(), ())
    value = {name: child for name, child in node.value.items() if name in known}
    keys = dict(node.keys)
    guessed: set[str] = set()
    for name in unknown:
        meant = nearest(name, known)
        if meant is not None and meant not in value:
            value[meant], keys[meant] = node.value[name], node.keys[name]
            guessed.add(meant)
    problems = (
        problem_at(node.keys[name], f"{title}: {unknown_key(name, known)}") for name in unknown
    )
    return Spelt(Node(value, node.at, keys, node.size), frozenset(guessed), tuple(problems))
