#!/bin/sh
# Run a script with a Python that is new enough: sh tools/python.sh SCRIPT [ARGUMENTS].
# PYTHON, if set, names the Python to use.

enough='import sys; sys.exit(sys.version_info < (3, 11))'

# A name on PATH may be a stub that starts nothing, so each is asked to run something.
for python in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3.14 python3 python; do
    if "$python" -c "$enough" 2>/dev/null; then
        exec "$python" "$@"
    fi
    if [ -n "$PYTHON" ]; then
        echo "PYTHON=$PYTHON is not a Python 3.11 or newer: name another one, or leave it out." >&2
        exit 1
    fi
done

found=$(python3 --version 2>/dev/null || echo none)
echo "Groundskeeper needs Python 3.11 or newer (found: $found): install one, or name it, as in: make chat PYTHON=/path/to/python3.12" >&2
exit 1
