"""What `doctor` looks at in an MWS account. Everything is a read; rights are not told apart."""

from collections.abc import Callable, Iterator, Sequence

from reconciler.core.diagnosis import Ailment, Examination, Stage
from reconciler.providers.examining import reaching, resolving
from reconciler.providers.mws.client import MwsClient
from reconciler.providers.mws.kinds import MwsAccount
from reconciler.providers.secrets import Secrets


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
    def look() -> Iterator[Ailment]:
        call()
        yield from ()

    return Examination(stage, operation, look)
