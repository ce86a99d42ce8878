"""What can be looked at of any account: its secrets, its endpoint, its idea of the time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from reconciler.core.model.abilities import Examination, Impediment, Stage
from reconciler.core.model.errors import SettingsError, Transient, Unclear, Unreachable
from reconciler.credentials.secrets import Secrets
from reconciler.transport.http import Http
from reconciler.transport.lines import AnswerLimits

TOLERATED = 300.0
"""Seconds by which AWS lets a signature's time differ; tokens of others are no more patient."""
NOTICED = 60.0

_LIMITS = AnswerLimits(silence=10.0, total=10.0)


def resolving(
    account: str, path: str, reference: str, secrets: Secrets, *, part: str | None = None
) -> Examination:
    """Look whether the reference at `accounts.<account>.<path>` leads to a secret."""

    def look() -> Iterator[Impediment]:
        try:
            secrets.resolve(reference)
        except SettingsError as error:
            remedy = f"give {reference} a value, or correct accounts.{account}.{path}"
            yield Impediment(str(error), remedy)

    return Examination(Stage.secrets, reference, look, part)


def reaching(account: str, url: str) -> Examination:
    """Look whether anything answers at `url`, and whether its clock agrees with this machine's."""
    host = urlsplit(url).netloc

    def look() -> Iterator[Impediment]:
        try:
            ahead = _ahead(account, url)
        except SettingsError as error:
            yield Impediment(str(error), "correct that variable")
            return
        except (Transient, Unclear, Unreachable) as error:
            remedy = "check network, proxy and firewall, and the account's `endpoint`"
            yield Impediment(error.message, remedy)
            return
        if abs(ahead) >= NOTICED:
            yield _skew(host, ahead)

    return Examination(Stage.reaching, host, look)


def _ahead(account: str, url: str) -> float:
    """Return the seconds by which this machine's clock is ahead, to a second or so.

    No credentials are sent: any answer will do.
    """
    http = Http(limits=_LIMITS)
    try:
        answer = http.request(account, "connect", "GET", url, headers={"Accept": "*/*"})
    finally:
        http.close()
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return 0.0
    age = answer.headers.get("age", "")  # what a cache kept tells the time when it was made
    kept = timedelta(seconds=int(age) if age.isdigit() else 0)
    return (datetime.now(UTC) - theirs.astimezone(UTC) - kept).total_seconds()


def _skew(host: str, ahead: float) -> Impediment:
    where = "ahead of" if ahead > 0 else "behind"
    return Impediment(
        f"this machine's clock is {abs(ahead):.0f} s {where} that of {host}",
        f"set the clock (NTP): requests signed more than {TOLERATED:.0f} s off are refused",
        optional=abs(ahead) < TOLERATED,
    )
