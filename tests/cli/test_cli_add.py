"""add seller: its lines are written, and what they would do is shown."""

from pathlib import Path

import pytest

from tests.worlds import AWS, HEAD

APP = """
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}
    sellers:
      acme-de: {refreshToken: "env:ACME_DE_TOKEN"}
      acme-fr: {refreshToken: "env:ACME_FR_TOKEN"}
"""
WORLD = """
queues:
  q: {account: aws-eu, grants: [{to: amazon-notifications}]}
destinations:
  d: {account: app, queue: q}
subscriptions:
  offers: {destination: d, notificationType: ANY_OFFER_CHANGED, sellers: %s}
"""


@pytest.fixture
def repository(world, tmp_path, cli, sandbox):
    """Declare and apply two sellers; return the folder, its file, and how to get to the sandbox."""

    def declare(sellers="all"):
        folder = world(WORLD % sellers, HEAD + AWS + APP)
        assert cli("apply", folder, "--yes", "--sandbox", sandbox.url).code == 0
        return folder, tmp_path / "declared/world.yaml", ("--sandbox", sandbox.url)

    return declare


def test_a_seller_is_written_and_planned_alone(cli, repository):
    folder, file, at = repository()
    before = file.read_text(encoding="utf-8")
    ended = cli("add", "seller", "acme-es", folder, *at)
    assert ended.code == 0, ended.err
    line = '      acme-es: {refreshToken: "env:ACME_ES_TOKEN"}\n'
    assert line in file.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8").replace(line, "") == before
    assert ended.out.startswith("Plan for stack acme (seller acme-es only): 1 to create; 2")
    assert "subscription.offers[acme-es]" in ended.out
    assert "acme-de" not in ended.out
    assert cli("apply", folder, "--yes", *at).code == 0


def listed(sandbox):
    """Count the lists of subscriptions that were asked for so far."""
    return [it["operation"] for it in sandbox.calls()].count("getSubscriptions")


def test_nobody_else_is_read_for_it(cli, repository, sandbox):
    """Ten thousand others are 19,000 calls, and nothing of theirs bears on what is created."""
    folder, _, at = repository()
    start = listed(sandbox)
    assert cli("add", "seller", "acme-es", folder, *at).code == 0
    alone = listed(sandbox) - start
    assert cli("plan", folder, *at).code == 0
    assert (alone > 0, listed(sandbox) - start) == (True, alone + 3 * alone)


def test_everybody_is_read_where_more_than_creating_is_to_be_done(cli, repository, sandbox):
    """Guards count what is owned, and others may rest on what changes."""
    folder, file, at = repository()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("q: {account: aws-eu,", "q: {account: aws-eu, delay: 5s,"))
    start = listed(sandbox)
    ended = cli("add", "seller", "acme-es", folder, *at)
    assert (ended.code, "queue.q" in ended.out) == (0, True), ended.err
    alone, rest = divmod(listed(sandbox) - start, 4)
    assert (alone > 0, rest) == (True, 0)


def test_a_seller_whom_nothing_means_is_told_so(cli, repository):
    folder, _, at = repository("[acme-de]")
    ended = cli("add", "seller", "acme-es", folder, "--refresh-token", "env:OTHER", *at)
    assert ended.code == 0
    assert "no declaration means acme-es" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["acme-de"], "accounts.app.sellers has 'acme-de' already"),
        (["acme-es", "--account", "ap"], "is called 'ap', did you mean 'app'?"),
        (["acme-es", "--refresh-token", "Atzr|hush"], "--refresh-token: expected a reference"),
        (["acme-es", "--label", "tier"], "--label tier: give it as NAME=VALUE"),
    ],
)
def test_what_cannot_be_added_is_wrong_usage_and_changes_nothing(cli, repository, arguments, words):
    folder, file, at = repository()
    before = file.read_bytes()
    ended = cli("add", "seller", *arguments[:1], folder, *arguments[1:], *at)
    assert (ended.code, words in ended.err) == (64, True), ended.err
    assert "hush" not in ended.err
    assert file.read_bytes() == before


