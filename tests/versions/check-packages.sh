#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Inside a chroot with both packages, Debian's syslog-ng and nothing else: what README.md promises to who installs them.
# usage: check-packages.sh README
set -euo pipefail
readme=$1
examples=/usr/share/doc/syslog-ng-mod-mailtrace/examples
manual=/usr/share/doc/syslog-ng-mod-mailtrace/modules/mailtrace/README.md
founding=$examples/logs/01-full-message.log
control=/var/lib/syslog-ng/syslog-ng.ctl
die() { echo "check-packages: $*" >&2; exit 1; }

# "the packages fit": the module's package wants this minor version of syslog-ng and no other
depends=$(dpkg-query -W -f='${Depends}' syslog-ng-mod-mailtrace)
minor=$(dpkg-query -W -f='${Version}' syslog-ng-core | grep -o '^[0-9]*\.[0-9]*')
grep -q "syslog-ng-core (>= $minor), syslog-ng-core (<< ${minor%.*}.$((${minor#*.} + 1))~)" <<< "$depends" || die "depends: $depends"
syslog-ng --module-registry 2>/dev/null | grep -A 5 'Module: mailtrace' | grep -i version || die "the module is not listed"

# waits up to 20 s
until_true() {
  local i
  for i in $(seq 200); do ! "$@" 2>/dev/null || return 0; sleep 0.1; done
  return 1
}

start() {
  mkdir -p /var/lib/syslog-ng
  syslog-ng --foreground --no-caps --stderr --control "$control" > /tmp/syslog-ng.log 2>&1 &
  server=$!
  until_true syslog-ng-ctl stats --control "$control" > /dev/null || { cat /tmp/syslog-ng.log; die "syslog-ng does not start"; }
}

stop() {
  kill -TERM $server
  wait $server || die "syslog-ng ends with $?"
}

# the README's snippet, without its first two lines, beside Debian's own configuration
mkdir -p /etc/syslog-ng/conf.d
awk '/^```/ { inside = 0 } inside { print } /^```$/ { getline; if (/^@version/) { inside = 1; getline } }' "$readme" \
  > /etc/syslog-ng/conf.d/mailtrace.conf
grep -q sophos-utm-smtp /etc/syslog-ng/conf.d/mailtrace.conf || die "no snippet in $readme"
start
while read -r line; do printf '%s' "$line" > /dev/udp/127.0.0.1/514; done < "$founding"
until_true test -s /var/log/mailtrace/2019-06.ndjson || { cat /tmp/syslog-ng.log; die "no document"; }
while read -r command; do
  (cd /tmp && bash -o pipefail -c "$command" > /tmp/told 2>&1 && test -s /tmp/told -o "${command#*only}" != "$command") \
    || { cat /tmp/told; die "of the manual fails: $command"; }
done < <(awk '/^```/ { inside = /^```sh/ } inside && /^syslog-ng/' "$manual")
stop
mailtrace --quiet "$founding" > /tmp/expected
cmp /tmp/expected /var/log/mailtrace/2019-06.ndjson || die "the document is not that of the command"
grep -q '"id":"defense:1haLqi-0002Mp-2G".*"lines":14' /tmp/expected || die "the document is not the right one"
echo "the README's snippet works beside Debian's configuration"

# completion: every option, and the values
complete_line() {
  bash -c '. /usr/share/bash-completion/bash_completion
    COMP_WORDS=(); read -r -a COMP_WORDS <<< "$1"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1}
    . /usr/share/bash-completion/completions/mailtrace
    _mailtrace mailtrace "${COMP_WORDS[COMP_CWORD]}" "" 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' complete "$1" | tr -d = | sort
}
complete_line "mailtrace --" > /tmp/completed
mailtrace --help | grep -o -E '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -o -E -- '--[a-z-]+' | sort > /tmp/options
cmp /tmp/completed /tmp/options || { diff /tmp/completed /tmp/options; die "completion and --help differ"; }
[ "$(complete_line 'mailtrace --json=n')" = native ] || die "no values of --json"
[ "$(complete_line 'mailtrace --emit=message,del')" = message,delivery ] || die "no lists of --emit"
echo "completion knows the options of --help"
gunzip -c /usr/share/man/man1/mailtrace.1.gz > /tmp/manual
while read -r option; do
  grep -q -F "\\fB${option//-/\\-}\\fR" /tmp/manual || die "the manual lacks $option"
done < /tmp/options

dpkg --purge mailtrace syslog-ng-mod-mailtrace
# the repository is mounted here, below the directory that this runs in
[ -z "$(find / -xdev \( -path /proc -o -path "$PWD" \) -prune -o \( -name '*libmailtrace*' -o -path '*/scl/mailtrace*' -o -name 'mailtrace.1*' \) -print)" ] \
  || die "purging leaves files"
rm /etc/syslog-ng/conf.d/mailtrace.conf
start
stop
echo "without the packages syslog-ng starts"
