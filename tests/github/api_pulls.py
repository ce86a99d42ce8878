"""The stand-in's pull requests: what they are, which files they change, which commit they made."""

from tests.github.api_wire import Refused

NEW = "2026-11-21T12:00:00Z"


def user_of(login):
    """Return what the API says of an account."""
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


class PullRequests:
    """Adds pull requests to the stand-in, by number in `pulls`."""

    def pull_request(self, number, *, files=None, head="b" * 40, owner=None, branch="topic"):
        """Open a pull request; its comments are those of the issue with its number.

        It changes `files` (everything that is declared, unless told) on a branch of `owner`.
        """
        there = {"url": f"{self.url}/repos/{self.repository}/pulls/{number}"}
        owner = owner or self.repository.partition("/")[0]
        self.pulls[number] = {
            "number": number,
            "id": next(self._ids),
            "state": "open",
            "head": {
                "sha": head,
                "ref": branch,
                "label": f"{owner}:{branch}",
                "repo": {"owner": user_of(owner), "full_name": f"{owner}/fork"},
            },
            "base": {"ref": self.branch, "repo": {"full_name": self.repository}},
            "merge_commit_sha": "c" * 40,
            "merged_at": None,
            "files": ["declared/world.yaml", "subscriptions/world.yaml"]
            if files is None
            else files,
            **there,
        }
        title = f"Pull request {number}"
        return self.issue("octocat", title, number=number, pull_request=there)

    def merge(self, number, *files):
        """Merge a pull request: its commit on the default branch changes `files`; return that."""
        pull = self.pulls[number]
        commit = self.push(*(files or pull["files"]))
        pull.update(state="closed", merged_at=NEW, merge_commit_sha=commit)
        self.issues[number].update(state="closed")
        return commit

    def _pull(self, _identity, _query, _body, number):
        if number not in self.pulls:
            raise Refused(404, "Not Found")
        return 200, {}, self._shown(self.pulls[number])

    def _shown(self, pull):
        return {name: value for name, value in pull.items() if name != "files"}

    def _pulls(self, _identity, query, _body):
        wanted, head = query.get("state", "open"), query.get("head")
        found = [
            self._shown(pull)
            for _, pull in sorted(self.pulls.items(), reverse=True)
            if wanted in ("all", pull["state"]) and head in (None, pull["head"]["label"])
        ]
        return self._paged(f"/repos/{self.repository}/pulls", query, found)

    def _files(self, _identity, query, _body, number):
        if number not in self.pulls:
            raise Refused(404, "Not Found")
        renamed = [name.split(" -> ") for name in self.pulls[number]["files"]]
        files = [
            {"filename": names[-1], "status": "modified"}
            | ({"previous_filename": names[0], "status": "renamed"} if len(names) > 1 else {})
            for names in renamed
        ]
        return self._paged(f"/repos/{self.repository}/pulls/{number}/files", query, files[:3000])

    def _pulls_with(self, _identity, query, _body, commit):
        mine = [pull for pull in self.pulls.values() if pull["head"]["sha"] == commit]
        if commit not in {*self.history, *self.elsewhere} and not mine:
            raise Refused(422, f"No commit found for SHA: {commit}")
        found = [
            self._shown(pull)
            for pull in self.pulls.values()
            if (pull["merged_at"] and commit in (pull["merge_commit_sha"], pull["head"]["sha"]))
            or (pull["state"] == "open" and pull["head"]["sha"] == commit)
        ]
        return self._paged(f"/repos/{self.repository}/commits/{commit}/pulls", query, found)