def test_a_name_that_no_seller_can_have_leaves_the_file_as_it_was(cli, repository):
    folder, file, at = repository()
    before = file.read_bytes()
    ended = cli("add", "seller", "acme es", folder, *at)
    assert ended.code == 1
    assert "a seller's name has letters" in ended.err
    assert file.read_bytes() == before


def test_a_seller_of_a_table_is_a_row(cli, repository, tmp_path):
    folder, file, at = repository()
    text = file.read_text(encoding="utf-8")
    head, _, rest = text.partition("    sellers:\n")
    rest = rest[rest.index("\nqueues:") :]
    table = '    sellers: {from: sellers.csv, refreshToken: "env:T_{seller}"}\n'
    file.write_text(head + table + rest.replace("all", '["acme_*"]'), encoding="utf-8")
    rows = tmp_path / "declared/sellers.csv"
    rows.write_text("seller,tier\nacme_de,gold\n", encoding="utf-8")
    ended = cli("add", "seller", "acme_es", folder, "--label", "tier=silver", *at)
    assert ended.code == 0, ended.err
    assert rows.read_text(encoding="utf-8") == "seller,tier\nacme_de,gold\nacme_es,silver\n"
    assert "subscription.offers[acme_es]" in ended.out
    ended = cli("add", "seller", "acme_it", folder, "--label", "teir=silver", *at)
    assert (ended.code, "did you mean 'tier'?" in ended.err) == (64, True)


SHARED = """
  other:
    service: sp-api
    region: na
    credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}
    sellers: &shared
      acme-de: {refreshToken: "env:ACME_DE_TOKEN"}
      acme-fr: {refreshToken: "env:ACME_FR_TOKEN"}
"""
TWO = "acme-de: {refreshToken: 'env:ACME_DE_TOKEN'}, acme-fr: {refreshToken: 'env:ACME_FR_TOKEN'}"


@pytest.mark.parametrize(
    "sellers",
    [
        "\n      <<: *shared\n      acme-aa: {refreshToken: 'env:ACME_AA_TOKEN'}\n",
        " *shared\n",
        f" &mine {{{TWO}}}\n",
        f" !!map {{{TWO}}}\n",
    ],
)
def test_lines_that_more_than_one_account_may_share_are_left_to_people(cli, world, sellers):
    """A line put under an anchor would declare the seller for another account, too."""
    head = APP[: APP.index("\n", APP.index("sellers:"))]
    folder = world("", HEAD + AWS + SHARED + head + sellers)
    [file] = Path(folder).iterdir()
    before = file.read_bytes()
    ended = cli("add", "seller", "acme-bb", folder, "--account", "app")
    assert (ended.code, "write it by hand" in ended.err) == (1, True), ended.err
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("mark", "end"), [(b"\xef\xbb\xbf", b"\n"), (b"", b"\r\n"), (b"\xef\xbb\xbf", b"\r\n")]
)
def test_a_byte_order_mark_and_line_ends_stay_as_they_are(cli, repository, mark, end):
    folder, file, at = repository("[acme-de]")
    before = mark + file.read_bytes().replace(b"\n", end)
    file.write_bytes(before)
    ended = cli("add", "seller", "acme-es", folder, *at)
    assert ended.code == 0, ended.err
    line = b'      acme-es: {refreshToken: "env:ACME_ES_TOKEN"}' + end
    assert file.read_bytes().replace(line, b"", 1) == before


def test_nothing_is_written_before_it_was_checked(cli, repository):
    """Whatever ends the process meanwhile leaves the file as it was."""
    folder, file, at = repository()
    before = file.stat().st_mtime_ns, file.stat().st_ino
    assert cli("add", "seller", "acme es", folder, *at).code == 1
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before
