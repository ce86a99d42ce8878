"""Proves delivery: what can be seen of each chain, then a test message along those that look right.

Subscriptions that share a destination or a call back URI share one test.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.abilities import Recogniser
from reconciler.core.model.addresses import DeclaredAddress
from reconciler.core.model.delivery import Link
from reconciler.core.model.errors import PlanRefused, ReconcilerError, WrongUsage
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import pushed_to, references
from reconciler.core.planning.guards import short_list
from reconciler.core.provider import Cannot, PostSample, Provider
from reconciler.core.verdicts.chain import Chain, Leg, chains
from reconciler.core.verdicts.proof import Verification, judge, verification
from reconciler.core.world.discovery import DECLARED
from reconciler.core.world.matching import Selection
from reconciler.core.world.observation import Observation
from reconciler.notifications import RECOGNISERS
from reconciler.operate.verify_messages import NAME, OpenQueue, Route, SendTest, try_route
from reconciler.run import Progress, Session, WaveQuestion, observe, select, silent
from reconciler.run.threads import as_sentence

SIDE_BY_SIDE = 8
PUSH_WITHIN = 10.0
"""Seconds a call back URI may take at most."""

Links = tuple[Link, ...]
Key = tuple[str, ...]


STATIC = "nothing was sent (--static)"
IN_SANDBOX = "nothing is posted to call back URIs with --sandbox: they are not part of it"


def _wall_clock() -> float:
    return datetime.now(UTC).timestamp()


@dataclass(frozen=True, slots=True)
class VerifyManner:
    """How to verify: `within` is seconds a test message may take; `now` are seconds since 1970.

    `allow_private`: post to addresses that are not public. `static`: only look. `sandboxed`: post
    nothing, since the world outside is no part of a sandbox. `recognisers` tell messages apart.
    """

    within: float = 60.0
    allow_private: bool = False
    static: bool = False
    sandboxed: bool = False
    recognisers: tuple[Recogniser, ...] = RECOGNISERS
    now: Callable[[], float] = _wall_clock

    @property
    def posts(self) -> bool:
        """Say whether samples are posted."""
        return not (self.static or self.sandboxed)

    @property
    def unsent(self) -> str:
        """Say why something is not sent."""
        return STATIC if self.static else IN_SANDBOX


USUAL = VerifyManner()


@dataclass(frozen=True, slots=True)
class MessageTest:
    """One test, for all chains of its `key`; trials of one `line` would disturb each other."""

    key: Key
    line: Key
    account: str
    run: Callable[[], Links]


def chosen(declarations: Declarations, selection: Selection) -> tuple[Desired, ...]:
    """Return the declared subscriptions that are to be verified."""
    return tuple(
        item
        for item in declarations.desired
        if item.spec.delivery.begins
        and selection.account(item.account)
        and selection.address(item.address)
    )


def accounts_involved(declarations: Declarations, items: Iterable[Desired]) -> frozenset[str]:
    """Return the accounts of objects and of all that they lead to."""
    by_address = {item.address: item for item in declarations.desired}
    waiting, found = [item.address for item in items], set[DeclaredAddress]()
    while waiting:
        address = waiting.pop()
        if address not in found:
            found.add(address)
            item = by_address[address]
            waiting += [*item.references.values(), *item.after]
    accounts = {by_address[address].account for address in found}
    leading = {
        name
        for address in found
        for path, reference, value in references(by_address[address].spec)
        if path not in by_address[address].references
        for name, account in declarations.accounts.items()
        if account.holds(reference.kind, value)
    }
    return frozenset(accounts | leading)


def verify(
    session: Session, manner: VerifyManner = USUAL, *, progress: Progress = silent
) -> Verification:
    """Read what the session's declared subscriptions lead to, test it, and return the verdicts.

    Raises:
        WrongUsage: the session's terms name what is not declared, or no subscription.
        PlanRefused: an account is not the declared one.
    """
    declared, terms = session.declarations, session.terms
    selection = select(declared, terms)
    items = chosen(declared, selection)
    listing = {item.account for item in declared.unlisted if selection.account(item.account)}
    if not (items or listing) and (terms.targets or terms.accounts):
        named = ", ".join((*terms.targets, *terms.accounts))
        raise WrongUsage(f"{named}: no declared subscription matches; name one, or none for all")
    # Subscriptions nobody declared prove nothing, and looking for them may take long.
    providers = session.providers(accounts_involved(declared, items) | listing)
    seen = observe(declared, providers, discovery=DECLARED, progress=progress)
    declared = declared.listed(seen.listed)
    items = chosen(declared, select(declared, terms))
    sandboxed = manner.sandboxed or session.sandboxed
    manner = replace(manner, sandboxed=sandboxed, recognisers=session.recognisers())
    found = prove(declared, providers, seen, items, manner, progress=progress)
    return found.model_copy(update={"limits": terms.limits})


def prove(
    declarations: Declarations,
    providers: Mapping[str, Provider],
    observation: Observation,
    items: Iterable[Desired],
    manner: VerifyManner,
    *,
    known: frozenset[str] = frozenset(),
    progress: Progress = silent,
) -> Verification:
    """Return the verdict about each of `items`, declared subscriptions whose accounts were read.

    `known` are ids of live subscriptions beyond those that were observed.

    Raises:
        PlanRefused: an account is not the declared one.
    """
    declarations = observation.complete(declarations)
    wanted = {item.address for item in items}
    closer = _Closer(providers)
    found = [
        closer.look(chain)
        for chain in chains(declarations, observation)
        if chain.item.address in wanted
    ]
    known |= frozenset(
        live.outputs.get("id", "") for live in observation.live if live.spec.delivery.begins
    )
    tests = {c.item.address: _test_of(c, providers, known, manner) for c in found}
    results = _run([item for item in tests.values() if isinstance(item, MessageTest)], progress)
    proofs = []
    for chain in found:
        test = tests[chain.item.address]
        more = results[test.key] if isinstance(test, MessageTest) else test
        proofs.append(judge(chain.item.address, chain.item.account, (*chain.links, *more)))
    return verification(declarations.stack, proofs, (item.finding() for item in observation.unread))


def undelivered(
    session: Session, question: WaveQuestion, progress: Progress = silent
) -> tuple[str, ...]:
    """Verify what a wave brought about; return what does not deliver, by reason.

    Raises:
        PlanRefused: an account is not the declared one.
    """
    declared, items = question.declared, question.items
    providers = session.providers(accounts_involved(declared, items))
    parts: dict[str, set[str]] = {}
    for item in items:
        if (part := item.spec.partition()) is not None:
            parts.setdefault(item.account, set()).add(part)
    seen = observe(declared, providers, discovery=DECLARED, progress=progress, parts=parts)
    manner = VerifyManner(
        within=min(question.within, USUAL.within),
        sandboxed=session.sandboxed,
        recognisers=session.recognisers(),
    )
    found = prove(declared, providers, seen, items, manner, known=question.known, progress=progress)
    by_reason: dict[str, list[str]] = {}
    for it in found.subscriptions:
        if it.verdict == "unproven":
            by_reason.setdefault(it.reason, []).append(it.address)
    # One cause is told once, however many sellers it keeps from getting anything.
    return tuple(f"{short_list(sorted(them))} ({why})" for why, them in by_reason.items())


class _Closer:
    """Has services tell what reading does not show, of what is on the way; each of them once."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._answers: dict[Key, Links] = {}

    def look(self, chain: Chain) -> Chain:
        """Return a chain with what its services tell."""
        topic = chain.item.spec.topic()
        return replace(chain, legs=tuple(self._leg(leg, topic) for leg in chain.legs))

    def _leg(self, leg: Leg, topic: str) -> Leg:
        key = (leg.item.address, topic)
        if key not in self._answers:
            self._answers[key] = self._ask(leg, topic)
        more = self._answers[key]
        # Why something is not there comes before that it is not.
        return replace(leg, links=(*leg.links, *more) if leg.live else (*more, *leg.links))

    def _ask(self, leg: Leg, topic: str) -> Links:
        inspect = self._providers[leg.item.account].abilities.inspect
        if isinstance(inspect, Cannot):
            return ()
        try:
            return tuple(inspect(leg.wanted, leg.live, topic))
        except PlanRefused:
            raise
        except ReconcilerError as error:
            detail = as_sentence(leg.item.account, error)
            return (Link(leg.item.spec.kind, "doubtful", detail),)


