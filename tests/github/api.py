"""A loopback stand-in of the parts of GitHub's REST API that `--github` speaks, for tests.

It is written from GitHub's documentation and imports nothing of ours. What it enforces: tokens,
authors, rights, pages with Link headers, the limit of 65,536 characters a body, issues and pull
requests in one list, archives on another host that must be fetched without credentials. With
a `prefix` it is GitHub Enterprise Server, which has its API below `/api/v3`.

    with GithubApi() as api:
        api.pull_request(7)
        ... GITHUB_API_URL=api.url GITHUB_TOKEN=api.ACTIONS ...
        assert api.comments(7)[0]["body"]
"""

import io
import re
import threading
import zipfile
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from tests.github.api_pulls import NEW, PullRequests, user_of
from tests.github.api_wire import Api, Archives, Refused, Server

LIMIT = 65_536
FIRST, HEAD = "0" * 40, "a" * 40


@dataclass(frozen=True)
class Identity:
    """Who a token speaks for. `app`: an installation's token, which has no user of its own.

    `lacks` are permissions that it was not given, as GitHub calls them (`issues`).
    """

    login: str
    app: bool = True
    writes: bool = True
    lacks: tuple = ()

    @property
    def user(self):
        return user_of(self.login)

    @property
    def via(self):
        """What `performed_via_github_app` says of whatever it writes."""
        slug = self.login.removesuffix("[bot]")
        return {"id": 15368, "slug": slug} if self.app else None


class Call(NamedTuple):
    """One request that arrived."""

    method: str
    path: str
    query: dict


