"""init where there is something already: credentials and tool are brought up to date, no more."""

import io
import re
import shutil
import subprocess

import pytest
import yaml

import reconciler

WORKFLOWS = ".github/workflows"
ACTION = ".github/actions/reconcile"
WHEEL = f".github/reconciler/subscription_reconciler-{reconciler.__version__}-py3-none-any.whl"
SOURCE = f"acme/tool@{'a' * 40}"
SELLER = '      seller-fr: {refreshToken: "env:SELLER_FR_REFRESH_TOKEN"}\n'
SHOP = """
  second-app:
    service: sp-api
    region: na
    credentials: {clientId: "env:SECOND_ID", clientSecret: "env:SECOND_SECRET"}
    sellers: {seller-us: {refreshToken: "env:SELLER_US_REFRESH_TOKEN"}}
"""


@pytest.fixture(autouse=True)
def _outside_of_github(monkeypatch):
    for name in ("GITHUB_REPOSITORY", "GITHUB_REPOSITORY_ID", "GITHUB_REPOSITORY_OWNER_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())


@pytest.fixture
def started(cli, tmp_path):
    """Start a repository with one SP-API account; return its directory."""
    folder = tmp_path / "acme-shop"
    assert cli("init", folder, "--service", "aws", "--service", "sp-api").code == 0
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def declare(folder, *, replacing="", by=""):
    head = folder / "subscriptions/reconciler.yaml"
    text = head.read_text()
    head.write_text(text.replace(replacing, by) if replacing else text + by)


def workflow(folder, name):
    return folder / WORKFLOWS / f"{name}.yml"


def passed_on(folder, name):
    """Return the names that each step with credentials gets."""
    loaded = yaml.safe_load(workflow(folder, name).read_bytes())
    variables = [step.get("env", {}) for job in loaded["jobs"].values() for step in job["steps"]]
    return [
        {key for key, value in found.items() if value == f"${{{{ secrets.{key} }}}}"}
        for found in variables
        if "RECONCILER_CREDENTIALS" in found
    ]


def changed(before, after):
    return sorted(path for path in before.keys() | after if before.get(path) != after.get(path))


def edit(file, old, new):
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new).encode())


def test_a_new_seller_and_a_new_account_reach_every_step_that_needs_them(cli, started):
    declare(started, replacing="    sellers:\n", by=f"    sellers:\n{SELLER}")
    declare(started, by=SHOP)
    before = contents(started)
    ended = cli("init", started)
    assert (ended.code, ended.err) == (0, "")
    assert changed(before, contents(started)) == [
        f"{WORKFLOWS}/apply.yml",
        f"{WORKFLOWS}/drift.yml",
    ]
    wanted = {
        "RECONCILER_CREDENTIALS",
        "LWA_CLIENT_ID",
        "LWA_CLIENT_SECRET",
        "SECOND_ID",
        "SECOND_SECRET",
        "SELLER_DE_REFRESH_TOKEN",
        "SELLER_FR_REFRESH_TOKEN",
        "SELLER_US_REFRESH_TOKEN",
    }
    assert passed_on(started, "apply") == [wanted] * 3
    assert passed_on(started, "drift") == [wanted] * 2  # one to look for drift, one for silence
    told = ended.told.partition("Changed: ")[2].partition("Kept")[0]
    added = "passes on: SECOND_ID, SECOND_SECRET, SELLER_FR_REFRESH_TOKEN, SELLER_US_REFRESH_TOKEN"
    for name in ("apply", "drift"):
        assert f"{workflow(started, name)} {added} " in told
    again = contents(started)
    assert "Changed:" not in cli("init", started).out
    assert contents(started) == again


def test_what_it_writes_is_what_it_would_write_anew(cli, started, tmp_path):
    declare(started, by=SHOP)
    cli("init", started)
    other = tmp_path / "other"
    (other / "subscriptions").mkdir(parents=True)
    for file in (started / "subscriptions").iterdir():
        (other / "subscriptions" / file.name).write_bytes(file.read_bytes())
    cli("init", other)
    assert contents(other) == contents(started)


def test_a_secret_that_is_declared_no_longer_is_passed_on_no_longer_and_that_is_told(cli, started):
    declare(started, replacing="env:LWA_CLIENT_SECRET", by="file:secret")
    ended = cli("init", started)
    assert ended.out.count("    no longer passes on: LWA_CLIENT_SECRET\n") == 2
    for found in [*passed_on(started, "apply"), *passed_on(started, "drift")]:
        assert found == {"RECONCILER_CREDENTIALS", "LWA_CLIENT_ID", "SELLER_DE_REFRESH_TOKEN"}


