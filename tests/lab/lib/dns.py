#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tiny authoritative DNS for the private network namespace. usage: dns.py ZONEFILE IP
zone lines: name TYPE value...   (TYPE A AAAA MX TXT PTR CNAME SERVFAIL)"""
import socket,struct,sys,threading
Z={};SF=set()
for l in open(sys.argv[1]):
    l=l.strip()
    if not l or l[0]=='#': continue
    n,t,*v=l.split(None,2); n=n.lower().rstrip('.')
    if t=='SERVFAIL': SF.add(n); continue
    Z.setdefault(n,{}).setdefault(t,[]).append(v[0])
T={1:'A',28:'AAAA',15:'MX',16:'TXT',12:'PTR',5:'CNAME'};R={v:k for k,v in T.items()}
def enc(n):
    o=b''
    for p in n.rstrip('.').split('.'):
        if p: o+=bytes([len(p)])+p.encode()
    return o+b'\0'
def rd(t,v):
    if t=='A': return socket.inet_aton(v)
    if t=='AAAA': return socket.inet_pton(socket.AF_INET6,v)
    if t=='MX':
        p,h=v.split(); return struct.pack('>H',int(p))+enc(h)
    if t=='TXT':
        b=v.encode(); o=b''
        while b: o+=bytes([min(255,len(b))])+b[:255]; b=b[255:]
        return o
    return enc(v)
def answer(q,tcp=False):
    i=q[:2]; p=12; lab=[]
    while q[p]: lab.append(q[p+1:p+1+q[p]].decode('latin1')); p+=1+q[p]
    qt=struct.unpack('>H',q[p+1:p+3])[0]; qs=q[12:p+5]; n='.'.join(lab).lower()
    if n in SF: return i+struct.pack('>HHHHH',0x8582,1,0,0,0)+qs
    rr=[]; d=Z.get(n)
    t=T.get(qt)
    cur=n
    if d and 'CNAME' in d and t!='CNAME':
        rr.append(b'\xc0\x0c'+struct.pack('>HHIH',5,1,60,len(enc(d['CNAME'][0])))+enc(d['CNAME'][0])); cur=d['CNAME'][0].lower(); d=Z.get(cur)
    if d and t:
        for v in d.get(t,[]):
            x=rd(t,v); rr.append((b'\xc0\x0c' if cur==n else enc(cur))+struct.pack('>HHIH',qt,1,60,len(x))+x)
    rc=0 if (d is not None or any(k.endswith('.'+n) for k in Z)) else 3
    body=b''.join(rr)
    fl=0x8580|rc
    if not tcp and len(qs)+12+len(body)>4000: return i+struct.pack('>HHHHH',fl|0x200,1,0,0,0)+qs
    return i+struct.pack('>HHHHH',fl,1,len(rr),0,0)+qs+body
def tcp(ip):
    s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind((ip,53)); s.listen(50)
    while 1:
        c,_=s.accept()
        try:
            l=struct.unpack('>H',c.recv(2))[0]; a=answer(c.recv(l),True); c.sendall(struct.pack('>H',len(a))+a)
        except Exception: pass
        c.close()
ip=sys.argv[2]; threading.Thread(target=tcp,args=(ip,),daemon=True).start()
u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); u.bind((ip,53))
while 1:
    q,a=u.recvfrom(4096)
    try: u.sendto(answer(q),a)
    except Exception as e: print('dns',e,file=sys.stderr)