class GithubApi(PullRequests):
    """The API on one free port of 127.0.0.1 and the archives on another; a context manager.

    Everything it holds may be read and changed directly between calls: `issues` by number (pull
    requests among them), `artifacts`, `runs`, `tokens`, `faults` (statuses to answer with next, by
    method and a pattern of the path). `history` are the commits of the default branch, oldest
    first, with the files that each changed; `elsewhere` are commits of other branches and tags.
    `calls` is what arrived.
    """

    ACTIONS = "ghs_actions-token-0123456789"
    READ_ONLY = "ghs_read-only-token-0123456789"
    PERSON = "ghp_persons-token-0123456789"

    def __init__(
        self, repository="acme/notifications", *, repository_id=4711, branch="main", prefix=""
    ):
        self.repository = repository
        self.prefix = prefix
        self.repository_id = repository_id
        self.branch = branch
        self.tokens = {
            self.ACTIONS: Identity("github-actions[bot]"),
            self.READ_ONLY: Identity("github-actions[bot]", writes=False),
            self.PERSON: Identity("octo-reconciler", app=False),
        }
        self.issues = {}
        self.pulls = {}
        self.history = {FIRST: [], HEAD: ["README.md"]}
        self.elsewhere = set()
        self.runs = {}
        self.artifacts = []
        self.archives = {}
        self.faults = []
        self.calls = []
        self.leaks = []
        self.lock = threading.RLock()
        self._comments = {}
        self._ids = iter(range(1001, 1_000_000))
        self._servers = []

    def __enter__(self):
        self._servers = [Server(self, Api), Server(self, Archives)]
        return self

    def __exit__(self, *_exception):
        for server in self._servers:
            server.stop()

    @property
    def url(self):
        """The value for GITHUB_API_URL."""
        return self._servers[0].url + self.prefix

    @property
    def site(self):
        """The value for GITHUB_SERVER_URL."""
        return self._servers[0].url if self.prefix else "https://github.com"

    @property
    def head(self):
        """The newest commit of the default branch."""
        return list(self.history)[-1]

    # what a test sets up and looks at

    def number_from(self, first):
        """Give whatever is made from now on numbers from this one on."""
        self._ids = iter(range(first, 1_000_000))

    def push(self, *files):
        """Push a commit that changes files to the default branch and return it."""
        commit = f"{len(self.history):040x}"
        self.history[commit] = list(files)
        return commit

    def issue(self, login, title, body="", *, number=None, state="open", **more):
        """Open an issue as `login` and return it."""
        with self.lock:
            number = number or max([0, *self.issues]) + 1
            kind = "pull" if "pull_request" in more else "issues"
            self.issues[number] = {
                "number": number,
                "id": next(self._ids),
                "title": title,
                "body": body,
                "state": state,
                "state_reason": None,
                "user": user_of(login),
                "performed_via_github_app": None,
                "url": f"{self.url}/repos/{self.repository}/issues/{number}",
                "html_url": f"{self.site}/{self.repository}/{kind}/{number}",
                **more,
            }
            return self.issues[number]

    def comment(self, number, login, body):
        """Comment on an issue or pull request as `login` and return the comment."""
        with self.lock:
            comment = {"id": next(self._ids), "body": body, "user": user_of(login)}
            comment["performed_via_github_app"] = None
            comment["url"] = f"{self.url}/repos/{self.repository}/issues/comments/{comment['id']}"
            self._comments.setdefault(number, []).append(comment)
            return comment

    def comments(self, number):
        """Return the comments of an issue or pull request, oldest first."""
        return self._comments.get(number, [])

    def run(self, **facts):
        """Add a run of a workflow, the drift workflow by its schedule unless told; return it."""
        number = next(self._ids)
        self.runs[number] = {
            "id": number,
            "path": ".github/workflows/drift.yml",
            "event": "schedule",
            "head_branch": self.branch,
            "head_sha": self.head,
            "head_repository": {"id": self.repository_id, "full_name": self.repository},
            "repository": {"id": self.repository_id, "full_name": self.repository},
            "status": "completed",
            "conclusion": "success",
            "referenced_workflows": [],
            "url": f"{self.url}/repos/{self.repository}/actions/runs/{number}",
            **facts,
        }
        return self.runs[number]

    def artifact(self, content, *, name="reconciler-snapshot", files=None, archive=None, **more):
        """Add an artifact with one `snapshot.json`, or with `files`, or any `archive`.

        It is of a `run` with these facts, as `run()` takes them.
        """
        with self.lock:
            made = self.run(**more.pop("run", {}))
            number = next(self._ids)
            self.archives[number] = archive or zipped(files or {"snapshot.json": content})
            run = {
                "id": made["id"],
                "repository_id": self.repository_id,
                "head_repository_id": (made["head_repository"] or {"id": 0})["id"],
                "head_branch": made["head_branch"],
                "head_sha": made["head_sha"],
            }
            self.artifacts.append(
                {
                    "id": number,
                    "name": name,
                    "size_in_bytes": len(self.archives[number]),
                    "url": f"{self.url}/repos/{self.repository}/actions/artifacts/{number}",
                    "archive_download_url": f"{self.url}/repos/{self.repository}"
                    f"/actions/artifacts/{number}/zip",
                    "expired": False,
                    "created_at": NEW,
                    "workflow_run": run,
                    **more,
                }
            )
            return self.artifacts[-1]

    def fault(self, status, method="*", path=".*", message="Server Error", times=1):
        """Answer the next `times` requests that match with `status` instead."""
        self.faults.append([times, method, path, status, message])

    def writes(self):
        """Return the calls that would change something, as `METHOD path`, in order."""
        return [f"{call.method} {call.path}" for call in self.calls if call.method != "GET"]

    # what requests lead to

    def answer(self, method, path, query, body, authorization):
        """Return status, headers and what to send for one request to the API."""
        with self.lock:
            self.calls.append(Call(method, path, query))
            self._fail(method, path)
            identity = self._identity(authorization)
            for verb, pattern, act in self._routes():
                found = re.fullmatch(pattern, path)
                if verb == method and found:
                    self._allow(identity, method, path)
                    return act(identity, query, body, *map(_read, found.groups()))
            raise Refused(404, "Not Found")

    def _allow(self, identity, method, path):
        """Refuse what the token was not given; comments on a pull request need either right."""
        number = re.search(r"/issues/(\d+)", path)
        found = self.issues.get(int(number[1]), {}) if number else {}
        needed = {"pulls": ("pull_requests",), "issues": ("issues",)}.get(path.split("/")[-1], ())
        if "/issues/" in path:
            pull = "pull_request" in found or "/issues/comments/" in path
            needed = ("issues", "pull_requests") if pull else ("issues",)
        elif "/pulls/" in path:
            needed = ("pull_requests",)
        lacking = needed and all(right in identity.lacks for right in needed)
        if lacking or (method != "GET" and not identity.writes):
            raise Refused(403, "Resource not accessible by integration")

    def _fail(self, method, path):
        for fault in self.faults:
            times, verb, pattern, status, message = fault
            if times and verb in ("*", method) and re.fullmatch(pattern, path):
                fault[0] -= 1
                raise Refused(status, message)

    def _identity(self, authorization):
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() not in ("token", "bearer") or token not in self.tokens:
            raise Refused(401, "Bad credentials")
        return self.tokens[token]

    def _routes(self):
        here = f"{self.prefix}/repos/{re.escape(self.repository)}"
        return [
            ("GET", f"{self.prefix}/user", self._user),
            ("GET", f"{here}/pulls", self._pulls),
            ("GET", rf"{here}/pulls/(\d+)", self._pull),
            ("GET", rf"{here}/pulls/(\d+)/files", self._files),
            ("GET", rf"{here}/commits/([^/]+)/pulls", self._pulls_with),
            ("GET", here, self._repository),
            ("GET", f"{here}/issues", self._issues),
            ("POST", f"{here}/issues", self._open),
            ("PATCH", rf"{here}/issues/(\d+)", self._edit),
            ("GET", rf"{here}/issues/(\d+)/comments", self._list_comments),
            ("POST", rf"{here}/issues/(\d+)/comments", self._comment),
            ("PATCH", rf"{here}/issues/comments/(\d+)", self._edit_comment),
            ("GET", rf"{here}/branches/([^/]+)", self._branch),
            ("GET", rf"{here}/compare/([^/]+)\.\.\.([^/]+)", self._compare),
            ("GET", rf"{here}/actions/runs/(\d+)", self._run),
            ("GET", f"{here}/actions/artifacts", self._artifacts),
            ("GET", rf"{here}/actions/artifacts/(\d+)/zip", self._archive),
        ]

    def _user(self, identity, _query, _body):
        if identity.app:
            raise Refused(403, "Resource not accessible by integration")
        return 200, {}, {**identity.user, "url": f"{self.url}/users/{identity.login}"}

    def _repository(self, _identity, _query, _body):
        facts = {"id": self.repository_id, "full_name": self.repository}
        url = f"{self.url}/repos/{self.repository}"
        return 200, {}, {**facts, "default_branch": self.branch, "url": url}

    def _branch(self, _identity, _query, _body, name):
        if name != self.branch:
            raise Refused(404, "Branch not found")
        commit = {
            "sha": self.head,
            "url": f"{self.url}/repos/{self.repository}/commits/{self.head}",
        }
        return 200, {}, {"name": name, "commit": commit, "protected": True}

    def _compare(self, _identity, query, _body, base, head):
        commits = list(self.history)
        known = {*commits, *self.elsewhere}
        if base not in known or head not in known:
            raise Refused(404, "Not Found")
        if base not in commits or head not in commits:
            return 200, {}, {"status": "diverged", "files": [], "commits": [], "total_commits": 1}
        here, there = commits.index(base), commits.index(head)
        words = {0: "identical", 1: "ahead", -1: "behind"}
        changed = [
            name for commit in commits[here + 1 : there + 1] for name in self.history[commit]
        ]
        renamed = [name.split(" -> ") for name in dict.fromkeys(changed)]
        files = [
            {"filename": names[-1], "status": "modified"}
            | ({"previous_filename": names[0]} if len(names) > 1 else {})
            for names in renamed
        ]
        later = [{"sha": commit} for commit in commits[here + 1 : there + 1]]
        answer = {
            "status": words[(there > here) - (there < here)],
            "files": files[:300] if query.get("page", "1") == "1" else [],
            "commits": later[: int(query.get("per_page", 250))],
            "total_commits": len(later),
        }
        return 200, {}, answer

    def _run(self, _identity, _query, _body, number):
        if number not in self.runs:
            raise Refused(404, "Not Found")
        return 200, {}, self.runs[number]

    def _issues(self, _identity, query, _body):
        wanted, creator = query.get("state", "open"), query.get("creator")
        found = [
            issue
            for issue in sorted(self.issues.values(), key=lambda issue: -issue["number"])
            if wanted in ("all", issue["state"]) and creator in (None, issue["user"]["login"])
        ]
        return self._paged(f"/repos/{self.repository}/issues", query, found)

    def _open(self, identity, _query, body):
        self._check(body)
        made = self.issue(identity.login, body["title"], body.get("body", ""))
        return 201, {}, made | {"performed_via_github_app": identity.via}

    def _edit(self, _identity, _query, body, number):
        self._check(body)
        issue = self._found(number)
        issue.update(body)
        return 200, {}, issue

    def _list_comments(self, _identity, query, _body, number):
        self._found(number)
        path = f"/repos/{self.repository}/issues/{number}/comments"
        return self._paged(path, query, self.comments(number))

    def _comment(self, identity, _query, body, number):
        self._check(body)
        self._found(number)
        made = self.comment(number, identity.login, body["body"])
        made["performed_via_github_app"] = identity.via
        return 201, {}, made

    def _edit_comment(self, _identity, _query, body, number):
        self._check(body)
        for comments in self._comments.values():
            for comment in comments:
                if comment["id"] == number:
                    comment.update(body)
                    return 200, {}, comment
        raise Refused(404, "Not Found")

    def _artifacts(self, _identity, query, _body):
        name = query.get("name")
        found = [item for item in self.artifacts if name in (None, item["name"])]
        status, headers, page = self._paged(
            f"/repos/{self.repository}/actions/artifacts", query, found
        )
        return status, headers, {"total_count": len(found), "artifacts": page}

    def _archive(self, _identity, _query, _body, number):
        if number not in self.archives:
            raise Refused(410, "Artifact has expired")
        return 302, {"Location": f"{self._servers[1].url}/archives/{number}?sig=secret"}, None

    def _found(self, number):
        if number not in self.issues:
            raise Refused(404, "Not Found")
        return self.issues[number]

    def _check(self, body):
        text = body.get("body") or ""
        if len(text) > LIMIT:
            message = f"body is too long (maximum is {LIMIT} characters)"
            error = {"resource": "IssueComment", "code": "unprocessable", "message": message}
            raise Refused(422, "Validation Failed", errors=[error])

    def _paged(self, path, query, items):
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        last = max(1, -(-len(items) // size))
        links = {"prev": page - 1, "next": page + 1, "first": 1, "last": last}
        shown = [
            f'<{self.url}{path}?{urlencode({**query, "page": number})}>; rel="{name}"'
            for name, number in links.items()
            if 1 <= number <= last and number != page
        ]
        headers = {"Link": ", ".join(shown)} if shown else {}
        return 200, headers, items[(page - 1) * size : page * size]


def _read(part):
    return int(part) if part.isdecimal() and len(part) < 40 else part


def zipped(files):
    """Return a zip archive of `files` by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
