"""What points at something right before it goes."""

from dataclasses import replace

from reconciler.core.provider import Abilities
from reconciler.core.world.refs import Handles
from reconciler.run.lookout import Lookout
from tests.toys import Cloud, Pipe, Provider, Tap, declare, standing

PIPE = standing(declare("p", "works", Pipe(well="arn:w")))


def referrers(found, lasting=()):
    """Return what is told of a pipe whose service names `found`."""
    handles = Handles()
    handles.add(PIPE)
    provider = Provider(
        Cloud(), "works", abilities=replace(Abilities(), referrers=lambda _live, _each: [found])
    )
    return Lookout({"works": provider}, handles, "acme").referrers(PIPE, lasting)


def test_what_the_service_names_does_not_count_where_it_refers_by_what_lasts():
    tap = standing(declare("t", "works", Tap(client="de", use="tea", pipe=PIPE.outputs["id"])))
    assert referrers(tap) == [tap]
    assert referrers(tap, {"id"}) == []


def test_what_the_service_names_counts_though_its_fields_do_not_show_it():
    other = standing(declare("o", "works", Pipe(well="arn:o")))
    assert referrers(other, {"id"}) == [other]