def test_what_people_changed_in_a_workflow_stays(cli, started):
    apply = workflow(started, "apply")
    edit(apply, "runs-on: ubuntu-24.04", "runs-on: [self-hosted, linux] # ours")
    edit(apply, "LWA_CLIENT_ID: ${{ secrets.LWA_CLIENT_ID }}", "LWA_CLIENT_ID: ${{ secrets.X }}")
    edit(apply, "branches: [main]", "branches: [trunk]")
    before = apply.read_text()
    declare(started, by=SHOP)
    assert cli("init", started).code == 0
    added = re.compile(r"^ +(SECOND_\w+|SELLER_US_\w+): \$\{\{ secrets\.\1 \}\}\n", re.MULTILINE)
    assert len(added.findall(apply.read_text())) == 9
    assert added.sub("", apply.read_text()) == before


def test_files_with_the_line_endings_of_windows_keep_them(cli, started):
    drift = workflow(started, "drift")
    drift.write_bytes(drift.read_bytes().replace(b"\n", b"\r\n"))
    declare(started, by=SHOP)
    cli("init", started)
    assert b"SECOND_ID: ${{ secrets.SECOND_ID }}\r\n" in drift.read_bytes()
    assert drift.read_bytes().count(b"\n") == drift.read_bytes().count(b"\r\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# credentials: end", "# the end"),
        ("# credentials: begin", "# the beginning"),
        ("# credentials: begin", "# credentials: begin\n          # credentials: begin"),
    ],
)
def test_markers_that_are_no_pairs_end_it_with_their_place_and_nothing_is_written(
    cli, started, old, new
):
    drift = workflow(started, "drift")
    edit(drift, old, new)
    declare(started, by=SHOP)
    (started / WORKFLOWS / "plan.yml").unlink()
    before = contents(started)
    ended = cli("init", started)
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(
        rf"error: {re.escape(str(drift))}:\d+: this marker has no partner: .*; nothing was written",
        ended.err.strip(),
    )
    assert contents(started) == before


def test_a_workflow_without_markers_is_left_alone_and_told_of(cli, started):
    drift = workflow(started, "drift")
    lines = drift.read_text().splitlines(keepends=True)
    drift.write_text("".join(line for line in lines if "# credentials:" not in line))
    assert cli("init", started).err == ""
    before = drift.read_text()
    declare(started, by=SHOP)
    ended = cli("init", started)
    assert ended.code == 0
    assert drift.read_text() == before
    assert f"{WORKFLOWS}/drift.yml has no markers for credentials" in ended.err
    assert "SECOND_ID, SECOND_SECRET, SELLER_US_REFRESH_TOKEN" in ended.err
    assert all("SECOND_ID" in found for found in passed_on(started, "apply"))


def test_workflows_that_call_those_of_another_repository_are_left_alone(cli, started):
    shutil.rmtree(started / ".github")
    for name in ("apply", "drift", "plan"):
        workflow(started, name).parent.mkdir(parents=True, exist_ok=True)
        called = f"acme/tool/.github/workflows/{name}.yml@{'a' * 40}"
        workflow(started, name).write_text(f"jobs:\n  {name}:\n    uses: {called}\n")
    before = contents(started)
    ended = cli("init", started)
    assert (ended.code, ended.err) == (0, "")
    assert contents(started) == before


def test_a_workflow_that_is_no_text_is_one_sentence(cli, started):
    workflow(started, "plan").write_bytes(b"\xff\xfe")
    before = contents(started)
    ended = cli("init", started)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"error: {workflow(started, 'plan')} is not UTF-8: nothing was written\n"
    assert contents(started) == before


def test_names_that_the_workflows_need_themselves_are_told_and_left_out(cli, started):
    declare(started, replacing="env:LWA_CLIENT_ID", by="env:EXPECT")
    declare(started, replacing="env:LWA_CLIENT_SECRET", by="env:lwa")
    declare(started, by=SHOP.replace("SECOND_ID", "LWA"))
    ended = cli("init", started)
    assert ended.code == 0
    assert "env:EXPECT cannot reach the workflows, which use that name" in ended.err
    assert "GitHub keeps one secret for env:LWA and env:lwa" in ended.err
    assert "secrets.EXPECT" not in workflow(started, "apply").read_text()
    for found in passed_on(started, "apply"):
        assert {"LWA", "lwa"} <= found


# the tool


def test_a_named_commit_is_called_and_nothing_of_the_tool_is_in_the_repository(cli, tmp_path):
    assert cli("init", tmp_path, "--tool", SOURCE).code == 0
    used = [
        line.strip().removeprefix("uses: ")
        for file in (tmp_path / WORKFLOWS).iterdir()
        for line in file.read_text().splitlines()
        if "actions/reconcile" in line
    ]
    assert used == [f"acme/tool/{ACTION}@{'a' * 40}"] * 6
    assert {path for path in contents(tmp_path) if path.startswith(".github")} == {
        f"{WORKFLOWS}/{name}.yml" for name in ("apply", "drift", "plan")
    }


