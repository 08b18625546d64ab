"""Configuration before and after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.migration.inventory import Inventory
from charging.migration.ports import Setting
from charging.migration.snapshots import Change, Snapshot, differences, snapshot


def took(unanswered=(), **values):
    return Snapshot(values=values, unanswered=unanswered)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param(took(A="1"), took(A="1"), [], id="as it was"),
        pytest.param(took(A="1"), took(A="2"), [("A", Change.CHANGED)], id="changed"),
        pytest.param(took(), took(A="2"), [("A", Change.NEW)], id="new"),
        pytest.param(took(A="1"), took(), [("A", Change.GONE)], id="gone"),
        pytest.param(took(A="1"), took(("A",)), [("A", Change.UNCOMPARED)], id="silent at it now"),
        pytest.param(took(("A",)), took(A="1"), [("A", Change.UNCOMPARED)], id="was silent at it"),
        pytest.param(took(A="1"), took(A=None), [("A", Change.UNCOMPARED)], id="kept back now"),
        pytest.param(took(A=None), took(A=None), [], id="kept back as before"),
        pytest.param(took(A="", B="1"), took(A="x", B="1"), [("A", Change.CHANGED)], id="was empty"),
        pytest.param(
            took(**{"OCPPCommCtrlr.ActiveNetworkProfile": "1"}),
            took(**{"OCPPCommCtrlr.ActiveNetworkProfile": "2"}),
            [],
            id="what changes by itself",
        ),
    ],
)
def test_what_is_not_as_it_was_is_named(before, after, changes):
    assert [(one.key, one.change) for one in differences(before, after)] == changes


def test_what_was_meant_to_change_is_no_difference():
    found = differences(took(Url="a", Apn="b"), took(Url="c", Apn="d"), expected=frozenset({"Url"}))

    assert [one.key for one in found] == ["Apn"]


@pytest.mark.parametrize("key", [None, "this installation's own"])
def test_no_secret_is_kept_and_a_change_of_one_is_seen_where_it_can_be(key):
    def of(password):
        settings = {"AuthorizationKey": Setting(key="AuthorizationKey", value=password)}
        inventory = Inventory(station_id="S1", settings=settings, is_listed=True, hidden=(), unanswered=())
        return snapshot(inventory, secrets=frozenset({"AuthorizationKey"}), key=key)

    first, second = of("hunter2"), of("hunter3")

    assert "hunter" not in f"{first} {second}"
    assert bool(differences(first, second)) == (key is not None)
    assert differences(first, of("hunter2")) == ()


VALUES = st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(["1", "2", None]))


@given(VALUES, VALUES)
def test_every_key_is_equal_or_told_once(before, after):
    found = differences(took(**before), took(**after))

    told = {one.key for one in found}
    equal = {key for key in before.keys() & after.keys() if before[key] == after[key]}
    assert told | equal == before.keys() | after.keys()
    assert not told & equal
    assert len(found) == len(told)
