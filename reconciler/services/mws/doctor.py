"""What `doctor` looks at in an MWS account. Everything is a read; rights are not told apart."""

from collections.abc import Callable, Iterator, Sequence

from reconciler.core.model.abilities import Examination, Impediment, Stage
from reconciler.credentials.checks import reaching, resolving
from reconciler.credentials.secrets import Secrets
from reconciler.services.mws.client import MwsClient
from reconciler.services.mws.kinds import MwsAccount


def examinations(
    name: str, account: MwsAccount, client: MwsClient, secrets: Secrets
) -> Sequence[Examination]:
    """Return what can be looked at, in no order."""
    keys = account.credentials
    references = {
        "accessKeyId": keys.access_key_id,
        "secretKey": keys.secret_key,
        "authToken": keys.auth_token,
    }
    return [
        reaching(name, account.base_url),
        _call(Stage.credentials, "ListRegisteredDestinations", client.list_registered_destinations),
        _call(Stage.reading, "ListSubscriptions", client.list_subscriptions),
        *(
            resolving(name, f"credentials.{field}", reference, secrets)
            for field, reference in references.items()
            if reference is not None
        ),
    ]


def _call(stage: Stage, operation: str, call: Callable[[], object]) -> Examination:
    def look() -> Iterator[Impediment]:
        call()
        yield from ()

    return Examination(stage, operation, look)
