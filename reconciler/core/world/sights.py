"""One object, one name: what has the same remote id is one object, however often it was seen.

Several account entries may lead to one real account, and several names in one to one seller.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import ReferenceKey
from reconciler.core.model.objects import Desired, Live

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sights:
    """Live objects, each once, and other sights of them.

    `ones` are those that are decided about, `others` further sights of these, or of something that
    is declared under another entry. `same` pairs such a sight with the object. `realms` tells for
    each account the first entry that leads to the same real one.
    """

    ones: tuple[Live, ...]
    others: tuple[Live, ...]
    same: tuple[tuple[Live, Live], ...]
    realms: Mapping[str, str]

    @property
    def aliases(self) -> dict[ReferenceKey, ReferenceKey]:
        """Return what else references call an object → what it is called here."""
        found: dict[ReferenceKey, ReferenceKey] = {}
        for other, one in self.same:
            found |= zip(other.keys, one.keys, strict=True)
        return found

    def realm(self, account: str) -> str:
        """Return the same name for every entry of a real account."""
        return self.realms.get(account, account)

    def key(self, item: Live) -> Key:
        """Return what is the same in every sight of an object, and in no other object's."""
        return _remote(item) or _identity(item, self.realm(item.account))


NO_OTHERS = Sights((), (), (), {})


def sights(
    declarations: Declarations, live: Sequence[Live], accounts: frozenset[str] | None
) -> Sights:
    """Tell which sights are of one object; a declared one counts first.

    Then one in the `accounts` that a run is limited to (None: all), then the first by account.
    """
    realms = _realms(declarations, live)
    declared = {item.live_address for item in declarations.desired}
    times = Counter(realms.values())
    # Elsewhere the remote id alone can tell: identities are compared within a real account.
    shared = {name for name, realm in realms.items() if times[realm] > 1}
    wanted = {
        _identity(item, realms[item.account])
        for item in declarations.desired
        if item.account in shared
    }
    known = {_remote(item) for item in declarations.desired} - {None}

    def rank(item: Live) -> tuple[bool, bool, str, str]:
        address = item.live_address
        outside = accounts is not None and item.account not in accounts
        return address not in declared, outside, item.account, address

    first: dict[Key, Live] = {}
    others: list[Live] = []
    same: list[tuple[Live, Live]] = []
    for item in sorted(live, key=rank):
        remote = _remote(item)
        identity = _identity(item, realms[item.account]) if item.account in shared else None
        key = remote or identity
        one = first.setdefault(key, item) if key is not None else item
        if one is not item and (remote or one.account != item.account):
            same.append((item, one))
            others.append(item)
        elif rank(item)[0] and (identity in wanted or remote in known):
            others.append(item)
    hidden = {id(item) for item in others}
    ones = tuple(item for item in live if id(item) not in hidden)
    return Sights(ones, tuple(others), tuple(same), realms)


def _remote(item: Desired | Live) -> Key | None:
    """Return the remote id, where the kind has one and the object too."""
    spec = item.spec
    value = item.outputs.get(spec.remote_id) if spec.remote_id else None
    return ("id", spec.kind, spec.service, value) if value is not None else None


def _identity(item: Desired | Live, realm: str) -> Key:
    spec = item.spec
    return "identity", spec.kind, spec.service, realm, str(spec.identity_values())


def _realms(declarations: Declarations, live: Iterable[Live]) -> dict[str, str]:
    """Return for each account the first that is the same: by itself, or by what is seen in it."""
    accounts = sorted({*declarations.accounts, *(item.account for item in live)})
    groups: dict[Key, set[str]] = {}
    for name in accounts:
        account = declarations.accounts.get(name)
        real = account.real() if account is not None else None
        groups.setdefault(real or (name,), set()).add(name)
    for item in live:
        remote = _remote(item)
        if remote is not None:
            groups.setdefault(remote, set()).add(item.account)
    realms = {name: name for name in accounts}
    for group in groups.values():
        roots = {realms[name] for name in group}
        if len(roots) > 1:
            realms |= {name: min(roots) for name, root in realms.items() if root in roots}
    return realms
