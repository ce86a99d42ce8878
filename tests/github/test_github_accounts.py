"""plan --github tells on its line that an account leads elsewhere, and first in the comment."""

from tests.worlds import AWS, HEAD, MWS, SP_API, queues

TEXT = queues(a="account: aws-eu")
WORLD = HEAD + AWS + MWS + SP_API
MOVED = ("    region: eu\n", "    region: eu\n    tokenEndpoint: https://tokens.example.com/t\n")


def test_an_account_that_leads_elsewhere_is_told_on_its_line_and_first(
    cli, reconcile, world, sandbox, job, api, monkeypatch, tmp_path
):
    with monkeypatch.context() as outside:
        outside.delenv("GITHUB_ACTIONS")
        folder = world(TEXT, WORLD)
        assert cli("apply", folder, "--sandbox", sandbox.url, "--yes").code == 0
        cli("snapshot", folder, "--sandbox", sandbox.url, "--out", tmp_path / "live.json")
    job.pull_request(7)
    ended = reconcile("plan", TEXT, "--live", tmp_path / "live.json", head=WORLD.replace(*MOVED))
    line = WORLD.replace(*MOVED).splitlines().index(MOVED[1].splitlines()[1]) + 1
    [(_, place, message)] = [it for it in ended.commands("warning") if "tokenEndpoint" in it[2]]
    assert (place["file"], place["line"]) == ("declared/world.yaml", str(line))
    assert "https://api.amazon.com/auth/o2/token → https://tokens.example.com/t" in message
    [comment] = api.comments(7)
    sections = [it for it in comment["body"].splitlines() if it.startswith("### ")]
    assert sections[0] == "### Accounts (1)"
    assert "In sync" not in comment["body"]


def test_a_foreign_host_is_told_on_its_line_where_the_plan_is_refused(cli, world, job, api):
    job.pull_request(7)
    folder = world(TEXT, WORLD.replace(*MOVED))
    ended = cli("plan", folder, "--github")
    assert ended.code == 3
    [(_, place, message)] = ended.commands("error")
    assert (place["file"], place["col"]) == ("declared/world.yaml", "20")
    assert "would go to tokens.example.com" in message
    assert job.outputs()["refused"] == "true"
