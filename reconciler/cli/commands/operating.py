"""status, doctor and verify: health, and whether notifications arrive.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.completing import completion, subscriptions
from reconciler.cli.option_values import as_duration, as_times, as_window
from reconciler.cli.options import (
    DEFAULT_PATH,
    AccountOption,
    AllowHostOption,
    ApplyFormat,
    FullOption,
    PathArgument,
    QuietOption,
    SandboxOption,
    ShardOption,
)
from reconciler.cli.state import State, state_of

if TYPE_CHECKING:
    from reconciler.core.verdicts.diagnosis import Diagnosis
    from reconciler.core.verdicts.health import Status
    from reconciler.core.verdicts.proof import Verification
    from reconciler.operate.arrivals import ArrivalWish


PlainFormatOption = Annotated[
    ApplyFormat, typer.Option("--format", help="How to write the result.")
]
MaxWaitingOption = Annotated[
    int, typer.Option(metavar="N", min=0, help="Messages that may wait in a queue.")
]
MessageAgeOption = Annotated[
    int,
    typer.Option(
        metavar="DURATION",
        parser=as_duration,
        help="How long the oldest message may wait: 30m, 2h.",
    ),
]
ArrivalsOption = Annotated[
    int | None,
    typer.Option(
        metavar="[DURATION]",
        parser=as_window,
        help="Say what arrived in that time (7d), when something last did, and whether it is "
        "quieter than usual. Tells first what that costs.",
    ),
]
MaxQuietOption = Annotated[
    float | None,
    typer.Option(
        metavar="TIMES",
        parser=as_times,
        help="How many times its longest silence before something may be silent: 2x. Asks for "
        "--arrivals.",
    ),
]
MaxDeadLettersOption = Annotated[
    int, typer.Option(metavar="N", min=0, help="Messages that may lie in a dead-letter queue.")
]
MaxUndeliveredOption = Annotated[
    int,
    typer.Option(metavar="N", min=0, help="Pushes to a callBackUri that may be unacknowledged."),
]


def status(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: PlainFormatOption = ApplyFormat.text,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with 2 if something needs attention, with 1 if something is not known.",
        ),
    ] = False,
    allow_unknown: Annotated[
        bool,
        typer.Option(
            "--allow-unknown",
            help="With --check: let pass what is not known of objects that were read.",
        ),
    ] = False,
    max_waiting: MaxWaitingOption = 10_000,
    max_age: MessageAgeOption = "1h",  # type: ignore[assignment]  # typer parses defaults too
    max_dead_letters: MaxDeadLettersOption = 0,
    max_undelivered: MaxUndeliveredOption = 100,
    arrivals: ArrivalsOption = None,
    max_quiet: MaxQuietOption = None,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    shard: ShardOption = None,
    _full: FullOption = False,
    _quiet: QuietOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Show health: messages waiting, what is dead, missing or off.

    What arrived, and what went quiet, is asked only with --arrivals or --max-quiet, since AWS
    charges for it.
    """
    from reconciler.cli.request import RunRequest
    from reconciler.cli.session import opened, watched
    from reconciler.core.planning.terms import Terms
    from reconciler.core.verdicts.health import HealthLimits
    from reconciler.operate.status import status as measure

    if allow_unknown and not check:
        raise typer.BadParameter("--allow-unknown goes with --check")
    terms = Terms(accounts=tuple(account), shard=shard)
    request = RunRequest(path, sandbox, tuple(allow_host), terms)
    limits = HealthLimits(max_waiting, max_age, max_dead_letters, max_undelivered)
    state = state_of(context)
    wish = _arrivals_wished(state, arrivals, max_quiet)
    with opened(state, request) as session, watched(state) as ticker:
        found = measure(session, limits=limits, arrivals=wish, progress=ticker)
    for reason in found.unread:
        state.say(f"not read: {reason}")
    for note in found.notes:
        state.say(f"note: {note}")
    _show(state, found, form)
    if not found.complete or (max_quiet is not None and found.silence_unknown):
        return exits.ERROR
    if not check:
        return exits.DONE
    if found.verdict == "unknown" and not allow_unknown:
        return exits.ERROR
    return exits.DIFFERENT if found.verdict == "needs attention" else exits.DONE


def _arrivals_wished(
    state: State, arrivals: int | None, max_quiet: float | None
) -> "ArrivalWish | None":
    """Return what is to be asked about arrivals, None where nobody wants to know."""
    if arrivals is None and max_quiet is None:
        return None
    from reconciler.core.verdicts.arrivals import WEEK, ArrivalWindow
    from reconciler.operate.arrivals import ArrivalWish

    window = ArrivalWindow(int(time.time()), arrivals or WEEK)
    return ArrivalWish(window, max_quiet, lambda cost: state.say(f"asking {cost}"))


def doctor(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: PlainFormatOption = ApplyFormat.text,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    _quiet: QuietOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Check each account without changing anything; say what to fix."""
    from reconciler.cli.request import RunRequest
    from reconciler.cli.session import opened, watched
    from reconciler.core.planning.terms import Terms
    from reconciler.operate.doctor import doctor as diagnose

    state = state_of(context)
    request = RunRequest(path, sandbox, tuple(allow_host), Terms(accounts=tuple(account)))
    with opened(state, request) as session, watched(state) as ticker:
        found = diagnose(session, progress=ticker)
    _show(state, found, form)
    return exits.DONE if found.healthy else exits.ERROR


def verify(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ApplyFormat, typer.Option("--format", help="How to write the verdicts.")
    ] = ApplyFormat.text,
    target: Annotated[
        list[str],
        typer.Option(
            metavar="ADDRESS",
            autocompletion=completion("target", subscriptions),
            help="Only these subscriptions (repeatable; * and ? stand for any characters).",
        ),
    ] = [],  # noqa: B006 - typer makes a new list for each run
    account: AccountOption = [],  # noqa: B006 - as above
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.1, max=3600, help="How long a test message may take to arrive."
        ),
    ] = 60.0,
    allow_private: Annotated[
        bool,
        typer.Option(
            "--allow-private", help="Post to call back URIs at addresses that are not public, too."
        ),
    ] = False,
    static: Annotated[
        bool, typer.Option("--static", help="Only look: send no test message, post no sample.")
    ] = False,
    _quiet: QuietOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Prove that notifications arrive; exit with 1 if one is unproven.

    Looks at every link from each subscription to its queue or call back URI. Then it has MWS (or
    the SP-API's sandbox) send a test message, waits for it in the queue and deletes it there, and
    posts Google's sample notification to each call back URI. That is a real request: the receiver
    sees a change of product online~en~US~1234 in account 1234. With --sandbox nothing is posted.
    What could not be read ends with 1, too.
    """
    from reconciler.cli.request import RunRequest
    from reconciler.cli.session import opened, watched
    from reconciler.core.planning.terms import Terms
    from reconciler.operate.verify import VerifyManner
    from reconciler.operate.verify import verify as prove

    terms = Terms(targets=tuple(target), accounts=tuple(account))
    request = RunRequest(path, sandbox, tuple(allow_host), terms)
    manner = VerifyManner(timeout, allow_private=allow_private, static=static)
    state = state_of(context)
    with opened(state, request) as session, watched(state) as ticker:
        found = prove(session, manner, progress=ticker)
    _show(state, found, form)
    return exits.DONE if found.good else exits.ERROR


def _show(state: State, report: "Status | Diagnosis | Verification", form: ApplyFormat) -> None:
    if form.value == "json":
        from reconciler.reports import as_json

        state.result(as_json.render(report))
    else:
        state.report(report)
