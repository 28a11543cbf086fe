#!/bin/sh
# guard.sh RUN_FOLDER COMMAND...
# Runs the command until it ends, or until standard input closes: that happens however the process that started
# this one ends, SIGKILL included. Then nothing is left: no node, no folder. The node is killed, not asked: its data
# are thrown away, and its own shutdown was seen to wait 15 s for idle network threads.
run=$1
shift
exec 3<&0
"$@" </dev/null &
node=$!
(read -r _ <&3; kill -KILL $node 2>/dev/null) &
watch=$!
trap 'kill -KILL $node 2>/dev/null' TERM INT HUP
# The shell's own "Killed" has nobody left to read it.
trap '' PIPE
wait $node
while kill -0 $node 2>/dev/null; do wait $node; done
kill $watch 2>/dev/null
rm -rf "$run"
