"""The version of the package; nothing below needs to import the package itself."""

__version__ = "0.1.0"
