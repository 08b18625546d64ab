"""What a rule says of a call before it goes on."""

import msgspec


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Either it goes on as `sent`, or it is answered from here with the payload `answer` and goes nowhere."""

    rule: str
    sent: bytes = b""
    answer: bytes = b""
