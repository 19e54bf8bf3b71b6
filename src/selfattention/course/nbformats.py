"""`nbformat`, imported in a tenth of the time.

Where `rfc3987_syntax` is installed, as it is beside JupyterLab, `jsonschema` builds a parser of web addresses from it
while it is imported, which takes a second or two. No notebook has such addresses, and `jsonschema` does without where
the import fails; so it fails here, once.
"""

import sys

PARSER = "rfc3987_syntax"

_away = PARSER not in sys.modules
if _away:
    sys.modules[PARSER] = None
try:
    import nbformat
finally:
    if _away:
        del sys.modules[PARSER]

__all__ = ["nbformat"]
