"""How uvicorn runs the app."""

import ssl

import uvicorn
from fastapi import FastAPI

from securevision.api.client_address import ClientAddress
from securevision.api.connections import MAX_CONNECTIONS, fair_protocol

MAX_MESSAGE_BYTES = 64 * 1024
"""Of one WebSocket message from a client; a larger one closes the socket with 1009."""

MAX_HEADER_BYTES = 32 * 1024


def server_config(
    app: FastAPI, *, host: str, port: int, clients: ClientAddress, tls: ssl.SSLContext | None = None
) -> uvicorn.Config:
    """Return the configuration to run the app with; port 0 takes any free one."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        # The default implementation logs an error for each handshake that the app refuses.
        ws="wsproto",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        ssl_context_factory=(lambda *_: tls) if tls is not None else None,
        # Of one request's line and headers; more is answered with 400 and closes the connection.
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        http=fair_protocol(clients.is_proxy),
        lifespan="off",
        # No proxy is trusted: its headers could name any client and scheme.
        proxy_headers=False,
        server_header=False,
        log_config=None,
        # Its lines about requests hold query strings, where people put secrets in spite of all.
        access_log=False,
        log_level="warning",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=3,
    )
