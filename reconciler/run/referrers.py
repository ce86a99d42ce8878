"""What points at that which a plan removes, as far as observing did not show it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from reconciler.core.model.objects import Live
from reconciler.core.planning.plan import Prepared
from reconciler.core.provider import Cannot, Provider
from reconciler.core.world.observation import Observation
from reconciler.core.world.unread import Unread
from reconciler.run.progress import Progress, silent
from reconciler.run.questions import Question, Unanswered, ask


def look_for_referrers(
    observation: Observation,
    prepared: Prepared,
    providers: Mapping[str, Provider],
    *,
    progress: Progress = silent,
) -> Observation:
    """Return the observation with everything that points at what the plan removes.

    It is the same one where there is nothing to add; otherwise a plan has to be made again. What
    could not be asked makes the account unread: nothing is removed there then.
    """
    going: dict[str, list[Live]] = {}
    for step in prepared.steps:
        if step.verb == "delete":
            going.setdefault(step.change.former.account, []).append(step.change.former)
    questions = [
        Question(account, partial(ask_service, tuple(going[account])))
        for account, provider in sorted(providers.items())
        if account in going and not isinstance(ask_service := provider.abilities.referrers, Cannot)
    ]
    for answer in ask(questions, doing="looking for what points at it", progress=progress):
        if isinstance(answer, Unanswered):
            scopes = providers[answer.account].scopes()
            unread = tuple(Unread(scope, answer.reason) for scope in scopes)
            observation = replace(observation, unread=observation.unread + unread)
        else:
            observation = observation.with_details(answer)
    return observation
