"""From a directory of declarations to a session: what programs and the command line begin with."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from reconciler import wiring
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import SettingsError
from reconciler.core.planning.consent import WHATEVER, Agreement, SavedPlan, parse_saved
from reconciler.core.planning.terms import NO_TERMS, Terms
from reconciler.credentials.allowed_hosts import allowed_hosts, ensure_allowed, strays_of
from reconciler.credentials.secrets import Secrets
from reconciler.run.session import Discover, Session, Tell, to_the_log
from reconciler.run.stored import StoredSnapshot
from reconciler.run.threads import Progress
from reconciler.run.wave_gate import WaveQuestion
from reconciler.transport.calls import Clock
from reconciler.wiring import Providers, declarations

AnyPath = str | os.PathLike[str]


def open_session(
    path: AnyPath = "subscriptions",
    *,
    terms: Terms = NO_TERMS,
    agreement: Agreement = WHATEVER,
    sandbox: str | None = None,
    allow_hosts: Iterable[str] = (),
    discover: Discover | None = None,
    since: AnyPath | None = None,
    live: AnyPath | None = None,
    secrets: Secrets | None = None,
    clock: Clock | None = None,
    tell: Tell = to_the_log,
) -> Session:
    """Read the declarations at `path`, a directory or a file, as one run; nothing is asked yet.

    `terms` limit the run and let things pass its guards, `agreement` is what it may do at most.
    `sandbox` is a base URL that all accounts lead to, with throw-away credentials. `allow_hosts`
    are hosts that secrets may go to beyond the services' own. `discover` and `since` (a file with a
    snapshot) say how far to look, `live` is a snapshot to plan against. `secrets` keep what was
    looked up out of texts, `clock` is what waits. Warnings and remarks go to `tell`.

    Raises:
        DeclarationError: everything that is wrong with the declarations.
        Misdirected: they lead to hosts that are not allowed.
        SettingsError: a file cannot be read, or the variable with allowed hosts is wrong.
        PlanRefused: the snapshot is not a sound one of this stack.
        WrongUsage: terms were given beside those of a saved plan.
    """
    terms, secrets = agreement.terms(terms), secrets or Secrets()
    reread = partial(declarations, Path(path), sandbox=sandbox)
    declared = reread()
    if sandbox is None and live is None:
        ensure_allowed(declared, allow_hosts)
    secrets.publish(_names(declared))
    for warning in declared.warnings:
        tell(f"{warning} (warning)")
    recalled = None
    if live is not None:
        strays = () if sandbox else strays_of(declared, allow_hosts)
        recalled = _stored(live).open(declared, wiring.SERVICES, strays)
        tell(recalled.introduction())
    connect = partial(
        Providers,
        secrets=secrets,
        clock=clock,
        sandbox=sandbox is not None,
        allowed=() if recalled else allowed_hosts(allow_hosts),
    )
    return Session(
        declarations=declared,
        services=wiring.SERVICES,
        connect=connect,
        terms=terms,
        discover=discover,
        since=None if since is None else _stored(since),
        live=recalled,
        agreement=agreement,
        sandboxed=sandbox is not None,
        tell=tell,
        reread=lambda source: reread(beside=source),
        prove=_prove,
    )


def _prove(session: Session, question: WaveQuestion, progress: Progress) -> Sequence[str]:
    from reconciler.operate.verify import undelivered  # only who asks for it pays for it

    return undelivered(session, question, progress)


def _stored(file: AnyPath) -> StoredSnapshot:
    return StoredSnapshot(str(file), partial(read_snapshot, Path(file)))


def read_snapshot(file: Path) -> bytes:
    """Return the content of a file with a snapshot.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error


def load_plan(file: AnyPath) -> SavedPlan:
    """Read a plan that `plan --out` saved, for an `Agreement`.

    Raises:
        SettingsError: it cannot be read, or is no plan.
        PlanRefused: it was saved in another format, or changed after it was saved.
    """
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    return parse_saved(content, str(file))


def _names(declared: Declarations) -> Iterator[str]:
    """Yield what stands in YAML and in every report, and so is no secret."""
    yield declared.stack
    yield from declared.accounts
    for item in declared.desired:
        yield item.address
        yield item.live_address
