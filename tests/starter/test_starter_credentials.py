"""Lines come and go between the markers of an edited workflow, and nothing else changes in it."""

import pytest
import yaml

from reconciler.starter.credentials import Unchangeable, has_markers, passing_on

STEP = """\
jobs:
  apply:
    steps:
      - name: Apply # ours
        env:
          # credentials: begin
          CLIENT: ${{ secrets.CLIENT }}
          TOKEN: ${{ secrets.TOKEN }}
          # credentials: end
          OTHER: ${{ secrets.RECONCILER_CREDENTIALS }}
        run: reconciler apply
"""
TWO = STEP + STEP.partition("steps:\n")[2]
BEGIN, END = "          # credentials: begin\n", "          # credentials: end\n"


def line(name):
    return f"          {name}: ${{{{ secrets.{name} }}}}\n"


def test_what_is_passed_on_already_changes_nothing():
    kept = passing_on(TWO, ("CLIENT", "TOKEN"))
    assert (kept.text, kept.added, kept.dropped) == (TWO, (), ())


def test_a_new_name_gets_its_line_in_every_block_in_order():
    kept = passing_on(TWO, ("CLIENT", "NEW", "TOKEN", "ZONE"))
    wanted = line("CLIENT") + line("NEW") + line("TOKEN") + line("ZONE")
    assert kept.text == TWO.replace(line("CLIENT") + line("TOKEN"), wanted)
    assert (kept.added, kept.dropped) == (("NEW", "ZONE"), ())


def test_a_line_of_ours_goes_with_its_declaration():
    kept = passing_on(TWO, ("TOKEN",))
    assert kept.text == TWO.replace(line("CLIENT"), "")
    assert (kept.added, kept.dropped) == ((), ("CLIENT",))
    assert passing_on(TWO, ()).text == TWO.replace(line("CLIENT") + line("TOKEN"), "")


@pytest.mark.parametrize(
    "edited",
    [
        "          CLIENT: ${{ secrets.PRODUCTION_CLIENT }}\n",
        '          "CLIENT": "${{ secrets.CLIENT }}"\n',
        "          CLIENT: ${{ secrets.CLIENT }} # from the vault\n",
        "          CLIENT: >-\n            ${{ secrets.CLIENT }}\n",
    ],
)
def test_a_line_that_people_wrote_stays_and_is_not_written_twice(edited):
    text = STEP.replace(line("CLIENT"), edited)
    assert passing_on(text, ("CLIENT", "TOKEN")).text == text
    kept = passing_on(text, ("NEW",))
    assert edited in kept.text
    assert (kept.added, kept.dropped) == (("NEW",), ("TOKEN",))


def test_other_variables_comments_and_blank_lines_between_the_markers_stay():
    more = "\n          # for the proxy\n          HTTPS_PROXY: http://proxy:3128\n"
    text = STEP.replace(END, more + END)
    kept = passing_on(text, ("CLIENT", "NEW", "TOKEN"))
    assert kept.text == text.replace(line("TOKEN"), line("NEW") + line("TOKEN"))


@pytest.mark.parametrize("place", [BEGIN, "        run:"])
def test_a_name_that_stands_elsewhere_in_the_same_step_is_not_written_twice(place):
    text = STEP.replace(place, f"          NEW: ${{{{ vars.NEW }}}}\n{place}")
    assert passing_on(text, ("CLIENT", "NEW", "TOKEN")).text == text


def test_a_name_of_another_step_is_no_name_of_this_one():
    other = "      - {name: Other, env: {NEW: 1}}\n"
    kept = passing_on(STEP + other, ("CLIENT", "NEW", "TOKEN"))
    assert kept.added == ("NEW",)


def test_line_endings_stay_what_they_are():
    windows = TWO.replace("\n", "\r\n")
    kept = passing_on(windows, ("CLIENT", "NEW"))
    assert kept.text == passing_on(TWO, ("CLIENT", "NEW")).text.replace("\n", "\r\n")
    assert (kept.added, kept.dropped) == (("NEW",), ("TOKEN",))


def test_a_marker_that_was_moved_does_not_move_the_lines():
    text = STEP.replace(BEGIN, "  " + BEGIN.lstrip(" ")).replace(END, "#" + END.strip()[1:] + "\n")
    kept = passing_on(text, ("CLIENT", "NEW", "TOKEN"))
    assert line("NEW") in kept.text
    assert yaml.safe_load(kept.text)["jobs"]["apply"]["steps"][0]["env"].keys() == {
        "CLIENT", "NEW", "TOKEN", "OTHER",
    }  # fmt: skip


def test_an_empty_block_with_nothing_beside_it_is_filled():
    bare = STEP.replace(line("CLIENT") + line("TOKEN"), "").replace(
        "          OTHER: ${{ secrets.RECONCILER_CREDENTIALS }}\n", ""
    )
    with pytest.raises(Unchangeable, match="would change more than these variables"):
        passing_on(STEP.replace("          OTHER: ${{ secrets.RECONCILER_CREDENTIALS }}\n", ""), ())
    assert passing_on(bare, ()).text == bare


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (STEP.replace(END, ""), 6),
        (STEP.replace(BEGIN, ""), 8),
        (STEP.replace(BEGIN, BEGIN + BEGIN), 6),
        (STEP.replace(END, END + END), 10),
        (STEP.replace(END, BEGIN), 6),
        (TWO.replace(END, "", 1), 6),
    ],
    ids=["no end", "no begin", "begin twice", "end twice", "two begins", "one of two"],
)
def test_a_marker_without_its_partner_is_named_by_its_line(text, where):
    with pytest.raises(Unchangeable, match="this marker has no partner") as found:
        passing_on(text, ("CLIENT", "TOKEN"))
    assert found.value.line == where


@pytest.mark.parametrize(
    "text",
    [
        "run: |\n  # credentials: begin\n  # credentials: end\n  true\n",
        "env: {\n  # credentials: begin\n  # credentials: end\n  A: 1}\n",
        "- one\n# credentials: begin\n# credentials: end\n- two\n",
        "with:\n  # credentials: begin\n  # credentials: end\n  A: 1\n",
    ],
    ids=["script", "flow", "list", "inputs"],
)
def test_where_lines_would_be_something_else_than_variables_nothing_is_changed(text):
    with pytest.raises(Unchangeable):
        passing_on(text, ("NEW",))
    assert passing_on(text, ()).text == text


def test_what_is_no_yaml_or_has_a_key_twice_is_left_alone():
    with pytest.raises(Unchangeable, match="not valid YAML") as found:
        passing_on(STEP.replace("jobs:", "jobs: ]"), ("NEW",))
    assert found.value.line == 1
    twice = STEP.replace("        run:", "          OTHER: 1\n        run:")
    with pytest.raises(Unchangeable, match="OTHER stands here twice"):
        passing_on(twice, ("NEW",))


def test_markers_are_found_whatever_the_indentation():
    assert has_markers(STEP)
    assert not has_markers(STEP.replace("credentials:", "secrets:"))
