"""Lists in pages: where a list that does not end is noticed."""

from reconciler.core.model.errors import Rejected

MOST_PAGES = 1000
"""More than any list has: a million queues, 100,000 tagged ones or subscriptions."""


class Pages:
    """The tokens of one list's pages so far."""

    def __init__(self, account: str, operation: str) -> None:
        self._account, self._operation = account, operation
        self._tokens: set[str] = set()

    def turn(self, token: str) -> None:
        """Go on to the page of `token`.

        Raises:
            Rejected: that page was there already, or there are more pages than a list has.
        """
        if token in self._tokens:
            raise self._endless("the service repeats a page")
        if len(self._tokens) >= MOST_PAGES - 1:
            raise self._endless(f"after {MOST_PAGES:,} pages there are more")
        self._tokens.add(token)

    def _endless(self, why: str) -> Rejected:
        return Rejected(self._account, self._operation, f"the list does not end: {why}")
