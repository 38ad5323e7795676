"""ONVIF: which streams a camera offers, and which cameras the local network has."""
