"""Volumes for virtual machines on shared SAN storage."""

try:
    from vmstore._version import __version__ as __version__
except ImportError:
    # A checkout in which nothing was ever installed; setuptools-scm writes that file.
    __version__ = "0+unknown"
