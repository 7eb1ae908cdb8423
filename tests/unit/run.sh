#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh DIRECTORY TEST... - run test binaries, print one line each and a sum.
#
# A binary has failed when it says so, when it ends early (a crash, a sanitizer),
# and when it says nothing at all.
out=$1
shift
total=0
failed=0

for test in "$@"; do
	log=$out/$test.tap
	CMOCKA_MESSAGE_OUTPUT=TAP "$out/$test" >"$log" 2>"$log.err"
	status=$?
	planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | tail -n 1)
	passed=$(grep -a -c '^ok ' "$log")
	bad=$(grep -a -c '^not ok ' "$log")
	total=$((total + passed + bad))
	if [ "$status" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$passed" -gt 0 ] &&
	   [ "$passed" -eq "${planned:-0}" ]; then
		echo "$test: $passed ok"
		[ -z "$V" ] || grep -a '^ok ' "$log"
		continue
	fi
	failed=$((failed + 1))
	echo "$test: FAILED: $passed ok, $bad not ok of ${planned:-?}, exit $status"
	grep -a -v '^ok ' "$log"
	cat "$log.err"
done

echo "$out: $total tests in $# binaries, $failed of them failed"
[ "$failed" -eq 0 ]
