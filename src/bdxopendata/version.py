"""The version of this library: here once, and read from here when it is built.

Asking what is installed means to list every installed package, which takes longer than reading stored data.
"""

__version__ = "0.1.0"
