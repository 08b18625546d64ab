"""The gateway's edge: sockets, files and tables around `charging.ocpp.relay`."""
