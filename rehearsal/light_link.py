"""A light station's link, as picows calls it."""

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from rehearsal.light_station import LightStation


class StationLink(WSListener):
    """One link. A second one of the same station says nothing."""

    def __init__(self, station: LightStation, *, is_first: bool = True) -> None:
        self.station, self.is_first = station, is_first

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Let the station talk."""
        if self.is_first:
            self.station.connected(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand a frame on."""
        if frame.msg_type is WSMsgType.TEXT and self.is_first:
            self.station.hear(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows passes it
        """Tell the station."""
        if self.is_first:
            self.station.lost()


async def connect(station: LightStation, url: str, *, is_first: bool = True) -> WSTransport:
    """Dial for a station.

    Raises:
        OSError, WSError, TimeoutError: if it is not let in.
    """
    transport, _ = await ws_connect(
        lambda *_: StationLink(station, is_first=is_first),
        f"{url}/{station.identity}",
        extra_headers={"Sec-WebSocket-Protocol": station.kind.protocol},
        websocket_handshake_timeout=20,
        read_buffer_init_size=2_048,
        max_redirects=0,
    )
    return transport
