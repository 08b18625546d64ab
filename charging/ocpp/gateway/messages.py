"""Messages of more than one WebSocket frame, put together; and those that OCPP-J knows nothing of."""

from multidict import CIMultiDict
from picows import WSCloseCode, WSFrame, WSMsgType, WSProtocolError, WSTransport

_NONE: CIMultiDict[str] = CIMultiDict()
BINARY_LIMIT = 5
"""So many binary messages in a row close the link that they come over."""


class Messages:
    """What has come of a message so far. Over a limit, the link is closed with 1009: nothing is held for ever."""

    __slots__ = ("binary", "is_binary", "limit", "parts", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.parts: list[bytes] | None = None
        self.size = 0
        self.is_binary = False
        self.binary = 0
        """Binary messages in a row."""

    def take(self, frame: WSFrame) -> bytes | None:
        """Return the text message that this frame ends, if it does. A binary one costs itself: OCPP-J is text.

        Raises:
            WSProtocolError: if the frames make no message (1002), or one that is too long (1009), or if binary
                messages are all that comes (1003).
        """
        is_start = frame.msg_type in {WSMsgType.TEXT, WSMsgType.BINARY}
        if is_start is (self.parts is not None):
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "frames of two messages are mixed")
        if self.parts is None:
            self.parts, self.size, self.is_binary = [], 0, frame.msg_type is WSMsgType.BINARY
        self.size += frame.payload_size
        if self.size > self.limit:
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, f"a message is longer than {self.limit} bytes")
        self.parts.append(frame.get_payload_as_bytes())
        if not frame.fin:
            return None
        whole, self.parts = b"".join(self.parts), None
        if not self.is_binary:
            self.binary = 0
            return whole
        self.binary += 1
        if self.binary >= BINARY_LIMIT:
            raise WSProtocolError(WSCloseCode.UNSUPPORTED_DATA, "OCPP-J is text, and nothing but binary comes")
        return None


def forget_handshake(transport: WSTransport) -> None:
    """Let go of a handshake's headers, which picows keeps: kilobytes for each link, and a password among them."""
    transport.request.headers = _NONE
    transport.response.headers = _NONE


def number(code: WSCloseCode) -> int:
    """Return a close code as a number: those that applications make up have no name."""
    return int(code)  # type: ignore[call-overload,no-any-return] # an IntEnum, whatever its stub says
