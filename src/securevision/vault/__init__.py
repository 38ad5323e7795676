"""Keys, sealing, password hashes, second factors, TLS certificates. The only user of the libraries for them."""
