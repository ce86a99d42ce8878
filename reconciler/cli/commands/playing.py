"""sandbox and demo: try things out without any service.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import json
import shutil
import socket
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reconciler.cli import exits, garbage
from reconciler.cli.exits import Interrupted, Terminated
from reconciler.cli.screens import screen_of
from reconciler.cli.state import State, state_of, write_result
from reconciler.core.model.errors import SettingsError
from reconciler.reports.lines import Screen, line, rule, written

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

Invoke = Callable[[list[str]], int]
AWS_ACCOUNT = "123456789012"
LATENCY = 0.35


def sandbox(
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port on 127.0.0.1; 0: any.")
    ] = 8765,
) -> int:
    """Serve loopback stand-ins of all four services until stopped."""
    return serve(port)


def demo(context: typer.Context) -> int:
    """Run the whole story on bundled declarations and a sandbox."""
    state = state_of(context)
    return tell(state, state.invoke)


def make(port: int = 0) -> "Sandbox":
    """Return a sandbox that is not yet started.

    Raises:
        SettingsError: the extra `sandbox` is not installed.
    """
    try:
        from reconciler.sandbox import Sandbox
    except ImportError as error:
        raise SettingsError(
            f"the sandbox needs the package {error.name}, which is not installed: in a checkout of "
            "this tool, install what requirements/sandbox.txt pins"
        ) from error
    return Sandbox(port=port)


def serve(port: int) -> int:
    """Serve until interrupted."""
    garbage.often()
    sandbox = make(port)
    try:
        _try(port)
        sandbox.start()
    except (OSError, SystemExit) as error:
        # werkzeug ends the process where another would raise.
        why = getattr(error, "strerror", None) or "it cannot be listened to"
        raise SettingsError(
            f"port {port} cannot be used ({why}): choose another with --port, 0 for any free one"
        ) from error
    write_result(f"{sandbox.url}\n")
    sys.stderr.write(
        "Serving SQS, EventBridge, MWS, SP-API and Merchant stand-ins. Try, in another terminal:\n"
        f"  reconciler plan --sandbox {sandbox.url}\n"
        f"Controls: {sandbox.url}/_sandbox/  Stop with Ctrl-C.\n"
    )
    try:
        threading.Event().wait()
    except Terminated:
        return exits.TERMINATED
    except Interrupted:
        sys.stderr.write("stopped\n")
    finally:
        sandbox.stop()
    return 0


def _try(port: int) -> None:
    """Raise an OSError where a port cannot be listened to, of which werkzeug makes three lines."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


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
    package = Path(__file__).parents[2]
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
