"""A maker's tool as `rehome` runs it: one question in on standard input, one answer out. It asks the maker's cloud.

Where that listens is in the environment (MAKER_PORT). It is run by its path, and needs nothing but Python.
"""

import os
import socket
import sys

PATIENCE_SECONDS = 15.0


def main() -> int:
    """Carry the question to the cloud and its answer back; exit with 1 if the cloud breaks off."""
    question = sys.stdin.buffer.read()
    with socket.create_connection(("127.0.0.1", int(os.environ["MAKER_PORT"])), timeout=PATIENCE_SECONDS) as cloud:
        cloud.sendall(question.strip() + b"\n")
        with cloud.makefile("rb") as lines:
            answer = lines.readline()
    sys.stdout.buffer.write(answer)
    return 0 if answer.endswith(b"\n") else 1


if __name__ == "__main__":
    raise SystemExit(main())
