"""The types that take over from those of MWS are types of the SP-API as its adapter knows them."""

from reconciler.migration.mapping import SUCCESSORS
from reconciler.services.mws.kinds import NOTIFICATION_TYPES
from reconciler.services.spapi.catalogue import TYPES


def test_every_mws_type_has_a_successor():
    assert SUCCESSORS.keys() == set(NOTIFICATION_TYPES)


def test_successors_exist_in_that_version_and_are_delivered_to_queues():
    for successor in SUCCESSORS.values():
        known = TYPES[successor.name]
        assert successor.version == known.versions[-1]
        assert known.workflow == "SQS"
        assert not known.directive_required


def test_only_what_takes_marketplaces_is_narrowed_to_them():
    for successor in SUCCESSORS.values():
        takes = "marketplaceIds" in TYPES[successor.name].filter_fields
        assert successor.by_marketplace == takes
