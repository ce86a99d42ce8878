"""What documents declare is valid, and what they say of guards and commands is the code's."""

import json
import re

import jsonschema
import pytest
import yaml

from reconciler.cli.main import invoke
from reconciler.core.manifest.schema import schema_of
from reconciler.wiring import SERVICES
from tests.handbook.pages import ROOT, blocks, name_of, pages

SCHEMA = json.loads(schema_of(SERVICES))
DECLARING = [
    pytest.param(block.text, id=f"{name_of(page)}-{number}")
    for page in pages()
    for number, block in enumerate(blocks(page.read_text(encoding="utf-8")))
    if block.language == "yaml"
    and re.search(rf"^({'|'.join(SCHEMA['properties'])}):", block.text, re.MULTILINE)
    and block.saved != "wrong.yaml"
]


def test_the_declaration_in_the_readme_is_valid(tmp_path, capfd):
    [example] = re.findall(r"```yaml\n(stack:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "all.yaml").write_text(example)
    assert invoke(["validate", str(tmp_path)]) == 0
    assert "Valid: 3 objects declared." in capfd.readouterr().out


@pytest.mark.parametrize("declared", DECLARING)
def test_what_a_page_declares_has_the_shape_of_declarations(declared):
    plain = json.loads(json.dumps(yaml.safe_load(declared), default=str))
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_what_a_page_imports_is_there(page):
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "python":
            for line in re.findall(r"^(?:from|import) .+$", block.text, re.MULTILINE):
                exec(line, {})


def test_the_guards_in_the_documents_are_those_that_can_refuse():
    text = (ROOT / "docs/guards.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text.partition("| guard |")[2].partition("\n\n")[0]))
    source = (ROOT / "reconciler/core/planning/guards.py").read_text(encoding="utf-8")
    known = set(re.findall(r'guard="(\w+)", refused=True', source)) | {"maxDeletes", "maxUpdates"}
    assert known <= named
