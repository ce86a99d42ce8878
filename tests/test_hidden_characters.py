"""What hides in names and values is shown by its number in every report."""

import json

import pytest

from reconciler.cli.main import invoke
from reconciler.core.model.errors import DeclarationError
from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import Action, Estimate, FieldChange, Guard, Plan, Unmanaged
from reconciler.core.verdicts.drift import drift_of
from reconciler.github.annotations import DeclaredPlaces, of_failure, of_plan
from reconciler.reports import as_github, as_json, as_text
from reconciler.reports.lines import Screen
from reconciler.reports.review_pages import review_markdown
from reconciler.reports.validation import Located, Validation
from reconciler.wiring import declarations
from tests.worlds import AWS, HEAD

HIDING = "\u202e\u3164\xad\u200b\U000e0041\x1b\ufe0f"
EVIL = f"acme{HIDING}x"
TOLD = "".join(f"<U+{ord(character):04X}>" for character in HIDING)


def plan():
    change = FieldChange(path=f"tags.{EVIL}", before={EVIL: [EVIL]}, after=EVIL)
    shared = {"kind": "queue", "account": EVIL, "identity": {"name": EVIL}}
    finding = Finding(address=EVIL, message=EVIL)
    return Plan(
        format_version=1,
        stack="acme",
        declarations_digest="",
        fingerprint="",
        complete=True,
        summary=dict.fromkeys(
            ("create", "update", "replace", "delete", "unchanged", "unmanaged"), 0
        ),
        guards=(Guard(guard="maxDeletes", refused=True, message=EVIL),),
        estimate=Estimate(calls=1, seconds=1.0),
        actions=(
            Action(
                action="update",
                address=EVIL,
                changes=(change,),
                notes=(EVIL,),
                caused_by=EVIL,
                **shared,
            ),
        ),
        unmanaged=(Unmanaged(**shared),),
        problems=(finding,),
        warnings=(finding,),
        unknown=(EVIL,),
    )


def located():
    return Located(file=EVIL, line=1, column=1, message=EVIL)


REPORTS = {
    "plan, text": lambda: as_text.render(plan()),
    "plan, coloured": lambda: as_text.render(plan(), Screen(color=True)).replace("\x1b[", ""),
    "plan, Markdown": lambda: review_markdown(plan()).replace("\\", "").replace("⚠️", ""),
    "drift, text": lambda: as_text.render(drift_of(plan())),
    "drift, Markdown": lambda: review_markdown(drift_of(plan())).replace("\\", "").replace("⚠️", ""),
    "findings, text": lambda: as_text.render(Validation(valid=False, errors=(located(),))),
    "warnings, text": lambda: as_text.render(Validation(valid=True, warnings=(located(),))),
    "findings, annotations": lambda: as_github.render(Validation(valid=False, errors=(located(),))),
    "plan, annotations": lambda: "\n".join(map(str, of_plan(plan(), _nowhere()))),
}


def _nowhere():
    from pathlib import Path

    return DeclaredPlaces((), Path("/"), Path("/"))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_shows_what_hides(name):
    told = REPORTS[name]()
    assert [character for character in HIDING if character in told] == []
    assert TOLD.replace(":", "%3A") in told or TOLD in told


def test_json_escapes_what_hides():
    told = as_json.render(plan())
    assert [character for character in HIDING if character in told] == []
    assert json.loads(told)["unknown"] == [EVIL]


def test_errors_in_declarations_show_what_hides(tmp_path, capsys):
    queue = {EVIL: {"delay": EVIL, f"del{HIDING}ay": 1}}
    file = tmp_path / "a.yaml"
    file.write_text(HEAD + AWS + json.dumps({"queues": queue}, ensure_ascii=False)[1:-1])
    assert invoke(["validate", str(file)]) == 1
    with pytest.raises(DeclarationError) as caught:
        declarations(file)
    annotated = "".join(map(str, of_failure(caught.value, _nowhere())))
    for told in ("".join(capsys.readouterr()), annotated):
        assert [character for character in HIDING if character in told] == []
        assert "<U+202E><U+3164><U+00AD>" in told


def test_wrong_usage_shows_what_hides(capsys):
    assert invoke(["plan", "--shard", EVIL]) == 64
    told = "".join(capsys.readouterr())
    assert [character for character in HIDING if character in told] == []


def test_messages_show_what_hides(tmp_path, capsys):
    message = {"notificationType": EVIL, "payload": {"asin": EVIL}}
    file = tmp_path / "message.json"
    file.write_text(json.dumps(message))
    for form in ("json", "text"):
        assert invoke(["decode", "--format", form, str(file)]) == 0
        told = "".join(capsys.readouterr())
        assert [character for character in HIDING if character in told] == []
