"""A person is forgotten everywhere at once, every sum stays what it was, and no later extract brings them back."""

import json
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging import settings as configuration
from charging.database import tables
from charging.database.operations import forgetting as write
from charging.database.operations import landing
from charging.database.queries import personal as read
from charging.database.queries.personal import Purpose
from charging.errors import AnswerRefused, CountsDisagree, SettingsError, UnknownThing
from charging.personal.forgetting import Kind
from console import forgetting as shown
from tasks import cleansing, extraction, forgetting

JO, UID, CONTRACT, EMAIL = "Jo Vermeer", "04A1B2C3D4E5F6", "NL-EVN-C00122045-Z", "jo.vermeer@example.org"
ANOTHER = "04B1B2C3D4E5F6"
TRACES = (JO, UID, UID.lower(), "04:A1:B2:C3:D4:E5:F6", CONTRACT, EMAIL)


@pytest.fixture
def keyed(settings, monkeypatch):
    monkeypatch.setenv("PSEUDONYM_KEY", "a key of no importance")
    monkeypatch.setenv("REHOME_PSEUDONYM_KEY", "env:PSEUDONYM_KEY")
    (settings.home / "rehome.toml").write_text('pseudonym_key = "env:PSEUDONYM_KEY"\n')
    return configuration.load()


@pytest.fixture
def network(rows, make_session):
    """A network in which one customer has a contract and a token, written in several ways, and something is wrong."""

    def made(*more):
        return rows(
            customer=[
                {"customer_id": "12", "name": JO, "email": EMAIL, "phone": "+31 6 12345678"},
                {"customer_id": "13", "name": "A. Other", "email": "a@example.org", "phone": None},
            ],
            contract=[
                {"contract_id": CONTRACT, "customer_id": "12", "is_blocked": "0"},
                {"contract_id": "NL-EVN-C00122046-S", "customer_id": "13", "is_blocked": "0"},
            ],
            token=[
                {"token_uid": "04:A1:B2:C3:D4:E5:F6", "contract_id": CONTRACT, "is_blocked": "0", "note": f"for {JO}"},
                {"token_uid": ANOTHER, "contract_id": "NL-EVN-C00122046-S", "is_blocked": "0", "note": None},
            ],
            session=[
                make_session("1", hour=8),
                make_session("2", hour=9, token_uid=UID.lower()),
                make_session("3", hour=10, meter_stop_wh="10000"),
                make_session("4", hour=11, token_uid=ANOTHER),
                *more,
            ],
        )

    return made


@pytest.fixture
def cleansed(engine, keyed, landed, network):
    extract_id = landed(network())
    cleansing.cleanse_extract(engine, keyed, extract_id)
    return extract_id


@pytest.fixture
def forget(engine, keyed):
    def forgotten(kind=Kind.CUSTOMER, text="12", *, dry_run=False, by="The officer", reason="asked on 1 March"):
        return forgetting.forget(engine, keyed, kind, text, by=by, reason=reason, dry_run=dry_run)

    return forgotten


def everything(engine, *, but=()):
    with engine.connect() as connection:
        return {
            str(table): sorted(
                repr(row)
                for row in connection.execute(sa.select(*(column for column in table.c if column.name not in but)))
            )
            for table in tables.metadata.sorted_tables
            if table.name not in but
        }


def traces(engine):
    stored = everything(engine)
    return {(table, trace) for table, found in stored.items() for trace in TRACES if trace in json.dumps(found)}


def totals(engine):
    with engine.connect() as connection:
        return write.totals(connection)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.CUSTOMER, "12"),
        (Kind.CONTRACT, "nlevnc00122045"),
        (Kind.TOKEN, "04a1b2c3d4e5f6"),
        (Kind.EMAIL, EMAIL.upper()),
    ],
)
def test_leaves_no_trace_and_every_sum_as_it_was(cleansed, engine, forget, kind, text):
    before = totals(engine)
    assert traces(engine)

    result = forget(kind, text)

    assert traces(engine) == set()
    assert totals(engine) == before
    assert result["kept"] == {}
    assert result["places"]["clean.session.token_uid"] == 2
    assert result["places"]["vault.customer"] == 1
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.forget_request)) == 1


def test_leaves_everybody_else_alone(cleansed, engine, forget):
    forget()

    with engine.connect() as connection:
        found = read.customers(connection, None, purpose=Purpose.ANSWER, reader="a test", at=datetime.now(UTC))
        uids = set(connection.scalars(sa.select(tables.session.c.token_uid)))
    assert {(one.name, one.email) for one in found} == {("A. Other", "a@example.org"), (None, None)}
    assert ANOTHER in uids
    assert len(uids) == 2


