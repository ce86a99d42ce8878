"""The digest of declarations: the same whichever files they stand in and however they look."""

import hashlib
import json
from collections.abc import Mapping

from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.state import DeclaredEntry


def digest_of(once: Mapping[str, Node], entries: Mapping[str, Mapping[str, DeclaredEntry]]) -> str:
    """Return the digest of what stands once and of all entries by section, as canonical JSON.

    No more than one entry of it is made at a time: all of it takes as much memory as the rest.
    """
    found = hashlib.sha256(b"{")
    for number, key in enumerate(sorted({*once, *entries})):
        found.update(f"{',' if number else ''}{_canonical(key)}:".encode())
        if key not in entries:
            found.update(_canonical(once[key].plain()).encode())
            continue
        found.update(b"{")
        for place, (name, entry) in enumerate(sorted(entries[key].items(), key=_name)):
            member = _canonical({name: entry.node.plain()})[1:-1]
            found.update(f"{',' if place else ''}{member}".encode())
        found.update(b"}")
    found.update(b"}")
    return f"sha256:{found.hexdigest()}"


def _name(item: tuple[str, DeclaredEntry]) -> str:
    return item[0]


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
