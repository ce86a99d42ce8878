"""A finding names its object or account once, in text and in Markdown."""

import pytest

from reconciler.core.model.finding import Finding
from reconciler.reports.findings import item, sentence


@pytest.mark.parametrize(
    ("address", "message", "text", "listed"),
    [
        ("app", "app: token: refused", "app: token: refused", "- `app`: token: refused"),
        ("app/de", "app: token: refused", "app/de: token: refused", "- `app/de`: token: refused"),
        ("app/de", "app/de: no consent", "app/de: no consent", "- `app/de`: no consent"),
        ("queue.a", "queue.a is foreign", "queue.a is foreign", "- queue.a is foreign"),
        ("queue.a", "is foreign", "queue.a: is foreign", "- `queue.a`: is foreign"),
    ],
    ids=["account", "seller", "seller itself", "begins with it", "without it"],
)
def test_what_a_finding_is_about_is_named_once(address, message, text, listed):
    finding = Finding(address=address, message=message)
    assert sentence(finding) == text
    assert item(finding) == listed
