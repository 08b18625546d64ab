import os

import pytest

from charging.errors import SettingsError
from charging.roaming.secrets_folder import SecretsFolder
from charging.secret import Secret


@pytest.fixture
def folder(tmp_path):
    return SecretsFolder(tmp_path / "secrets")


def test_keeps_a_secret_for_nobody_else(folder):
    reference = folder.write("roa.token", Secret("abc"))

    assert folder.read("roa.token") == Secret("abc")
    assert reference == f"file:{folder.folder}/roa.token"
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    assert (folder.folder / "roa.token").stat().st_mode & 0o777 == 0o600


def test_what_is_written_over_is_whole_or_as_it_was(folder, monkeypatch):
    folder.write("roa.token", Secret("before"))
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("no room")))

    with pytest.raises(OSError, match="no room"):
        folder.write("roa.token", Secret("after"))

    assert folder.read("roa.token") == Secret("before")


def test_a_secret_that_was_removed_is_not_there_and_may_be_removed_again(folder):
    folder.remove("roa.token")
    folder.write("roa.token", Secret("abc"))
    folder.remove("roa.token")
    folder.remove("roa.token")

    assert folder.read("roa.token") is None


def test_what_cannot_be_read_is_said(folder):
    (folder.folder / "roa.token").mkdir(parents=True)

    with pytest.raises(SettingsError, match="cannot be read"):
        folder.read("roa.token")


@pytest.mark.parametrize("name", ["../roa", "", ".hidden", "a/b"])
def test_a_secret_is_named_as_a_file_of_the_folder(folder, name):
    with pytest.raises(ValueError, match="no name"):
        folder.write(name, Secret("abc"))
