"""The web server: REST, WebSocket and the page. The only user of FastAPI."""
