#!/bin/sh
# golden.sh FOLDER: replays recorded answers of Qdrant against a gateway
# (golden.py), with PG_CONFIG's PostgreSQL, as the current user.
exec "${PYTHON:-python3}" "$(dirname "$0")/golden.py" "$@"
