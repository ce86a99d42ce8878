"""A fifth service costs its own folder and one line: here that line is added for each test."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler import wiring
from reconciler.cli.main import invoke
from reconciler.core.provider import Abilities
from reconciler.notifications import RECOGNISERS
from tests.newcomer.courier.provider import CourierProvider
from tests.newcomer.courier.service import SERVICE
from tests.newcomer.courier.stand_in import StandInCourier

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NEWS = {"event": "parcel/delivered", "at": "2026-11-29T10:00:00Z", "parcel": {"number": "P-1"}}
HEAD = "stack: acme\npolicy: {prune: true}\n"
SHOP = "accounts:\n  parcels: {service: courier, shop: acme, token: 'env:COURIER_TOKEN'}\n"
WORLD = """
channels:
  orders: {keep: 2d}
hooks:
  delivered: {channel: orders, event: parcel/delivered}
  lost: {channel: orders, event: parcel/lost}
"""


@pytest.fixture(autouse=True)
def _the_one_line(monkeypatch):
    monkeypatch.setattr(wiring, "SERVICES", (*wiring.SERVICES, SERVICE))


@pytest.fixture
def courier():
    with StandInCourier() as running:
        yield running


@pytest.fixture
def declare(tmp_path):
    folder = tmp_path / "declared"
    folder.mkdir()

    def write(text=WORLD):
        (folder / "world.yaml").write_text(HEAD + SHOP + text)
        return folder

    return write


@pytest.fixture
def cli(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = invoke([str(item) for item in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def live(cli, courier, declare):
    """Bring the world about and return a command line that leads to it."""
    folder = declare()

    def run(command, *arguments):
        return cli(command, folder, *arguments, "--sandbox", courier.url)

    code, _, err = run("apply", "--yes")
    assert code == 0, err
    return run


def of(text):
    return json.loads(text)


def test_what_is_declared_is_checked_by_the_services_own_shapes_and_rules(cli, declare):
    assert cli("validate", declare())[0] == 0
    folder = declare(
        "channels: {orders: {keep: 2x}}\n"
        "hooks:\n  a: {channel: order, event: parcel/lost, paused: true}\n"
    )
    code, out, _ = cli("validate", folder, "--format", "json")
    told = [error["message"] for error in of(out)["errors"]]
    assert code == 1
    assert any("channels.orders.keep" in text for text in told)
    assert any("did you mean" in text for text in told)
    code, out, _ = cli("validate", declare(WORLD.replace("lost}", "lost, paused: true}")))
    assert "news of lost parcels cannot be paused" in out


def test_a_section_that_is_misspelt_is_told_apart_from_the_new_ones(cli, declare):
    _, out, _ = cli("validate", declare("channel: {}\n"))
    assert "did you mean 'channels'?" in " ".join(out.split())


def test_apply_converges_and_only_what_changed_is_done_again(live, declare, courier):
    assert {it["name"] for it in courier.held["channels"].values()} == {"acme--orders"}
    assert of(live("plan", "--format", "json")[1])["actions"] == []
    declare(WORLD.replace("2d", "3d"))
    actions = of(live("plan", "--format", "json")[1])["actions"]
    assert [(it["action"], it["address"]) for it in actions] == [("update", "channel.orders")]
    assert actions[0]["changes"] == [{"path": "keep", "before": 172800, "after": 259200}]
    assert live("apply", "--yes")[0] == 0
    assert {it["keep"] for it in courier.held["channels"].values()} == {259200}


def test_what_goes_goes_before_what_it_refers_to(live, courier):
    code, _, err = live("destroy", "--yes")
    assert code == 0, err
    assert courier.held == {"channels": {}, "hooks": {}}


def test_drift_tells_what_somebody_did(live, courier):
    assert live("drift")[0] == 0
    next(iter(courier.held["channels"].values()))["keep"] = 5
    code, out, _ = live("drift", "--format", "json")
    [found] = of(out)["resources"]
    assert code == 2
    assert (found["address"], found["status"]) == ("channel.orders", "changed")


def test_status_measures_what_the_service_measures(live):
    code, out, err = live("status", "--format", "json")
    assert code == 0, err
    others = {it["address"]: it for it in of(out)["others"]}
    assert others["channel.orders"]["health"]["oldestSeconds"] == 7
    assert others["hook.lost"]["leadsTo"] == "channel.orders"
    assert "channel.orders" in live("status")[1]


def test_doctor_makes_the_services_own_checks(live):
    code, out, _ = live("doctor", "--format", "json")
    [account] = of(out)["accounts"]
    assert (code, account["service"], account["checks"]) == (0, "courier", 3)


def test_what_it_leaves_out_is_said_by_every_command_that_would_use_it(live, cli, monkeypatch):
    monkeypatch.setattr(CourierProvider, "abilities", Abilities())
    code, out, _ = live("doctor")
    assert code == 1
    assert "not examined, this service has no checks for `doctor`: 0 checks" in " ".join(
        out.split()
    )
    code, _, err = live("status")
    assert code == 0
    assert "parcels: not measured, this service gives no figures" in " ".join(err.split())
    assert live("plan", "--detailed-exitcode")[0] == 0


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg"])
def test_pictures_show_the_new_nouns(live, form):
    code, out, err = live("graph", "--format", form)
    assert code == 0, err
    assert "acme--orders" in out or "orders" in out


def test_the_page_shows_the_new_nouns(live, tmp_path):
    code, _, err = live("report", "--out", tmp_path / "page.html")
    assert code == 0, err
    assert "channel.orders" in (tmp_path / "page.html").read_text()


def test_verify_says_what_it_cannot_try(live):
    _, out, _ = live("verify", "--format", "json")
    told = {it["address"]: (it["verdict"], it["reason"]) for it in of(out)["subscriptions"]}
    why = "there is no queue to look for a test message in"
    assert told == dict.fromkeys(("hook.delivered", "hook.lost"), ("plausible", why))


def test_a_snapshot_holds_the_new_nouns_and_is_planned_from(live, tmp_path):
    file = tmp_path / "snapshot.json"
    assert live("snapshot", "--out", file)[0] == 0
    code, out, err = live("plan", "--live", file, "--format", "json")
    assert code == 0, err
    assert of(out)["actions"] == []
    assert of(out)["summary"]["unchanged"] == 3


def test_export_writes_what_is_live_and_not_declared(live, cli, declare, courier, tmp_path):
    declare("")
    out = tmp_path / "written"
    code, _, err = live("export", "--out", out)
    assert code == 0, err
    code, told, err = cli("plan", out, "--sandbox", courier.url, "--format", "json")
    assert code == 0, err
    assert of(told)["actions"] == []
    text = "".join(file.read_text() for file in out.glob("*.yaml"))
    assert "channels:" in text
    assert "hooks:" in text


def test_init_offers_and_writes_it(cli, tmp_path):
    folder = tmp_path / "new"
    code, out, err = cli("init", folder, "--service", "courier", "--no-workflows")
    assert code == 0, err
    assert "Courier: what the token may do" in out
    assert cli("validate", folder / "subscriptions")[0] == 0
    code, _, err = cli("init", tmp_path / "other", "--service", "curier")
    assert code == 64
    assert "'courier'" in err


def test_decode_knows_its_news(cli, tmp_path):
    file = tmp_path / "news.json"
    file.write_text(json.dumps({"Type": "Notification", "Message": json.dumps(NEWS)}))
    code, out, err = cli("decode", file)
    assert code == 0, err
    assert of(out)["source"] == "courier"
    assert of(out)["payload"] == {"number": "P-1"}
    assert "courier parcel/delivered" in cli("decode", file, "--format", "text")[1]
    file.write_text("no news")
    assert "of the courier (JSON)" in cli("decode", file)[2]


def test_what_programs_decode_by_default_is_what_the_services_brought_so_far():
    assert set(wiring.recognisers()) > set(RECOGNISERS)
    assert len(wiring.recognisers()) == len(RECOGNISERS) + 1


def test_the_schema_has_its_sections(cli):
    schema = of(cli("schema")[1])
    assert {"channels", "hooks"} <= schema["properties"].keys()
    assert {"channels", "hooks"} <= schema["properties"]["defaults"]["properties"].keys()


def test_its_secrets_go_to_its_own_hosts_only(cli, declare, monkeypatch):
    monkeypatch.setenv("COURIER_TOKEN", "hush-hush-token")
    folder = declare()
    file = folder / "world.yaml"
    file.write_text(file.read_text().replace("shop:", "endpoint: 'https://evil.example', shop:"))
    code, _, err = cli("plan", folder)
    assert code == 3
    assert "evil.example" in err
    assert "hush-hush" not in err


def test_a_wrong_token_is_said_and_never_shown(cli, declare, courier, monkeypatch):
    monkeypatch.setenv("COURIER_TOKEN", "hush-hush-token")
    folder = declare()
    file = folder / "world.yaml"
    file.write_text(file.read_text().replace("shop:", f"endpoint: '{courier.url}', shop:"))
    code, out, err = cli("plan", folder)
    assert code == 1
    assert "unknown token" in err + out
    assert "hush-hush" not in err + out


def test_nothing_outside_its_folder_knows_it():
    """But for the line that a project would add to wiring, which the tests here add."""
    words = re.compile(r"courier|parcel", re.IGNORECASE)
    knowing = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "reconciler").rglob("*")
        if file.suffix in (".py", ".yaml", ".yml", ".toml") and words.search(file.read_text())
    ]
    assert knowing == []


def test_no_service_is_named_where_its_value_can_be_asked():
    """But for the line in wiring, what the JSON of notifications says, and the bundled story."""
    allowed = {"wiring.py", "notifications/model.py", "cli/commands/playing.py"}
    names = {service.name for service in wiring.SERVICES}
    classes = {service.account.__name__ for service in wiring.SERVICES}
    package = ROOT / "reconciler"
    found = []
    for file in sorted(package.rglob("*.py")):
        place = file.relative_to(package).as_posix()
        if place.startswith(("services/", "sandbox/")) or place in allowed:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            named = isinstance(node, ast.Constant) and node.value in names
            if named or (isinstance(node, ast.Name) and node.id in classes):
                found.append(f"{place}:{node.lineno}")
    assert found == []


def test_its_sdk_is_loaded_when_an_account_is_opened_and_not_before():
    look = (
        "import sys, tests.newcomer.courier.service; "
        "print([name for name in sys.modules if name.endswith('courier.provider')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
