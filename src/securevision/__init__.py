"""SecureVision: recognises trusted faces and licence plates on the machine that watches."""

__version__ = "0.2.0"
