"""The declarations of a new repository: small, whole, and valid as they stand.

Numbers, marketplaces and URLs are examples that their owner replaces.
"""

from reconciler.core.service import Example
from reconciler.starter.selection import StarterContents

SCHEMA = ".schema.json"
"""Beside the declarations; hidden files are not read as such."""
MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"


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
