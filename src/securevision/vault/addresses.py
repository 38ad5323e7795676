"""The addresses of cameras, sealed."""

from securevision.vault.sealer import Sealer


class SealedAddresses:
    """The AddressVault. Any thread."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, address: str, camera_id: str) -> bytes:
        """Encrypt an address for that camera's row."""
        return self._sealer.seal(address.encode(), table="cameras", column="sealed_address", row=camera_id)

    def open(self, sealed: bytes, camera_id: str) -> str:
        """Decrypt it. Raises Unavailable when it is not from that row or not under our key."""
        return self._sealer.open(sealed, table="cameras", column="sealed_address", row=camera_id).decode()
