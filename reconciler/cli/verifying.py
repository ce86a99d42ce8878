"""verify: read what the chosen subscriptions lead to, test it, tell the verdicts."""

from reconciler.cli import exits
from reconciler.cli.options import VerifyFormat
from reconciler.cli.session import RunRequest, opened, watched
from reconciler.cli.state import State
from reconciler.operate.verify import VerifyManner, verify
from reconciler.reports import as_json


def verify_all(state: State, request: RunRequest, manner: VerifyManner, form: VerifyFormat) -> int:
    """Verify the subscriptions that a request selects, and write the verdicts."""
    with opened(state, request) as session, watched(state) as ticker:
        found = verify(session, manner, progress=ticker)
    if form is VerifyFormat.json:
        state.result(as_json.render(found))
    else:
        state.report(found)
    return exits.DONE if found.good else exits.ERROR
