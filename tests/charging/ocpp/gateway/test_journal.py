"""The journal: what was written is there, whatever happens to whom wrote it."""

import errno
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.errors import DiskFull, GatewayRuns
from charging.ocpp.gateway import journal as journals
from charging.ocpp.gateway.journal import Journal, Place, Reader, entries, forget, path, segments


def said(folder):
    return [entry for _, entry in entries(folder)]


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "j", segment_bytes=4_096)
    yield opened
    opened.close()


def everything(reader):
    found = []
    while some := reader.read():
        found += some
    return [entry for _, entry in found]


def test_entries_come_back_in_order_and_across_segments(journal):
    written = [f"entry {number} {'x' * (number % 300)}".encode() for number in range(500)]
    for entry in written:
        journal.append(entry)

    assert len(segments(journal.folder)) > 3
    assert said(journal.folder) == written


def test_an_entry_longer_than_a_segment_is_kept_whole(journal):
    journal.append(b"a")
    journal.append(b"b" * 100_000)
    journal.append(b"c")

    assert said(journal.folder) == [b"a", b"b" * 100_000, b"c"]


def test_a_reader_beside_the_writer_sees_each_entry_once(journal):
    reader, seen = Reader(journal.folder, Place(0, 0)), []
    for number in range(1_000):
        journal.append(str(number).encode())
        if number % 7 == 0:
            seen += everything(reader)
    seen += everything(reader)

    assert seen == [str(number).encode() for number in range(1_000)]


def test_reading_goes_on_from_a_place(journal):
    journal.append(b"before")
    place = journal.append(b"before, too")
    journal.append(b"after")

    assert everything(Reader(journal.folder, place)) == [b"after"]


@given(st.lists(st.binary(min_size=1, max_size=5_000), max_size=40), st.integers(min_value=0, max_value=2**31))
def test_of_a_torn_end_everything_whole_is_read(tmp_path_factory, written, cut):
    folder = tmp_path_factory.mktemp("j")
    journal = Journal(folder, segment_bytes=1_000_000)
    ends = [journal.append(entry).offset for entry in written]
    cut %= journal.place.offset + 1
    journal.close()
    os.truncate(path(folder, 1), cut)

    assert said(folder) == [entry for entry, end in zip(written, ends, strict=True) if end <= cut]


def test_a_damaged_entry_ends_its_segment_and_no_other(tmp_path):
    first = Journal(tmp_path, segment_bytes=4_096)
    first.append(b"whole")
    place = first.append(b"damaged")
    first.close()
    with path(tmp_path, 1).open("r+b") as file:
        file.seek(place.offset - 1)
        file.write(b"!")
    second = Journal(tmp_path, segment_bytes=4_096)
    second.append(b"of the next run")
    second.close()

    assert said(tmp_path) == [b"whole", b"of the next run"]


def test_a_run_begins_a_segment_of_its_own_after_what_the_tables_know(tmp_path):
    first = Journal(tmp_path)
    first.close()
    second = Journal(tmp_path, after=41)
    second.close()

    assert (first.run, second.run) == (1, 42)


def test_two_processes_cannot_write_one_journal(journal):
    with pytest.raises(GatewayRuns, match="runs already"):
        Journal(journal.folder)


def test_a_full_disk_is_met_before_anything_is_written(journal, monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    journal.append(b"a" * 3_000)
    monkeypatch.setattr(os, "posix_fallocate", no_room)
    with pytest.raises(DiskFull, match="make room"):
        journal.append(b"b" * 3_000)
    monkeypatch.undo()
    journal.append(b"c")

    assert said(journal.folder) == [b"a" * 3_000, b"c"]


def test_what_is_in_the_tables_is_forgotten_as_whole_segments(journal):
    for _ in range(200):
        journal.append(b"x" * 100)
    last = max(segments(journal.folder))

    forget(journal.folder, before=last)

    assert segments(journal.folder) == [last]


def test_is_readable_by_us_alone(journal):
    assert path(journal.folder, 1).stat().st_mode & 0o077 == 0
    assert journal.folder.stat().st_mode & 0o077 == 0


WRITER = """
import sys
from pathlib import Path
from charging.ocpp.gateway.journal import Journal
journal = Journal(Path(sys.argv[1]), segment_bytes=65_536)
number = 0
while True:
    journal.append(b"%d " % number + b"x" * (number % 200))
    print(number, flush=True)
    number += 1
"""


def test_what_was_written_survives_sigkill(tmp_path):
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        for line in writer.stdout:
            if int(line) >= 3_000:
                break
        writer.send_signal(signal.SIGKILL)
        told = int((line + writer.stdout.read()).split()[-1])

    found = [int(entry.split()[0]) for entry in said(tmp_path)]

    assert found == list(range(len(found)))
    assert len(found) >= told + 1


def test_names_of_segments_sort_as_their_numbers(tmp_path):
    for number in (2, 10, 1):
        journals.path(tmp_path, number).touch()

    assert segments(tmp_path) == [1, 2, 10]
