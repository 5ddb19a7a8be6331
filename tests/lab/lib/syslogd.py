#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Catch /dev/log datagrams. usage: syslogd.py SOCKET OUTDIR  -> raw (with <PRI>), rfc3164 file, iso (rsyslog default) file, sophos style file"""
import socket,sys,os,re,time,datetime
p,o=sys.argv[1:3]
try: os.unlink(p)
except OSError: pass
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET,socket.SO_RCVBUF,8<<20); s.bind(p); os.chmod(p,0o666)
raw=open(o+'/syslog.raw','a',buffering=1); bsd=open(o+'/mail.log','a',buffering=1); iso=open(o+'/mail.iso.log','a',buffering=1); utm=open(o+'/smtp.utm.log','a',buffering=1)
while 1:
    d=s.recv(65536).rstrip(b'\0\n').decode('latin1')
    raw.write(d.replace('\n','#012')+'\n')
    m=re.match(r'<(\d+)>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*)$',d,re.S)
    if not m: continue
    msg=m.group(3).replace('\n','#012').replace('\t','#011'); n=datetime.datetime.now().astimezone()
    bsd.write('%s mx-a %s\n'%(m.group(2),msg))
    iso.write('%s mx-a %s\n'%(n.isoformat(timespec='microseconds'),msg))
    utm.write('%s mx-a %s\n'%(n.strftime('%Y:%m:%d-%H:%M:%S'),re.sub(r'^exim\[','exim-in[',msg)))
