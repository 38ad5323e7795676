import pytest

from securevision.vault.signing import Ed25519Signer, make_private_key, verify_signature


def test_the_first_vector_of_rfc_8032() -> None:
    signer = Ed25519Signer(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert signer.public_key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


def test_a_signature_belongs_to_its_key_and_message() -> None:
    signer, other = Ed25519Signer(make_private_key()), Ed25519Signer(make_private_key())
    signature = signer.sign(b"message")
    assert verify_signature(signer.public_key, signature, b"message")
    assert not verify_signature(signer.public_key, signature, b"massage")
    assert not verify_signature(other.public_key, signature, b"message")
    assert not verify_signature(signer.public_key, signature[:-1], b"message")
    assert not verify_signature(b"short", signature, b"message")
    assert not verify_signature(signer.public_key, b"", b"message")


def test_a_signature_with_the_group_order_added_is_refused() -> None:
    signer = Ed25519Signer(bytes(32))
    signature = signer.sign(b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    forged = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not verify_signature(signer.public_key, forged, b"x")


def test_the_private_key_is_not_shown() -> None:
    key = make_private_key()
    signer = Ed25519Signer(key)
    assert key.hex() not in repr(signer)
    with pytest.raises(ValueError, match="32"):
        Ed25519Signer(b"short")