def _test_of(
    chain: Chain,
    providers: Mapping[str, Provider],
    known: frozenset[str],
    manner: VerifyManner,
) -> MessageTest | Links:
    """Return the test that a chain calls for, or the links that tell why there is none.

    `known` are the ids of live subscriptions.
    """
    if not chain.passable:
        return ()
    subscription, last = chain.path[0], chain.path[-1]
    abilities = providers[subscription.account].abilities
    if (uri := pushed_to(subscription.spec)) is not None:
        return _push(subscription, uri, abilities.push_sample, manner)
    open_queue, send = providers[last.account].abilities.mailbox, abilities.send_test
    if untestable := next(filter(None, (it.spec.delivery.untestable for it in chain.path)), ""):
        return (Link(NAME, "doubtful", untestable),)
    if isinstance(open_queue, Cannot):
        return (Link(NAME, "doubtful", "there is no queue to look for a test message in"),)
    if manner.static:
        return (Link(NAME, "doubtful", manner.unsent),)
    if isinstance(send, Cannot):
        return (Link(NAME, "doubtful", send.why),)
    route = Route(subscription, chain.path[-2], last, known)
    run = partial(_try, route, send, open_queue, manner)
    return MessageTest(_key(route.destination), _key(route.queue), subscription.account, run)


