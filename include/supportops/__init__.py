"""The software that a web agency's support desk runs on."""

__version__ = "0.1.0"
