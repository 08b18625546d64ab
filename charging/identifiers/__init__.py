"""EVSE ids, contract ids and token uids: parse, normalise, compare, propose. Pure: no I/O, and nothing is guessed."""
