#!/bin/sh
# Makes a CDB list for Wazuh from a plain text list: one entry a line, `#` begins a comment.
#
#   make-list.sh ips     < addresses.txt > waybill-threat-ips
#   make-list.sh domains < domains.txt   > waybill-threat-domains
#
# Addresses: IPv4, IPv4 ranges (a.b.c.d/8 to /32, written out, since Wazuh finds an address only whole or by its first
# one to three numbers), and single IPv6 addresses. Domains: exact names; the lines of a hosts file will do.
# What can't be used is told on standard error and left out; the exit code is then still 0, and 1 if nothing is left.
set -eu

case "${1:-}" in ips | domains) ;; *)
  echo "usage: make-list.sh ips|domains < list.txt" >&2
  exit 64
  ;;
esac

LC_ALL=C awk -v kind="$1" '
  function refuse(why) { print "make-list.sh: line " NR ": " why ": " $0 > "/dev/stderr" }
  function entry(key) { if (!(key in seen)) { seen[key]; print key ":"; made++ } }

  function address(text,    part, bits, n, i, step, count, base) {
    bits = 32
    if (split(text, part, "/") == 2) { bits = part[2]; text = part[1] }
    if (index(text, ":") > 0) {
      if (bits != 32 || text !~ /^[0-9A-Fa-f:.]+$/) return refuse("not a single IPv6 address")
      return entry("\"" tolower(text) "\"")
    }
    n = split(text, part, ".")
    if (n != 4 || bits !~ /^[0-9]+$/ || bits < 8 || bits > 32) return refuse("not an IPv4 address, or a range wider than /8")
    for (i = 1; i <= 4; i++) if (part[i] !~ /^[0-9][0-9]?[0-9]?$/ || part[i] > 255) return refuse("not an address")
    # The number in which the range ends, and how many of its values belong to it.
    n = int((bits + 7) / 8)
    count = 2 ^ (8 * n - bits)
    base = int(part[n] / count) * count
    for (i = 0; i < count; i++) {
      text = ""
      for (step = 1; step < n; step++) text = text part[step] + 0 "."
      entry(text base + i (n < 4 ? "." : ""))
    }
  }

  function domain(text) {
    text = tolower(text)
    sub(/\.$/, "", text)
    if (text !~ /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$/ || text ~ /^[0-9.]+$/)
      return refuse("not a domain")
    entry(text)
  }

  { sub(/\r$/, ""); sub(/[ \t]*#.*/, ""); sub(/^[ \t]+/, ""); sub(/[ \t]+$/, "") }
  $0 == "" { next }
  kind == "ips" { address($1); next }
  { domain($1 ~ /^(0\.0\.0\.0|127\.0\.0\.1|::1?)$/ && NF > 1 ? $2 : $1) }
  END { if (made == 0) { print "make-list.sh: no entries" > "/dev/stderr"; exit 1 } }
'
