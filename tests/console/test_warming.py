import os
import sys
import threading
from contextlib import suppress
from importlib import import_module

import pytest

from console import warming


@pytest.fixture
def heavy(tmp_path, monkeypatch):
    """Return the name of a module that notes, when it is imported, where it was told that Prefect is."""
    (tmp_path / "heavy_part.py").write_text("import os\nfound = os.environ['PREFECT_API_URL']\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(warming, "HEAVY", ("heavy_part",))
    yield "heavy_part"
    sys.modules.pop("heavy_part", None)


def test_what_comes_later_is_there_for_who_needs_it_and_finds_this_homes_prefect(heavy, tmp_path):
    (tmp_path / "prefect.port").write_text("4567")

    with warming.warming() as warm_up:
        warm_up(tmp_path)

        assert import_module(heavy).found == "http://127.0.0.1:4567/api"


def test_nothing_goes_on_being_imported_after_the_end(heavy, tmp_path):
    (tmp_path / "heavy_part.py").write_text("import time\ntime.sleep(0.1)\nis_done = True\n")

    with suppress(RuntimeError), warming.warming() as warm_up:
        warm_up(tmp_path)
        raise RuntimeError

    assert not [thread for thread in threading.enumerate() if thread.name == "warming"]


@pytest.mark.parametrize("name", warming.HEAVY)
def test_what_is_imported_early_exists(name):
    assert import_module(name)
