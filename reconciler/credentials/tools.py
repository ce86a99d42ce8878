"""What accounts are opened with: everything that the providers of a run share."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from reconciler.credentials.secrets import Secrets

if TYPE_CHECKING:
    from reconciler.transport.calls import Clock
    from reconciler.transport.http import Http


class Tools:
    """Secrets, clock and connections of a run.

    `sandbox`: the accounts lead to a sandbox, with throw-away credentials. `allowed` are hosts that
    secrets may be sent to beyond the services' own.
    """

    def __init__(
        self,
        secrets: Secrets,
        *,
        clock: "Clock",
        sandbox: bool = False,
        allowed: Collection[str] = (),
    ) -> None:
        self.secrets = secrets
        self.clock = clock
        self.sandbox = sandbox
        self.allowed = allowed
        self._http: Http | None = None

    @property
    def http(self) -> "Http":
        """Return the connections that are shared, made when first needed."""
        from reconciler.transport.http import Http  # loads urllib3

        self._http = self._http or Http()
        return self._http

    def close(self) -> None:
        """Let go of the connections."""
        self.secrets.close()
        if self._http is not None:
            self._http.close()