def test_given_again_the_tool_changes_in_the_workflows_that_are_there(cli, started):
    edit(workflow(started, "plan"), "ubuntu-24.04", "self-hosted")
    before = contents(started)
    ended = cli("init", started, "--tool", SOURCE)
    assert ended.told.count(f" calls: acme/tool/{ACTION}@{'a' * 40} ") == 3
    assert ".github/reconciler and .github/actions/reconcile/action.yml are used no" in ended.err
    after = contents(started)
    assert changed(before, after) == [
        f"{WORKFLOWS}/{name}.yml" for name in ("apply", "drift", "plan")
    ]
    for path in changed(before, after):
        here = before[path].decode().replace("$/", "acme/tool/")
        assert after[path].decode().replace(f"@{'a' * 40}", "") == here


def test_without_it_the_workflows_go_on_with_the_tool_they_have(cli, tmp_path):
    cli("init", tmp_path, "--tool", SOURCE)
    workflow(tmp_path, "drift").unlink()
    assert cli("init", tmp_path).code == 0
    assert f"acme/tool/{ACTION}@{'a' * 40}\n" in workflow(tmp_path, "drift").read_text()
    assert not (tmp_path / ".github/reconciler").exists()


def test_an_older_wheel_stays_until_it_is_asked_for_a_new_one(cli, started):
    old = WHEEL.replace(reconciler.__version__, "0.0.1")
    (started / WHEEL).rename(started / old)
    requirements = started / ".github/reconciler/requirements.txt"
    edit(requirements, f"-{reconciler.__version__}-py3", "-0.0.1-py3")
    edit(started / ACTION / "action.yml", "Set up Python", "Set up our Python")
    before = contents(started)
    ended = cli("init", started)
    assert contents(started) == before
    assert f"the workflows run version 0.0.1, this is {reconciler.__version__}" in ended.err

    renewed = cli("init", started, "--tool", "vendored")
    assert (renewed.code, renewed.err) == (0, "")
    assert f"Removed:\n  {started / old}\n" in renewed.out
    assert changed(before, contents(started)) == sorted(
        [f"{ACTION}/action.yml", ".github/reconciler/requirements.txt", WHEEL, old]
    )
    cli("init", started.parent / "fresh", "--service", "aws", "--service", "sp-api")
    fresh = contents(started.parent / "fresh")
    assert {path: fresh[path] for path in fresh if path.startswith(".github")} == {
        path: content for path, content in contents(started).items() if path.startswith(".github")
    }


def test_an_action_of_another_version_stays_and_is_told_of_whatever_ends_its_lines(cli, started):
    action = started / ACTION / "action.yml"
    action.write_bytes(action.read_bytes().replace(b"\n", b"\r\n"))
    assert cli("init", started).err == ""
    edit(action, "--no-deps", "")
    before = contents(started)
    ended = cli("init", started)
    assert contents(started) == before
    assert "action.yml is not the one of this version" in ended.err
    assert cli("init", started, "--tool", "vendored").err == ""
    assert cli("init", started).err == ""


def test_requirements_whose_wheel_is_missing_are_told_of(cli, started):
    (started / WHEEL).unlink()
    ended = cli("init", started)
    assert f"requirements.txt names {WHEEL}, which is not there" in ended.err
    assert not (started / WHEEL).exists()
    (started / ".github/reconciler/requirements.txt").write_text("boto3==1\n")
    assert "names no wheel of the tool" in cli("init", started).err
    cli("init", started, "--tool", "vendored")
    assert (started / WHEEL).exists()
    assert cli("init", started).err == ""


def test_a_wheel_that_git_ignores_is_told_of(cli, tmp_path):
    subprocess.run(["git", "-C", str(tmp_path), "init", "--quiet"], check=True)
    (tmp_path / ".gitignore").write_text("*.whl\n")
    ended = cli("init", tmp_path)
    assert f"git ignores {tmp_path / WHEEL}" in ended.err


def test_nothing_installs_the_tool_by_its_name(cli, started):
    for path, content in contents(started).items():
        if not path.endswith((".whl", "action.yml")):
            assert not re.search(rb"subscription[-_]reconciler *[=~<>]=", content), path


# the repository


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


def branches(folder):
    loaded = yaml.safe_load(workflow(folder, "apply").read_text().replace("\non:", "\ntriggers:"))
    return loaded["triggers"]["push"]["branches"]


