#!/bin/sh
# guard.sh RUN_FOLDER COMMAND...
# Runs the command until it ends, or until standard input closes: that happens however the process that started
# this one ends, SIGKILL included. Then nothing is left: no node, no folder. The node is killed, not asked: its data
# are thrown away, and its own shutdown was seen to wait 15 s for idle network threads.
# RUN_FOLDER/pid holds the node's number. A node that ends while there is RUN_FOLDER/down is started again, on the
# same data, when that file goes.
run=$1
shift
exec 3<&0
over() {
  touch "$run/over"
  rm -f "$run/down"
  kill -KILL "$(cat "$run/pid")" 2>/dev/null
}
(read -r _ <&3; over) &
watch=$!
trap over TERM INT HUP
# The shell's own "Killed" has nobody left to read it.
trap '' PIPE
until [ -e "$run/over" ]; do
  "$@" </dev/null &
  node=$!
  echo $node >"$run/pid"
  # It may have been over just before there was a number.
  [ ! -e "$run/over" ] || kill -KILL $node 2>/dev/null
  while kill -0 $node 2>/dev/null; do wait $node; done
  rm -f "$run/pid"
  [ -e "$run/down" ] || break
  while [ -e "$run/down" ]; do sleep 0.1; done
done
kill $watch 2>/dev/null
rm -rf "$run"
