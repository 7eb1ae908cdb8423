#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a stage of the tests and says how long it took, whatever came of it:
#     tests/vm/stage.sh NAME COMMAND ARGUMENT...
name=$1
shift
echo "== $name"
start=$(date +%s)
"$@"
status=$?
seconds=$(($(date +%s) - start))
if [ "$status" -eq 0 ]; then
    echo "== $name: $((seconds / 60)) min $((seconds % 60)) s"
else
    echo "== $name: FAILED after $((seconds / 60)) min $((seconds % 60)) s" >&2
fi
exit "$status"
