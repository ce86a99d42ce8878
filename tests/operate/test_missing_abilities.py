"""What a service cannot do is said wherever it would be used, and never taken for fine."""

from reconciler.core.model.objects import Live
from reconciler.core.model.spec import live_address
from reconciler.core.provider import Abilities, Cannot, Scope
from reconciler.core.service import Account
from reconciler.operate.doctor import diagnose
from reconciler.operate.status import _measure
from reconciler.operate.verify import VerifyManner, _push
from reconciler.reports.lines import PLAIN
from reconciler.reports.verdict_text import diagnosis_lines
from reconciler.run import observe, silent
from tests.toys import Cloud, Provider, Tank, declare, world

TANK = declare("t", "depot", Tank(name="t"))
DECLARED = world(TANK, accounts={"depot": Account(service="depot")})


def diagnosed(abilities):
    provider = Cloud().providers("depot")["depot"]
    provider.abilities = abilities
    return diagnose(DECLARED, {"depot": provider})


def test_what_cannot_be_examined_is_not_ready():
    found = diagnosed(Abilities())
    assert not found.healthy
    assert found.accounts[0].unexamined == "this service has no checks for `doctor`"
    [line] = ["".join(text for text, _ in it.spans) for it in diagnosis_lines(found, PLAIN)]
    assert line == "? depot  depot  not examined, this service has no checks for `doctor`: 0 checks"


def test_what_has_nothing_to_look_at_is_not_ready_either():
    found = diagnosed(Abilities(examinations=lambda _desired: ()))
    assert not found.healthy
    assert found.accounts[0].unexamined == "there was nothing to look at"


def test_what_is_not_measured_is_said():
    provider = Cloud().providers("depot")["depot"]
    live = Live("depot", TANK.spec, {"id": "1"})
    found = _measure([TANK], [live], {"depot": provider}, silent)
    assert live_address(live.spec, "depot") not in found.metrics
    assert found.lacking == "depot: not measured, this service gives no figures for `status`"


class Vault(Tank):
    def secrets(self):
        return ("env:COMBINATION",)


class Blank(Provider):
    def scopes(self):
        return [Scope(self.name, (Vault,))]


def test_secrets_that_cannot_be_filled_in_leave_their_account_unread():
    declared = world(declare("t", "depot", Vault(name="t")))
    found = observe(declared, {"depot": Blank(Cloud(), "depot")})
    assert [item.reason for item in found.unread] == [
        "depot: tank.t: secrets within declared objects cannot be filled in"
    ]


def test_a_call_back_that_no_sample_can_be_posted_to_is_doubtful():
    [link] = _push(Live("depot", TANK.spec), "https://a", Cannot("none can be"), VerifyManner(int))
    assert link == ("answer", "doubtful", "none can be")