def test_a_dry_run_lists_the_same_places_and_changes_nothing(cleansed, engine, forget):
    before = everything(engine)

    dry = forget(dry_run=True)

    assert everything(engine) == before
    done = forget()
    assert {name: dry[name] for name in ("places", "names", "totals")} == {
        name: done[name] for name in ("places", "names", "totals")
    }


def test_forgetting_twice_changes_nothing(cleansed, engine, forget):
    forget()
    before = everything(engine)

    again = forget(Kind.TOKEN, UID)

    assert (again["is_new"], next(shown.lines(again)).strip()) == (
        False,
        "as before  this person has been forgotten already",
    )
    assert everything(engine) == before


def test_the_request_names_nobody(cleansed, engine, forget):
    forget()

    with engine.connect() as connection:
        (request,) = connection.execute(sa.select(tables.forget_request)).mappings()
        accesses = connection.execute(sa.select(tables.access)).mappings().all()
    assert request["decided_by"] == "The officer"
    assert [(access["purpose"], access["customers"]) for access in accesses] == [("forget", 1)]
    assert "12" not in accesses[0]["customer_ids"]


def test_landing_keeps_its_hashes_and_says_so(cleansed, engine, forget):
    row = tables.landed_row.c
    chosen = sa.select(row.entity, row.row_number, row.row_sha256).order_by(row.entity, row.row_number)
    with engine.connect() as connection:
        before = connection.execute(chosen).all()

    forget()

    with engine.connect() as connection:
        assert connection.execute(chosen).all() == before
        marked = sa.select(sa.func.count()).where(row.forgotten_at.is_not(None))
        assert connection.scalar(marked) == 6
        (notes,) = connection.scalars(sa.select(tables.extract.c.notes))
    assert "a person was forgotten since" in notes[-1]


def test_cleansing_again_ends_the_same(cleansed, engine, keyed, forget):
    forget()
    before = everything(engine, but=("fix", "suite"))

    cleansing.cleanse_extract(engine, keyed, cleansed)

    assert everything(engine, but=("fix", "suite")) == before
    assert traces(engine) == set()


def test_no_later_extract_brings_the_person_back(cleansed, engine, keyed, forget, listed, network, make_session):
    forget()

    same = extraction.land(listed("legacy", **network()), engine)
    later = extraction.land(listed("legacy", **network(make_session("9", hour=13))), engine)
    cleansing.cleanse_extract(engine, keyed, later["extract_id"])

    assert (same["is_new"], later["is_new"]) == (False, True)
    assert traces(engine) == set()
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.token)) == 2


def test_whoever_is_forgotten_while_rows_are_read_does_not_land_with_them(
    cleansed, engine, keyed, forget, listed, network, make_session
):
    class Slow(listed):
        def rows(self, entity, *, chunk_size=2):
            for chunk in super().rows(entity, chunk_size=chunk_size):
                yield chunk
                if entity == "session" and chunk[0].values["session_id"] == "1":
                    forget()

    entities = network(make_session("9", hour=13))
    later = extraction.land(Slow("legacy", **entities), engine)

    assert later["is_new"]
    assert traces(engine) == set()
    cleansing.cleanse_extract(engine, keyed, later["extract_id"])
    assert traces(engine) == set()
    again = extraction.land(listed("legacy", **entities), engine)
    assert (again["is_new"], again["extract_id"]) == (False, later["extract_id"])


def test_a_forgetting_waits_for_rows_that_are_about_to_be_kept(
    cleansed, engine, forget, listed, network, make_session, until_somebody_waits, monkeypatch
):
    forgetting_beside, store = threading.Thread(target=forget), landing.store_manifest

    def store_while_somebody_forgets(connection, manifest):
        forgetting_beside.start()
        until_somebody_waits()
        store(connection, manifest)

    monkeypatch.setattr(landing, "store_manifest", store_while_somebody_forgets)
    extraction.land(listed("legacy", **network(make_session("9", hour=13))), engine)
    forgetting_beside.join(20)

    assert not forgetting_beside.is_alive()
    assert traces(engine) == set()


