"""Self-attention, step by step: a course whose claims are measured and whose mistakes are expected.

In a notebook: `from selfattention import check, hint, progress, certificate`. Nothing heavy is imported before it is
used.
"""

__version__ = "0.1.0"
__all__ = ["certificate", "check", "hint", "progress"]


def __getattr__(name: str):
    if name in __all__:
        from selfattention.course import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'selfattention' has no attribute {name!r}")
