"""The digest of declarations is that of all of it as canonical JSON, entry by entry or at once."""

import hashlib
import json

from reconciler.core.manifest.digest import digest_of
from reconciler.core.manifest.nodes import parse
from reconciler.core.manifest.state import DeclaredEntry

TEXT = """
stack: acme
policy: {prune: true, waves: ["a", "100%"]}
queues:
  offers: {name: "Angebote für alle", delay: 5, tags: {b: x, a: "\\"quoted\\""}}
  news:
destinations: {}
"""


def test_it_is_that_of_all_of_it_as_canonical_json():
    (document,) = parse("a.yaml", TEXT.encode()).documents
    sections = {"queues", "destinations"}
    once = {key: node for key, node in document.value.items() if key not in sections}
    entries = {
        key: {
            name: DeclaredEntry(name, it.at, it) for name, it in document.value[key].value.items()
        }
        for key in sections
    }
    whole = json.dumps(
        document.plain(), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    assert digest_of(once, entries) == f"sha256:{hashlib.sha256(whole).hexdigest()}"
    assert digest_of({}, {}) == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
