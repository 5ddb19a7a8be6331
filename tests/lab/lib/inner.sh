#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# runs as pid 1 of private pid+net+mount namespaces; all of it vanishes on exit
set -u
T=$1 N=$2 TH=$3 PROFILE=$4 EXIMBIN=$5 LIB=$6 SEED=$7
ip link set lo up
for a in 192.0.2.10 192.0.2.20 192.0.2.53 203.0.113.{1..9} 203.0.113.{50,51,66,77,78,90,113,200,201,202,203,204,205} 198.51.100.{1..21}; do ip addr add $a/32 dev lo; done
for a in 2001:db8:2::10 2001:db8:66::1 2001:db8:66::2 2001:db8:51::1; do ip -6 addr add $a/128 dev lo nodad; done
echo 6000 > /proc/sys/kernel/ns_last_pid 2>/dev/null
mkdir -p $T/{a/spool,a/log,a/mail,b/spool,b/log,b/mail,etca,etcb,tls,dkim,sys,grey}
chmod 755 $T; chown -R Debian-exim:Debian-exim $T/a/spool $T/a/log $T/b/spool $T/b/log; chmod 1777 $T/a/mail
cd $T/tls
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=Test CA" 2>/dev/null
mk(){ openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "$2" 2>/dev/null; openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $1.pem 2>/dev/null; }
mk a "/C=GB/O=Example Test/CN=mx-a.example.test"; mk b "/C=DE/L=M\xc3\xbcnchen/O=Example, Inc. \"B\"/CN=mx-b.example.test"; mk client "/C=US/ST=New York/O=Acme, Ltd/CN=client one/emailAddress=c@client.test"
openssl req -x509 -newkey rsa:2048 -nodes -keyout selfc.key -out selfc.pem -days 2 -subj "/CN=self" 2>/dev/null
cd $T/dkim; openssl genrsa -out sel.key 2048 2>/dev/null; openssl genrsa -out short.key 768 2>/dev/null || openssl genrsa -out short.key 1024; openssl genpkey -algorithm ed25519 -out ed.key
pub(){ openssl rsa -in $1 -pubout -outform DER 2>/dev/null | base64 -w0; }
cp $LIB/zone.in $T/zone
{ echo "sel._domainkey.a.example.test TXT v=DKIM1; k=rsa; p=$(pub sel.key)"
  echo "wrong._domainkey.a.example.test TXT v=DKIM1; k=rsa; p=$(openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -outform DER 2>/dev/null | base64 -w0)"
  echo "short._domainkey.a.example.test TXT v=DKIM1; k=rsa; p=$(pub short.key)"
  echo "badkey._domainkey.a.example.test TXT v=DKIM1; k=rsa; p=notbase64!!"
  echo "ed._domainkey.a.example.test TXT v=DKIM1; k=ed25519; p=$(openssl pkey -in ed.key -pubout -outform DER | tail -c 32 | base64 -w0)"; } >> $T/zone
