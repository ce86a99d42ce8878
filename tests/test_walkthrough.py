"""The documented session, from an empty account to a fetched notification, runs as written."""

import doctest
import json
import re
import shlex
import urllib.request
from pathlib import Path

import pytest

from reconciler.cli.main import invoke
from reconciler.sandbox import Sandbox

DOCUMENT = Path(__file__).parents[1] / "docs" / "walkthrough.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
DEFAULT = "http://127.0.0.1:8765"
SESSION = "\n".join(re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL))
STEPS = re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", SESSION, re.MULTILINE)


@pytest.fixture
def served(tmp_path, monkeypatch):
    [declared] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "offers.yaml").write_text(declared)
    monkeypatch.chdir(tmp_path)
    with Sandbox() as sandbox:
        monkeypatch.setenv("RECONCILER_SANDBOX", sandbox.url)
        yield sandbox


def curl(options, url):
    """Do what the document does with curl: post a body."""
    body = options[options.index("-d") + 1].encode()
    with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
        return json.dumps(json.load(answer)) + "\n"


def test_the_walk_runs_as_written(served, capsys):
    assert len(STEPS) == 8
    checker = doctest.OutputChecker()
    for line, promised in STEPS:
        command, *options = shlex.split(line)
        if command == "curl":
            out = curl(options, options[-1].replace(DEFAULT, served.url))
        else:
            assert invoke(options) == 0, line
            out = capsys.readouterr().out
        wanted = promised.rstrip() + "\n" if promised.strip() else ""
        assert checker.check_output(wanted, out, doctest.ELLIPSIS), (line, out)


def test_the_broken_link_reads_as_the_document_says(served, capsys):
    import boto3

    assert invoke(["apply", "walk", "--yes"]) == 0
    session = boto3.session.Session("123456789012", "any", region_name="eu-west-1")
    sqs = session.client("sqs", endpoint_url=served.url)
    url = sqs.get_queue_url(QueueName="acme-walk-offers")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    sqs.close()
    capsys.readouterr()
    assert invoke(["verify", "walk"]) == 1
    [promised] = re.findall(r"^  ✗ unproven .*?(?= \.\.\.$)", TEXT, re.MULTILINE | re.DOTALL)
    assert promised in capsys.readouterr().out
