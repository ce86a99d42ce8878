"""init: a directory that validates, plans and applies, and what its owner has to allow."""

import io
import json
import subprocess

import jsonschema
import pytest
import yaml

import reconciler
from tests.worlds import AWS, HEAD, MERCHANT, queues

WORKFLOWS = {
    ".github/actions/reconcile/action.yml",
    ".github/reconciler/requirements.txt",
    f".github/reconciler/subscription_reconciler-{reconciler.__version__}-py3-none-any.whl",
    ".github/workflows/apply.yml",
    ".github/workflows/drift.yml",
    ".github/workflows/plan.yml",
}
USUAL = {
    "subscriptions/.schema.json",
    "subscriptions/amazon-sp-api.yaml",
    "subscriptions/merchant.yaml",
    "subscriptions/queues.yaml",
    "subscriptions/reconciler.yaml",
}


@pytest.fixture(autouse=True)
def _outside_of_github(monkeypatch):
    for name in ("GITHUB_REPOSITORY", "GITHUB_REPOSITORY_ID", "GITHUB_REPOSITORY_OWNER_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "acme-shop"


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def chosen(*services):
    return [option for service in services for option in ("--service", service)]


def documents(text):
    """Return every JSON document of a text."""
    found, decoder = [], json.JSONDecoder()
    while "\n{" in text:
        text = text[text.index("\n{") + 1 :]
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


def subjects(text):
    conditions = [item["Statement"][0].get("Condition", {}) for item in documents(text)]
    equals = [item.get("StringEquals", {}) for item in conditions]
    return [item["token.actions.githubusercontent.com:sub"] for item in equals if len(item) > 1]


def test_without_a_terminal_it_starts_all_services_but_the_retired_one(cli, folder):
    ended = cli("init", folder)
    assert (ended.code, ended.err) == (0, "")
    assert files(folder) == USUAL | WORKFLOWS
    for path in USUAL | WORKFLOWS:
        assert f"\n  {folder / path}\n" in ended.out
    assert cli("validate", folder / "subscriptions") == (0, "Valid: 5 objects declared.\n", "")


def test_the_directory_is_the_current_one_unless_given(cli, folder, monkeypatch):
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert cli("init", "--no-workflows").code == 0
    assert files(folder) == USUAL


@pytest.mark.parametrize(
    "services",
    [["aws"], ["sp-api"], ["merchant"], ["mws"], ["aws", "sp-api", "merchant", "mws"]],
    ids="+".join,
)
def test_whatever_is_chosen_can_be_validated_planned_and_applied_and_is_then_in_sync(
    cli, folder, sandbox, services
):
    assert cli("init", folder, *chosen(*services)).code == 0
    declared, there = folder / "subscriptions", ("--sandbox", sandbox.url)
    checked = json.loads(cli("validate", declared, "--format", "json").out)
    assert checked["valid"]
    expected = ["retired MWS"] if "mws" in services else []
    assert [
        item["message"].partition("Amazon ")[2][:11] for item in checked["warnings"]
    ] == expected
    named = yaml.safe_load((declared / "reconciler.yaml").read_text())["accounts"]
    assert [account["service"] for account in named.values()] == [
        name for name in ("aws", "sp-api", "merchant", "mws") if name in services
    ]
    assert cli("apply", declared, "--yes", *there).code == 0
    again = json.loads(cli("plan", declared, "--format", "json", *there).out)
    assert (again["actions"], again["complete"], again["unmanaged"]) == ([], True, [])


def test_editors_find_a_schema_beside_the_files_and_every_file_keeps_to_it(cli, folder):
    cli("init", folder, *chosen("aws", "sp-api", "merchant", "mws"))
    text = (folder / "subscriptions" / ".schema.json").read_text()
    assert text == cli("schema").out
    schema = jsonschema.Draft202012Validator(json.loads(text))
    for file in (folder / "subscriptions").glob("*.yaml"):
        content = file.read_text()
        assert content.startswith("# yaml-language-server: $schema=.schema.json\n")
        schema.validate(yaml.safe_load(content))


def test_pruning_is_chosen_in_the_open(cli, folder):
    cli("init", folder)
    head = yaml.safe_load((folder / "subscriptions" / "reconciler.yaml").read_text())
    assert head["policy"]["prune"] is True


@pytest.mark.parametrize(
    ("name", "stack"),
    [("Acme Shop_2", "acme-shop-2"), ("2026", "notifications"), ("x" * 60, "x" * 40)],
)
def test_the_stack_is_called_after_the_directory_as_far_as_that_goes(cli, tmp_path, name, stack):
    cli("init", tmp_path / name)
    head = yaml.safe_load((tmp_path / name / "subscriptions" / "reconciler.yaml").read_text())
    assert head["stack"] == stack
    assert cli("validate", tmp_path / name / "subscriptions").code == 0


def test_a_given_stack_names_everything(cli, folder):
    cli("init", folder, "--stack", "pricing")
    text = "".join(file.read_text() for file in (folder / "subscriptions").glob("*.yaml"))
    assert "acme-shop" not in text
    assert "name: pricing-notifications\n" in text


def test_the_retired_service_is_started_only_when_asked_for_and_said_to_be_retired(cli, folder):
    ended = cli("init", folder, *chosen("mws"))
    assert ended.code == 0
    assert "Amazon retired MWS" in ended.err


@pytest.mark.parametrize(
    ("typed", "services"),
    [
        (b"aws, merchant\n", ["aws", "merchant"]),
        (b"sqs\nsp-api\n", ["sp-api"]),
        (b"\n", ["aws", "sp-api", "merchant"]),
        (b"\x04", ["aws", "sp-api", "merchant"]),
    ],
)
def test_on_a_terminal_it_asks_until_it_understands(answered, folder, typed, services):
    ended = answered(typed, "init", folder)
    assert ended.code == 0
    assert "Services, of aws, sp-api, merchant, mws [aws sp-api merchant]: " in ended.err
    assert ("not 'sqs'" in ended.err) == typed.startswith(b"sqs")
    head = yaml.safe_load((folder / "subscriptions" / "reconciler.yaml").read_text())
    assert [account["service"] for account in head["accounts"].values()] == services


def test_nothing_is_asked_where_the_services_are_given(answered, folder):
    assert "Services" not in answered(b"mws\n", "init", folder, *chosen("aws")).err


def test_a_second_run_keeps_every_file_and_says_so(cli, folder):
    cli("init", folder)
    before = {path: (folder / path).read_bytes() for path in files(folder)}
    ended = cli("init", folder)
    assert (ended.code, ended.err) == (0, "")
    assert {path: (folder / path).read_bytes() for path in files(folder)} == before
    assert "Written:" not in ended.out
    for path in before:
        assert f"\n  {folder / path}\n" in ended.out.partition("Kept as it was:")[2]


def test_declarations_that_are_there_are_left_alone_and_the_policies_follow_from_them(cli, folder):
    declared = folder / "subscriptions"
    declared.mkdir(parents=True)
    (declared / "all.yml").write_text(HEAD + AWS + MERCHANT + queues(mine=""))
    ended = cli("init", folder, "--stack", "other", *chosen("aws"))
    assert ended.code == 0
    assert files(folder) == WORKFLOWS | {"subscriptions/all.yml", "subscriptions/.schema.json"}
    assert '"arn:aws:sqs:eu-west-1:123456789012:mine"' in ended.out
    assert "--stack, --service and --empty change nothing" in ended.err


def test_declarations_that_are_wrong_end_it_with_their_places_and_nothing_is_written(cli, folder):
    declared = folder / "subscriptions"
    declared.mkdir(parents=True)
    (declared / "all.yaml").write_text(HEAD + AWS + queues(mine="colour: red"))
    ended = cli("init", folder)
    assert (ended.code, ended.out) == (1, "")
    assert "all.yaml:9:" in ended.err
    assert files(folder) == {"subscriptions/all.yaml"}


@pytest.mark.parametrize("place", [".", "subscriptions", ".github"])
def test_a_file_in_the_way_is_one_sentence_and_nothing_is_written(cli, folder, place):
    blocked = folder / place
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("mine")
    ended = cli("init", folder)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (f"error: {blocked} is no directory: name another one, or move that file\n")
    assert blocked.read_text() == "mine"


@pytest.mark.parametrize(
    "options",
    [
        ["--stack", "Acme"],
        ["--stack", "a"],
        ["--service", "sqs"],
        ["--repository", "acme"],
        ["--repository", "https://github.com/acme/shop"],
        ["--repository-id", "acme"],
        ["--owner-id", "0"],
        ["--tool", "acme/tool"],
        ["--tool", "acme/tool@main"],
        ["--tool", "acme/tool@v1.0.0"],
        ["--tool", f"acme/tool@{'a' * 39}"],
        ["--tool", f"acme/tool@{'A' * 40}"],
        ["--tool", f"acme/tool/more@{'a' * 40}"],
        ["--tool", f"../tool@{'a' * 40}"],
        ["--tool", f"acme/tool@{'a' * 40}\n"],
        ["--tool", "a" * 40],
        ["--tool", ""],
        ["one", "two"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_ends_with_64_and_nothing_is_written(cli, folder, options):
    ended = cli("init", folder, *options)
    assert (ended.code, ended.out) == (64, "")
    assert not folder.exists()


def test_the_output_holds_policies_for_both_roles_and_their_trust(cli, folder):
    ended = cli("init", folder, "--repository", "acme/shop", *chosen("aws"))
    read, write, trust_read, trust_write = documents(ended.out)
    assert "sqs:CreateQueue" not in json.dumps(read)
    assert "sqs:CreateQueue" in json.dumps(write)
    assert "repo:acme/shop:environment:production-read" in json.dumps(trust_read)
    assert "repo:acme/shop:environment:production" in json.dumps(trust_write)
    assert "OWNER_ID and REPOSITORY_ID stand for numbers" in ended.out
    assert "Google" not in ended.out


def test_given_ids_stand_in_the_subjects_and_conditions(cli, folder):
    ids = ("--repository-id", "789", "--owner-id", "123")
    ended = cli("init", folder, "--repository", "acme/shop", *ids)
    for found in subjects(ended.out):
        assert "repo:acme@123/shop@789:environment:production" in found[1]
    assert "assertion.repository_id == '789' && assertion.repository_owner_id == '123'" in ended.out
    assert "OWNER_ID" not in ended.out


def test_a_job_on_github_knows_the_ids_of_its_own_repository_only(cli, folder, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
    monkeypatch.setenv("GITHUB_REPOSITORY_ID", "55557")
    monkeypatch.setenv("GITHUB_REPOSITORY_OWNER_ID", "123")
    assert "repo:acme@123/shop@55557:" in cli("init", folder).out
    assert "55557" not in cli("init", folder, "--repository", "acme/other").out


def test_the_repository_is_the_remote_of_the_directory_and_its_password_is_not_shown(cli, folder):
    folder.mkdir()
    remote = "https://user:ghp_secret@github.com/acme/shop.git"
    for command in (["init", "--quiet"], ["remote", "add", "origin", remote]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)
    ended = cli("init", folder)
    assert subjects(ended.out)[0][0] == "repo:acme/shop:environment:production-read"
    assert "ghp_secret" not in ended.out + ended.err
    below = cli("init", folder / "deeper")
    assert "repo:acme/shop:" in below.out
    assert f"{folder / 'deeper'} is not the top of its repository, {folder}" in below.err


def test_without_a_remote_words_stand_for_the_repository_and_are_explained(cli, folder):
    ended = cli("init", folder)
    assert subjects(ended.out)[0][0] == "repo:OWNER/REPOSITORY:environment:production-read"
    assert "OWNER/REPOSITORY stands for your repository" in ended.out


def test_the_next_three_steps_name_what_has_to_be_set(cli, folder):
    out = " ".join(cli("init", folder).out.split())
    assert "1. Put your own account numbers, regions and URLs in the place of the examples" in out
    for name in (
        "production-read",
        "RECONCILER_AWS_WRITE_ROLE",
        "RECONCILER_GOOGLE_PROVIDER",
        "LWA_CLIENT_ID, LWA_CLIENT_SECRET, SELLER_DE_REFRESH_TOKEN",
    ):
        assert name in out.partition("2. ")[2].partition("3. ")[0]
    assert "run the workflow `drift` once by hand" in out.partition("3. ")[2]


def test_without_workflows_the_steps_are_those_of_the_command_line(cli, folder):
    ended = cli("init", folder, "--no-workflows")
    assert files(folder) == USUAL
    assert "3. See what would be done, and do it: `reconciler plan" in ended.out
    assert "RECONCILER_" not in ended.out


def test_it_works_without_network(cli, folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert cli("init", folder).code == 0
