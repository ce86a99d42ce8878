"""A repository with the workflows in it, the services it declares, and GitHub around it."""

import os
from types import SimpleNamespace

from tests.github.runner import Runner
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS, HEAD, MERCHANT, queues, subscriptions

SNAPSHOT = "reconciler-snapshot"
REPORT = "reconciler-report"
FILES = {"result": "result.json"}
LEFT = "left/result.json"
FIRST = queues(offers="visibilityTimeout: 2m") + subscriptions(
    own="account: shop, registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '5678', "
    "callBackUri: https://hooks.example.com/own"
)
SECOND = FIRST.replace("2m", "5m")


def needed(job):
    """Return what the context `needs` holds of a job."""
    ended = "success" if getattr(job, "ok", True) else "failure"
    result = ended if getattr(job, "ran", True) else "skipped"
    return {"outputs": job.outputs, "result": result}


class Repository:
    """Declares, opens pull requests, merges, and runs the jobs that GitHub then would run.

    `variables` and `inputs` are those of the next runs. Their uploads become artifacts of `api`.
    """

    def __init__(self, folder, sandbox, api, path):
        self.api, self.sandbox = api, sandbox
        self.folder = folder / "workspace"
        self.declared = self.folder / "subscriptions"
        self.declared.mkdir(parents=True)
        (folder / "temporary").mkdir()
        self.variables, self.inputs = {}, {}
        self._at = 0
        self._runner = Runner(
            self.folder,
            folder / "temporary",
            {
                "PATH": f"{path}:{os.environ['PATH']}",
                "HOME": str(folder),
                "RECONCILER_SANDBOX": sandbox.url,
                "GITHUB_API_URL": api.url,
                "GITHUB_SERVER_URL": "https://github.com",
            },
        )

    def declare(self, text, head=HEAD):
        (self.declared / "world.yaml").write_text(head + AWS + MERCHANT + text, encoding="utf-8")

    def run(self, workflow, job, event="push", *, needs=None, **payload):
        for name in ("snapshot.json", "previous.json", "journal.jsonl", "result.json", LEFT):
            (self._runner.temporary / name).unlink(missing_ok=True)
        commit = payload.pop("commit", self.api.head)
        github = {
            "repository": self.api.repository,
            "repository_id": self.api.repository_id,
            "event_name": event,
            "ref": payload.pop("ref", "refs/heads/main"),
            "sha": commit,
            "run_id": "77",
            "run_attempt": payload.pop("attempt", "1"),
            "token": payload.pop("token", self.api.ACTIONS),
            "event": {
                "repository": {"full_name": self.api.repository, "default_branch": "main"},
                **payload,
            },
        }
        ran = self._runner.run(
            workflow,
            job,
            github=github,
            vars=self.variables,
            secrets={},
            inputs=self.inputs,
            needs={name: needed(job) for name, job in (needs or {}).items()},
        )
        for name, content in ran.uploads.items():
            self._at += 1
            file = FILES.get(name.rpartition(".")[2]) or (
                "snapshot.json" if SNAPSHOT in name else "journal.jsonl"
            )
            self._runner.artifacts[name] = {file: content}
            created = f"2026-11-21T12:{self._at:02d}:00Z"
            made = {"path": f".github/workflows/{workflow}.yml", "event": event, "head_sha": commit}
            self.api.artifact(None, name=name, files={file: content}, created_at=created, run=made)
        return ran

    def pull_request(self, job="plan", number=7, fork=False, commit="b" * 40, files=None):
        if number not in self.api.issues:
            self.api.pull_request(number, files=files)
        head = {"repo": {"full_name": "stranger/fork" if fork else self.api.repository}}
        head["sha"] = commit
        token = self.api.READ_ONLY if fork else self.api.ACTIONS
        event = {"number": number, "pull_request": {"number": number, "head": head}}
        event["commit"] = "c" * 40  # the trial merge
        return self.run("plan", job, "pull_request", ref="refs/pull/7/merge", token=token, **event)

    def merge(self, event="push", **facts):
        """Run all jobs of the workflow `apply`; `apply` is None where it was not due."""
        self._runner.artifacts.clear()
        plan = self.run("apply", "plan", event, **facts)
        applied = None
        if plan.ran and plan.ok:
            applied = self.run("apply", "apply", event, needs={"plan": plan}, **facts)
        jobs = {"plan": plan, "apply": applied or SimpleNamespace(ran=False, ok=True, outputs={})}
        report = self.run("apply", "report", event, needs=jobs, **facts)
        return SimpleNamespace(plan=plan, apply=applied, report=report)

    def drift(self, event="schedule"):
        return self.run("drift", "drift", event)

    def comments(self):
        return [comment["body"] for comment in self.api.comments(7)]

    def drift_issues(self):
        return [issue for issue in self.api.issues.values() if "pull_request" not in issue]

    def visibility(self):
        aws = AwsAccount(self.sandbox.url)
        try:
            return aws.read(aws.sqs.get_queue_url(QueueName="offers")["QueueUrl"])[
                "VisibilityTimeout"
            ]
        finally:
            aws.close()

    def meddle(self, seconds):
        aws = AwsAccount(self.sandbox.url)
        url = aws.sqs.get_queue_url(QueueName="offers")["QueueUrl"]
        aws.write(url, VisibilityTimeout=seconds)
        aws.close()
