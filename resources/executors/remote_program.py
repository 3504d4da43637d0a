"""What watches over a script on a host that the bot reaches by SSH: a program for its `sh`.

The connection may be lost and the bot may end; the script goes on, in a session of its own, and
can be found again by the folder that bears its name. In that folder are:

    prologue    sets its environment and its arguments, and is removed as it is read, as is stdin
    files/      its own folder, where it has one
    pid         of the script, which leads a session and a process group
    seg.N       what it printed, from byte N on; a segment that was heard is removed
    heard       up to which byte that is
    status      how it ended, written last: a number, or one word

A script that prints more than the room for what nobody has heard yet waits. Besides `sh` the host
needs a /proc, and `setsid`, `env`, `mkfifo`, `grep`, `sed`, `dd`, `head` and `tail`, as Debian,
Alpine and the like have them from the start.
"""

from resources.executors.process_tree import MARK
from resources.executors.script import FILES_LIMIT
from resources.executors.unpacking import UNPACK

KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")

_PROGRAM = r"""
set -u
umask 077
text=$1 verb=$2
case $3 in /*) at=$3 ;; *) at=$HOME/$3 ;; esac
name=${at##*/}
shift 3

again() { exec setsid sh -c 'eval "$1"' orbits "$text" "$1" "$at" "$2" "$3"; }

marked() {
  grep -lsazxF "@MARK@=$name" /proc/[0-9]*/environ 2>/dev/null |
    sed 's,/proc/\([0-9]*\)/.*,\1,'
}

tell() {
  kill -s "$1" -- "-$pid" 2>/dev/null
  for each in $(marked); do kill -s "$1" "$each" 2>/dev/null; done
}

# First the leader: before it leads a group, it has started nothing that could be left.
kill_group() { kill -s KILL "$1"; kill -s KILL -- "-$1"; }

end_tree() {
  pid=$(cat pid 2>/dev/null) || return 0
  tell TERM
  turns=$1
  while [ "$turns" -gt 0 ] && kill -s 0 -- "-$pid" 2>/dev/null; do
    sleep 0.05
    turns=$((turns - 1))
  done
  for each_time in 1 2 3; do
    tell KILL
    [ -n "$(marked)" ] || break
  done
}

start() {
  base=${at%/*}
  mkdir -p "$base" && new=$(mktemp -d "$base/.new-XXXXXX") || exit 1
  cat > "$new/sent"
  if [ "$(wc -c < "$new/sent")" -ne "$1" ]; then
    rm -rf "$new"
    exit 1
  fi
  find "$base" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
  if mkdir "$at" 2>/dev/null; then
    mv "$new/sent" "$at/sent"
    (
      exec < /dev/null > /dev/null 2>&1
      again supervise "$2" "$3"
    ) &
  fi
  rm -rf "$new"
  turns=200
  while [ ! -e "$at/pid" ] && [ "$turns" -gt 0 ]; do
    sleep 0.02
    turns=$((turns - 1))
  done
  echo started
}

@UNPACK@

supervise() {
  cd "$at" || exit 1
  echo $$ > supervisor
  unpack
  mkfifo pipe
  again relay "$2" 0 < pipe &
  relay=$!
  set -- "$1"
  for each in @KEPT@; do
    if eval "[ \"\${$each+x}\" ]"; then eval "set -- \"\$@\" \"$each=\$$each\""; fi
  done
  seconds=$1
  shift
  env -i "$@" "@MARK@=$name" setsid sh -c '. "$1/prologue"' orbits "$at" < stdin > pipe 2>&1 &
  pid=$!
  echo "$pid" > pid.new && mv pid.new pid
  again watch "$seconds" 0 &
  watch=$!
  wait "$pid"
  status=$?
  if [ -e late ]; then wait "$watch"; fi
  kill_group "$watch"
  turns=20
  while [ ! -e drained ] && [ "$turns" -gt 0 ]; do
    sleep 0.05
    turns=$((turns - 1))
  done
  kill_group "$relay"
  if [ -e late ]; then status=timed-out; fi
  if [ -e failure ]; then status=$(cat failure); fi
  echo "$status" > status.new && mv status.new status
}

relay() {
  cd "$at" || exit 1
  base=0
  while :; do
    dd bs=65536 count=512 "of=seg.$base" 2>/dev/null
    size=$(wc -c < "seg.$base")
    [ "$size" -gt 0 ] || break
    base=$((base + size))
    while [ "$((base - $(cat heard 2>/dev/null || echo 0)))" -gt "$1" ]; do sleep 0.05; done
  done
  : > drained
}

watch() {
  cd "$at" || exit 1
  sleep "$1"
  : > late
  end_tree 100
}

acknowledge() {
  while read -r heard; do
    echo "$heard" > heard.new && mv heard.new heard
    for each in seg.*; do
      next=seg.$((${each#seg.} + $(wc -c < "$each")))
      if [ "${next#seg.}" -le "$heard" ] && [ "$next" != "$each" ] && [ -e "$next" ]; then
        rm -f "$each"
      fi
    done
  done
  kill -s KILL $$
}

first_segment() {
  base=
  for each in seg.*; do
    [ -e "$each" ] || continue
    if [ -z "$base" ] || [ "${each#seg.}" -lt "$base" ]; then base=${each#seg.}; fi
  done
}

attach() {
  cd "$at" 2>/dev/null || { echo "=vanished" >&2; exit 0; }
  offset=$1
  exec 3<&0
  acknowledge <&3 &
  acknowledging=$!
  first_segment
  if [ "${base:-0}" -gt "$offset" ]; then
    offset=$base
  fi
  echo "=$offset" >&2
  supervisor=$(cat supervisor 2>/dev/null || echo 0)
  over=
  while [ -z "$over" ]; do
    if [ -e status ]; then
      over=$(cat status)
    elif ! kill -s 0 "$supervisor" 2>/dev/null; then
      over=vanished
      if [ -e status ]; then over=$(cat status); fi
    fi
    [ -n "$base" ] || first_segment
    pass
    [ -n "$over" ] || sleep 0.03
  done
  kill "$acknowledging"
  echo "=$over" >&2
}

pass() {
  while [ -n "$base" ] && [ -e "seg.$base" ]; do
    size=$(wc -c < "seg.$base")
    if [ "$((base + size))" -gt "$offset" ]; then
      tail -c "+$((offset - base + 1))" "seg.$base" | head -c "$((base + size - offset))"
      offset=$((base + size))
    fi
    [ "$size" -gt 0 ] && [ -e "seg.$((base + size))" ] || break
    base=$((base + size))
  done
}

end() {
  cd "$at" 2>/dev/null || exit 0
  end_tree "$1"
  turns=100
  while [ ! -e status ] && [ "$turns" -gt 0 ]; do
    sleep 0.05
    turns=$((turns - 1))
  done
  forget
}

take() {
  if [ ! -f "$at/files/$1" ]; then exit 3; fi
  head -c @MOST@ "$at/files/$1"
  head -c @MOST@ "$at/files/$1" | wc -c >&2
}

forget() { rm -rf "$at"; }

"$verb" "$@"
"""

PROGRAM = (
    _PROGRAM.replace("@UNPACK@", UNPACK)
    .replace("@MARK@", MARK)
    .replace("@KEPT@", " ".join(KEPT))
    .replace("@MOST@", str(FILES_LIMIT + 1))
    .strip()
)
