"""`rehome receiver`."""

import sys

from console import shell


def receiver() -> None:
    """Take what partners push over OCPI, and their side of the handshake, until told to stop (Ctrl-C).

    It listens on this machine alone unless [receiver] in rehome.toml says otherwise.
    """
    home = shell.home()
    from charging import settings as configuration
    from console import receiving, workplace

    settings = configuration.load(workplace.of(home))
    where = f"{settings.receiver.host}:{settings.receiver.port}"
    print(f"rehome: listening on {where}; partners reach it at {receiving.url(settings)}", file=sys.stderr)  # noqa: T201
    receiving.serve(home)
