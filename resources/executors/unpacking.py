"""How what was sent ahead of a script becomes files again, in whatever `sh` there is."""

UNPACK = r"""
unpack() {
  size=$(head -n 1 sent)
  offset=$((${#size} + 2))
  tail -c "+$offset" sent | head -c "$size" > manifest
  offset=$((offset + size))
  mkdir files
  while read -r size path; do
    case $path in */*) mkdir -p "${path%/*}" ;; esac
    tail -c "+$offset" sent | head -c "$size" > "$path"
    offset=$((offset + size))
  done < manifest
  rm -f sent manifest
}
""".strip()
"""A function of `sh`: it makes files, in the current folder, of what `sent_ahead` put in `sent`."""