printf 'team: alice@a.example.test, bob@a.example.test, ghost@rcpt550.test, "|/bin/cat >/dev/null"\ndeep: deep2@a.example.test\ndeep2: deep3@a.example.test, u7@ok.test\ndeep3: alice@a.example.test\npipeok: "|/bin/cat"\npipefail: "|/bin/sh -c \\"echo oops; exit 3\\""\nfileto: %s/a/mail/fileto\n"a b": bob@a.example.test\n' $T > $T/aliases
printf 'filtered:\nvacation:\nseenfinish:\n' > $T/filters
printf '# Exim filter\nsave %s/a/mail/filtered\nunseen deliver u8@ok.test\n' $T > $T/filter.filtered
printf '# Exim filter\nif not error_message then mail to $reply_address subject "Re: $h_subject:" text "gone" endif\n' > $T/filter.vacation
printf '# Exim filter\nseen finish\n' > $T/filter.seenfinish
{ for u in alice bob carol shadow team deep deep2 deep3 warnme warnx fileto list-owner nokey badkey wrong ed simple ts ident nosign '"a b"'; do echo "$u: x"; done; for i in $(seq 0 40); do echo "grey$i: x"; done; } > $T/users
chmod -R a+rX $T; chmod 644 $T/dkim/* $T/tls/*
# private /etc/exim4, resolv.conf, hosts, /dev/log
LOGA="$T/a/log/%slog"; LOGB="$T/b/log/%slog"; D=""; EX=""; BS="+dkim_verbose"
case $PROFILE in all) D="SELALL = yes";; alltz) D=$'SELALL = yes\nTZLOG = yes';; syslog) D="SELALL = yes"; EX="-pid"; LOGA="syslog";; syslognots) D=$'SELALL = yes\nSYSLOGNOTS = yes'; EX="-pid -millisec"; LOGA="syslog";; busy) EX="+incoming_port +outgoing_port +smtp_connection +received_recipients +queue_time +deliver_time +tls_peerdn -rejected_header +subject +pid"; D="SELALL=yes"; EX="-all $EX";; esac
[ -n "$D" ] && SELA="$D" || SELA="#"
for x in a b; do { printf '%s\n' "$SELA"; sed -e "s#@T@#$T#g;s#@LOG@#$LOGA#;s#@LOGB@#$LOGB#;s#@EXTRASEL@#$EX#;s#@BSEL@#$BS#" $LIB/exim-$x.conf; } > $T/etc$x/exim4.conf; chmod 644 $T/etc$x/exim4.conf; done
printf 'nameserver 192.0.2.53\noptions edns0 timeout:2 attempts:1\n' > $T/resolv.conf; printf '127.0.0.1 localhost\n192.0.2.10 mx-a.example.test mx-a\n' > $T/hosts
mount --make-rprivate /
mount --bind $T/resolv.conf /etc/resolv.conf; mount --bind $T/hosts /etc/hosts
[ -n "$EXIMBIN" ] && mount --bind $EXIMBIN /usr/sbin/exim4
mkdir $T/dev; mount -t tmpfs tmpfs $T/dev; for d in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 $T/dev/${d%:*} c 1 ${d#*:}; done; mknod -m 666 $T/dev/tty c 5 0; ln -s /proc/self/fd $T/dev/fd; ln -s fd/0 $T/dev/stdin; ln -s fd/1 $T/dev/stdout; ln -s fd/2 $T/dev/stderr; mkdir $T/dev/shm; chmod 1777 $T/dev/shm; mount --bind $T/dev /dev
hostname mx-a 2>/dev/null
PY=$(command -v python3.11 || command -v /usr/bin/python3 || command -v python3)
$PY $LIB/syslogd.py /dev/log $T/sys & $PY $LIB/dns.py $T/zone 192.0.2.53 & 
$PY $LIB/sink.py $T/tls/selfc.pem $T/tls/selfc.key $T/sink.jsonl & sleep 1
unshare -m sh -c "mount --bind $T/etcb /etc/exim4; exec /usr/sbin/exim4 -bdf -q7s" & 
mount --bind $T/etca /etc/exim4
/usr/sbin/exim4 -bV > $T/version.txt 2>&1; /usr/sbin/exim4 -bP config >/dev/null || exit 3
/usr/sbin/exim4 -bdf -q5s & AP=$!; sleep 1
$PY $LIB/drive.py $((N/2)) $TH $T/truth.jsonl $SEED $T/tls /usr/sbin/exim4
# admin actions on what is queued, then force pid reuse and go on
for id in $(/usr/sbin/exim4 -bpr | awk '/^ *[0-9]+[smhd]/{print $3}' | head -40); do case $((RANDOM%9)) in 0) /usr/sbin/exim4 -Mf $id;; 1) /usr/sbin/exim4 -Mrm $id;; 2) /usr/sbin/exim4 -Mg $id;; 3) /usr/sbin/exim4 -Mar $id extra@ok.test;; 4) /usr/sbin/exim4 -Mes $id newsender@sender.test;; 5) /usr/sbin/exim4 -Mf $id; /usr/sbin/exim4 -Mt $id;; 6) /usr/sbin/exim4 -Mmad $id;; 7) /usr/sbin/exim4 -Mmd $id u1@ok.test;; 8) /usr/sbin/exim4 -M $id;; esac; done >/dev/null 2>&1
/usr/sbin/exim4 -qGslowq >/dev/null 2>&1 &
echo 6000 > /proc/sys/kernel/ns_last_pid 2>/dev/null
$PY $LIB/drive.py $((N-N/2)) $TH $T/truth.jsonl $((SEED+1)) $T/tls /usr/sbin/exim4
sleep 8; /usr/sbin/exim4 -qGslowq >/dev/null 2>&1; kill -HUP $AP; sleep ${DRAIN:-22}
/usr/sbin/exim4 -qff >/dev/null 2>&1; /usr/sbin/exim4 -bp > $T/queue-at-end.txt 2>&1
kill $AP; sleep 1
