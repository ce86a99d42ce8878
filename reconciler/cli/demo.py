"""The whole story on the bundled declarations, against an embedded sandbox.

Every command shown is run by the same code that the command line runs; only the sandbox stands in
for the services.
"""

import json
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.cli import exits
from reconciler.cli.sandboxing import make
from reconciler.cli.screens import screen_of
from reconciler.cli.state import State
from reconciler.core.model.errors import SettingsError
from reconciler.reports.lines import Screen, line, rule, written

Invoke = Callable[[list[str]], int]
AWS_ACCOUNT = "123456789012"
LATENCY = 0.35


class UnexpectedEnd(Exception):
    """A command of the story ended otherwise than it should."""


def tell(state: State, invoke: Invoke) -> int:
    """Run the story; return 0 if every command ended as the story says.

    `invoke` runs a command line and returns its exit code.
    """
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder:
        declared = Path(folder) / "subscriptions"
        shutil.copytree(bundled(), declared)
        sandbox = make()
        sandbox.start()
        try:
            _Story(declared, sandbox.url, invoke).run()
        except UnexpectedEnd as error:
            state.say(f"error: {error}")
            return exits.ERROR
        finally:
            sandbox.stop()
    return exits.DONE


def bundled() -> Path:
    """Return the directory of the sample declarations, in a wheel or in a checkout.

    Raises:
        SettingsError: they are not there.
    """
    package = Path(__file__).parent.parent
    for place in (package / "sample", package.parent / "subscriptions"):
        if (place / "reconciler.yaml").is_file():
            return place
    raise SettingsError("the bundled subscriptions are missing: install the package again")


class _Story:
    """Tells and runs one step after the other."""

    def __init__(self, declared: Path, url: str, invoke: Invoke) -> None:
        self._invoke = invoke
        self._declared = declared
        self._url = url
        self._plan = str(declared.parent / "plan.json")
        self._number = 0
        self._screen = screen_of(sys.stdout, Screen())

    def run(self) -> None:
        self._say(
            "A day with the reconciler: declare, plan, apply, change, notice drift, put it right. "
            f"The services are played by a sandbox on this machine, {self._url}; nothing leaves it."
        )
        self._step("Check the declarations: no network, no credentials")
        self._command(exits.DONE, "validate")
        self._step("Ask what would be done to the empty services")
        self._command(exits.DONE, "plan", "--out", self._plan)
        self._step("Do what was planned, and at most that (the services answer slowly today)")
        self._set({"latencySeconds": LATENCY})
        self._command(exits.DONE, "apply", "--plan", self._plan, "--yes")
        self._set({"latencySeconds": 0})
        self._step("Plan again: nothing left to do")
        self._command(exits.DONE, "plan")
        self._change_call_back()
        self._meddle()
        self._step("Notice: drift exits with 2, so that a scheduled job can raise the alarm")
        self._command(exits.DIFFERENT, "drift")
        self._step("Put it right")
        self._command(exits.DONE, "apply", "--yes")
        self._command(exits.DONE, "drift")
        self._say("That is the whole story. The sandbox is stopped and nothing is left behind.")

    def _change_call_back(self) -> None:
        self._step("Change a callBackUri in YAML: the live subscription is patched, not replaced")
        file = self._declared / "merchant.yaml"
        text = file.read_text(encoding="utf-8")
        former, new = "merchant/own\n", "merchant/v2/own\n"
        self._note(f"merchant.yaml: callBackUri …/{former.strip()} becomes …/{new.strip()}")
        file.write_text(text.replace(former, new), encoding="utf-8")
        self._command(exits.DONE, "plan", "--out", self._plan)
        self._command(exits.DONE, "apply", "--plan", self._plan, "--yes")
        for call in self._control("calls")["calls"]:
            if call["method"] == "PATCH":
                self._note(f"on the wire: PATCH {call['path']}")
                mask, body = call["query"]["updateMask"], json.dumps(call["body"])
                self._note(f"with updateMask={mask}: {body}")

    def _meddle(self) -> None:
        self._step("Meanwhile somebody clicks in consoles: a queue changed, a subscription deleted")
        with self._console() as sqs:
            queue = sqs.get_queue_url(QueueName="acme-offers")["QueueUrl"]
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "5"})
        self._note("AWS console: acme-offers now has a visibility timeout of 5 seconds")
        subscription = self._control("state")["merchant"]["5678"][0]
        request = urllib.request.Request(  # noqa: S310 - our own loopback sandbox
            f"{self._url}/notifications/v1/{subscription['name']}", method="DELETE"
        )
        urllib.request.urlopen(request).close()  # noqa: S310 - our own loopback sandbox
        self._note(f"Merchant API: {subscription['name']} is gone")

    @contextmanager
    def _console(self) -> Iterator[Any]:
        import boto3

        client = boto3.client(
            "sqs",
            region_name="eu-west-1",
            endpoint_url=self._url,
            aws_access_key_id=AWS_ACCOUNT,
            aws_secret_access_key="console",  # noqa: S106 - opens the sandbox only
        )
        try:
            yield client
        finally:
            client.close()

    def _control(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self._url}/_sandbox/{what}") as answer:  # noqa: S310 - as above
            return json.load(answer)

    def _set(self, settings: dict[str, float]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own loopback sandbox
            f"{self._url}/_sandbox/settings", json.dumps(settings).encode(), method="PATCH"
        )
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request).close()  # noqa: S310 - our own loopback sandbox

    def _command(self, expected: int, name: str, *options: str) -> None:
        arguments = [name, str(self._declared), *options]
        if name != "validate":
            arguments += ["--sandbox", self._url]
        shown = " ".join(options).replace(self._plan, "plan.json")
        self._say(f"$ reconciler {name} subscriptions {shown}".rstrip(), "bold")
        sys.stdout.flush()
        code = self._invoke(arguments)
        sys.stdout.flush()
        if name == "drift" or code != expected:
            self._note(f"exit code {code}")
        if code != expected:
            raise UnexpectedEnd(
                f"`reconciler {name}` exited with {code}, the story says {expected}"
            )

    def _step(self, title: str) -> None:
        self._number += 1
        self._say("")
        self._say(rule(f"{self._number}. {title}", self._screen.width), "bold cyan")

    def _note(self, text: str) -> None:
        self._say(f"  » {text}", "cyan", hang=4)

    def _say(self, text: str, style: str = "", *, hang: int = 0) -> None:
        sys.stdout.write(written([line(text, style, hang=hang)], self._screen))
