"""Time-based one-time passwords."""

import hmac
import io
import re

import pyotp
import segno

from securevision.vault.sealer import Sealer

_STEP_MS = 30_000
_CODE = re.compile("[0-9]{6}")
_SEED_CHARACTERS = 32
"""Of base32: 160 bits, as long as the SHA-1 that takes them."""


class SealedTotp:
    """The TotpVault: RFC 6238 with SHA-1, six digits and 30 s, which every authenticator app knows. Any thread."""

    def __init__(self, sealer: Sealer, issuer: str = "SecureVision") -> None:
        self._sealer = sealer
        self._issuer = issuer

    def new_seed(self) -> str:
        """Return a new secret seed, 160 bits in base32."""
        return pyotp.random_base32(_SEED_CHARACTERS)

    def uri(self, seed: str, user_name: str) -> str:
        """Return the `otpauth://` address that authenticator apps read."""
        return pyotp.TOTP(seed).provisioning_uri(name=user_name, issuer_name=self._issuer)

    def qr_svg(self, uri: str) -> str:
        """Return a QR code as an SVG document without style, script or reference, to be shown as it is."""
        svg = io.BytesIO()
        segno.make(uri, error="m", micro=False).save(
            svg, kind="svg", xmldecl=False, svgclass=None, lineclass=None, nl=False, scale=5, light="#fff"
        )
        return svg.getvalue().decode("utf-8")

    def timecode(self, seed: str, code: str, now_ms: int) -> int | None:
        """Return the 30-second step whose code this is, the present one or the one before; None for any other.

        Whoever accepts a step must refuse it, and all before it, from then on. Spaces do not count.
        """
        digits = "".join(code.split())
        if _CODE.fullmatch(digits) is None:
            return None
        totp = pyotp.TOTP(seed)
        present = now_ms // _STEP_MS
        # Both are always compared, so that the time does not tell which one it was.
        found = [
            step
            for step in (present - 1, present)
            if step >= 0 and hmac.compare_digest(totp.generate_otp(step), digits)
        ]
        return max(found, default=None)

    def seal(self, seed: str, user_id: int) -> bytes:
        """Encrypt a seed for that user's row."""
        return self._sealer.seal(seed.encode("ascii"), table="totp", column="sealed_seed", row=user_id)

    def open(self, sealed: bytes, user_id: int) -> str:
        """Decrypt it. Raises Unavailable when it is not from that row or not under our key."""
        return self._sealer.open(sealed, table="totp", column="sealed_seed", row=user_id).decode("ascii")