def test_merges_are_applied_on_the_branch_that_the_repository_goes_by(cli, tmp_path):
    def again():
        shutil.rmtree(tmp_path / ".github", ignore_errors=True)
        assert cli("init", tmp_path).code == 0
        return branches(tmp_path)

    assert again() == ["main"]
    git(tmp_path, "init", "--quiet", "--initial-branch", "trunk")
    assert again() == ["trunk"]
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    assert again() == ["trunk"]
    git(tmp_path, "switch", "--quiet", "--create", "topic")
    assert again() == ["main"]
    git(tmp_path, "update-ref", "refs/remotes/origin/release/1.x", "HEAD")
    head = ("refs/remotes/origin/HEAD", "refs/remotes/origin/release/1.x")
    git(tmp_path, "symbolic-ref", *head)
    assert again() == ["release/1.x"]


def test_the_first_step_ends_with_another_run_and_the_later_ones_do_not(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = (" ".join(cli("init").out.split()) for _ in range(2))
    assert "Then run `reconciler init` again: what is described below follows" in first
    assert "Then run `reconciler init` again" not in second
    away = " ".join(cli("init", tmp_path / "a b", "--no-workflows").out.split())
    assert f"Then run `reconciler init '{tmp_path}/a b' --no-workflows` again" in away


# portable


def test_portable_workflows_hold_nothing_that_only_github_com_knows(cli, tmp_path):
    ended = cli("init", tmp_path, "--portable")
    assert ended.code == 0
    assert "on another server it is https://HOST/_services/token" in ended.err
    texts = {name: workflow(tmp_path, name).read_text() for name in ("apply", "drift", "plan")}
    for text in texts.values():
        assert not re.search(r"\bqueue: max|\bdeployment:|uses: \$/", text)
        assert "uses: ./.github/actions/reconcile # zizmor: ignore" in text
        versions = re.findall(r"upload-artifact@[0-9a-f]{40} # v(\d+)", text)
        assert set(versions) <= {"3"}
        assert "overwrite" not in text
    assert "upload-artifact" in texts["apply"]
    assert "Waiting runs are kept" not in texts["apply"]
    for name in ("apply", "drift"):
        concurrency = yaml.safe_load(texts[name])["concurrency"]
        assert concurrency.keys() == {"group", "cancel-in-progress"}
        assert concurrency["cancel-in-progress"] is False


def test_a_checkout_stands_before_the_action_that_it_brings(cli, tmp_path):
    cli("init", tmp_path, "--portable")
    for file in (tmp_path / WORKFLOWS).iterdir():
        for job in yaml.safe_load(file.read_text())["jobs"].values():
            used = [step.get("uses", "").partition("@")[0] for step in job["steps"]]
            assert used.index("actions/checkout") < used.index("./.github/actions/reconcile")


def test_what_is_portable_stays_so_and_what_is_not_is_told(cli, started, tmp_path):
    ended = cli("init", started, "--portable")
    told = "apply.yml was kept and has what only github.com knows: concurrency.queue, environment"
    assert told in ended.err
    other = tmp_path / "other"
    cli("init", other, "--portable")
    before = contents(other)
    workflow(other, "apply").unlink()
    assert cli("init", other).err == ""
    assert cli("init", other, "--tool", "vendored").err == ""
    assert contents(other) == before


# empty


def test_an_empty_start_has_accounts_and_no_objects_and_plans(cli, tmp_path, sandbox):
    services = [
        word for name in ("aws", "sp-api", "merchant", "mws") for word in ("--service", name)
    ]
    ended = cli("init", tmp_path, "--empty", *services)
    assert ended.code == 0
    assert {path for path in contents(tmp_path) if path.startswith("subscriptions")} == {
        "subscriptions/.schema.json",
        "subscriptions/reconciler.yaml",
    }
    declared, there = tmp_path / "subscriptions", ("--sandbox", sandbox.url)
    assert cli("validate", declared).out.endswith("Valid: 0 objects declared.\n")
    assert cli("plan", declared, *there).code == 0
    assert f"reconciler export {declared} --out {declared}" in " ".join(ended.out.split())
    assert cli("export", declared, "--out", declared, *there).code == 0


def test_an_empty_start_is_for_what_exists_already(cli, tmp_path, sandbox):
    full, empty, there = tmp_path / "full", tmp_path / "empty", ("--sandbox", sandbox.url)
    options = ("--stack", "acme", "--service", "aws", "--service", "sp-api", "--no-workflows")
    cli("init", full, *options)
    cli("apply", full / "subscriptions", "--yes", *there)
    cli("init", empty, "--empty", *options[2:], "--stack", "other")
    declared = empty / "subscriptions"
    assert cli("export", declared, "--out", declared, *there).code == 0
    assert cli("validate", declared).code == 0


@pytest.mark.parametrize("option", [["--portable"], ["--tool", SOURCE]])
def test_without_workflows_options_about_them_are_said_to_change_nothing(cli, tmp_path, option):
    ended = cli("init", tmp_path, "--no-workflows", *option)
    assert ended.code == 0
    assert "without workflows --tool and --portable change nothing" in ended.err
    assert not (tmp_path / ".github").exists()