def test_rows_wait_for_a_forgetting_before_they_are_kept(
    cleansed, engine, forget, listed, network, make_session, until_somebody_waits, monkeypatch
):
    entities, store = network(make_session("9", hour=13)), write.store_request
    extracting = threading.Thread(target=lambda: extraction.land(listed("legacy", **entities), engine))

    def store_while_somebody_extracts(*given, **named):
        extracting.start()
        until_somebody_waits()
        store(*given, **named)

    monkeypatch.setattr(write, "store_request", store_while_somebody_extracts)
    forget()
    extracting.join(20)

    assert not extracting.is_alive()
    assert traces(engine) == set()


def test_lands_nothing_without_the_key_by_which_the_forgotten_are_known(
    cleansed, engine, forget, listed, network, monkeypatch, keyed
):
    forget()
    (keyed.home / "rehome.toml").unlink()
    monkeypatch.delenv("REHOME_PSEUDONYM_KEY")

    with pytest.raises(SettingsError, match="pseudonym_key is missing: only by it is a person who was forgotten known"):
        extraction.land(listed("legacy", **network()), engine)


def test_keeps_nothing_where_a_sum_would_change_or_it_is_killed(cleansed, engine, forget, monkeypatch):
    before, counted = everything(engine), write.totals

    def miscounted(connection):
        found = counted(connection)
        gone = connection.scalar(sa.select(sa.func.count()).select_from(tables.forgotten))
        return found | ({"clean.session.energy_kwh": "0"} if gone else {})

    monkeypatch.setattr(write, "totals", miscounted)
    with pytest.raises(CountsDisagree, match=r"forgetting, by clean\.session\.energy_kwh"):
        forget()
    assert everything(engine) == before

    monkeypatch.setattr(write, "store_request", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        forget()
    assert everything(engine) == before


def test_names_the_reports_in_which_the_person_stands(cleansed, keyed, forget):
    folder = keyed.home / keyed.reports
    folder.mkdir(exist_ok=True)
    (folder / "a.html").write_text(f"<p>{UID}</p>")
    (folder / "b.html").write_text("<p>nobody</p>")

    assert forget(dry_run=True)["reports"] == [str(folder / "a.html")]


def test_says_that_nobody_is_known_by_that_name(cleansed, forget):
    with pytest.raises(UnknownThing, match="there is no customer '99'"):
        forget(Kind.CUSTOMER, "99")
    with pytest.raises(AnswerRefused, match="it is not said who decides, and why"):
        forget(by="")
    with pytest.raises(AnswerRefused, match="a person is named in one way"):
        shown.forget(None, {"customer": "1", "token": "2"}, by="x", reason="y", dry_run=True)


def test_a_token_that_waits_because_its_uid_is_in_doubt_goes_on_waiting(
    engine, keyed, landed, rows, forget, listed, make_session
):
    doubtful = rows(
        token=[
            {"token_uid": "3158495942", "contract_id": CONTRACT, "is_blocked": "0"},
            {"token_uid": ANOTHER, "contract_id": "NL-EVN-C00122046-S", "is_blocked": "0"},
        ],
        session=[make_session("1", hour=8, token_uid=ANOTHER)],
    )
    extract_id = landed(doubtful)
    cleansing.cleanse_extract(engine, keyed, extract_id)
    before = _waiting_tokens(engine)
    assert [(row[0], row[1:]) for row in before] == [("tok.decimal", (2, 1, 1))]

    forget(Kind.TOKEN, "3158495942")
    assert _waiting_tokens(engine) == before
    cleansing.cleanse_extract(engine, keyed, extract_id)
    assert _waiting_tokens(engine) == before

    more = doubtful | {"session": [make_session("2", hour=9, token_uid=ANOTHER)]}
    later = extraction.land(listed("legacy", **more), engine)
    cleansing.cleanse_extract(engine, keyed, later["extract_id"])
    assert _waiting_tokens(engine, later["extract_id"]) == before
    assert "3158495942" not in json.dumps(everything(engine))


def _waiting_tokens(engine, extract_id=None):
    """The rules of the tokens that wait, each with the rows that came, were loaded and wait."""
    row, account = tables.quarantined_row.c, tables.account.c
    counts = (account.rows_in, account.loaded, account.quarantined)
    joined = sa.and_(account.extract_id == row.extract_id, account.entity == row.entity)
    chosen = sa.select(row.rule, *counts).join(tables.account, joined).where(row.entity == "token")
    if extract_id:
        chosen = chosen.where(row.extract_id == extract_id)
    with engine.connect() as connection:
        return connection.execute(chosen).tuples().all()
