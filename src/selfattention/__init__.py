"""Self-attention, step by step: a course whose claims are measured and whose mistakes are expected.

<<<<<<< HEAD
In a notebook: `from selfattention import check, hint, progress, certificate`. Nothing heavy is imported until it is
=======
In a notebook: `from selfattention import check, hint, progress, certificate`. Nothing heavy is imported before it is
>>>>>>> 4429b6aa54e3f6948347d480b2945278650b35f1
used.
"""

__version__ = "0.1.0"
__all__ = ["certificate", "check", "hint", "progress"]


def __getattr__(name: str):
    if name in __all__:
        from selfattention.course import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'selfattention' has no attribute {name!r}")