def _push(
    subscription: Live, uri: str, push_sample: PostSample | Cannot, manner: VerifyManner
) -> MessageTest | Links:
    if isinstance(push_sample, Cannot):
        return (Link("answer", "doubtful", push_sample.why),)
    if not manner.posts:
        return (Link("answer", "doubtful", manner.unsent),)
    within = min(PUSH_WITHIN, manner.within)
    run = partial(push_sample, subscription, allow_private=manner.allow_private, within=within)
    return MessageTest((uri,), (uri,), subscription.account, run)


def _try(route: Route, send: SendTest, open_queue: OpenQueue, manner: VerifyManner) -> Links:
    link = try_route(
        route,
        send,
        open_queue,
        within=manner.within,
        now=manner.now,
        recognisers=manner.recognisers,
    )
    return (link,)


def _key(live: Live) -> Key:
    return (live.account, live.live_address)


def _run(tests: Iterable[MessageTest], progress: Progress) -> dict[Key, Links]:
    """Run each test once, those of one line one after the other, and return what each found."""
    lines: dict[Key, dict[Key, MessageTest]] = {}
    for test in tests:
        lines.setdefault(test.line, {}).setdefault(test.key, test)
    results: dict[Key, Links] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="verify") as pool:
        jobs = [pool.submit(_run_line, tuple(line.values())) for line in lines.values()]
        progress("verifying", 0, len(jobs))
        for done, job in enumerate(as_completed(jobs), start=1):
            results |= job.result()
            progress("verifying", done, len(jobs))
    return results


def _run_line(tests: Sequence[MessageTest]) -> dict[Key, Links]:
    return {test.key: _outcome(test) for test in tests}


def _outcome(test: MessageTest) -> Links:
    try:
        return test.run()
    except PlanRefused:
        raise
    except ReconcilerError as error:
        return (Link(NAME, "unknown", as_sentence(test.account, error)),)
