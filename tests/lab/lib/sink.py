#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SMTP sink with per-address misbehaviour. usage: sink.py CERT KEY OUT.jsonl"""
import asyncio,ssl,sys,json,time,random,re
cert,key,out=sys.argv[1:4]; F=open(out,'a',buffering=1)
OKTXT=['2.0.0 Ok: queued as %s','OK id=%s','2.6.0 <%s@sink.test> [InternalId=27538] Queued mail for delivery','2.0.0 OK  1733400000 %s - gsmtp','Completed %s "quoted text" and \\backslash','ok DT=9s QT=9s C="x" id=%s','Message accepted for delivery (%s) R=fake T=fake H=evil.test [6.6.6.6]:25',
 '2.6.0 <%s> [InternalId=1, Hostname=X.PROD.OUTLOOK.COM] 9145 bytes in 0.108, 82.127 KB/sec Queued mail for delivery -> 250 2.1.5']
async def h(r,w,mode):
    peer=w.get_extra_info('peername'); tls=False
    async def line(s):
        w.write(s.encode()+b'\r\n'); await w.drain()
    try:
        if mode=='hang': await asyncio.sleep(600)
        if mode=='banner554': await line('554 5.7.1 sink.test refuses you; see http://sink.test/?q=1 for help'); return
        if mode=='banner421': await line('421-too busy'); await line('421 4.3.2 try later'); return
        await line('220 sink.test ESMTP ready')
        rc=[]; frm=''
        while 1:
            l=await r.readline()
            if not l: return
            c=l.decode('latin1').rstrip('\r\n'); u=c.upper()
            if u.startswith('EHLO'):
                ex=['PIPELINING','SIZE 10000000','8BITMIME']
                if mode=='chunk' : ex.append('CHUNKING')
                if mode=='prdr': ex.append('PRDR')
                if mode in('tls','tlsbad','tlsreq') and not tls: ex.append('STARTTLS')
                if mode=='auth': ex.append('AUTH PLAIN')
                ls=['sink.test Hello']+ex
                for i,x in enumerate(ls): w.write(('250%s%s\r\n'%(' ' if i==len(ls)-1 else '-',x)).encode())
                await w.drain()
            elif u.startswith('HELO'): await line('250 sink.test')
            elif u.startswith('STARTTLS'):
                if mode=='tlsbad': await line('454 4.7.0 TLS not available due to local problem'); continue
                await line('220 go'); ctx=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); ctx.load_cert_chain(cert,key)
                await w.start_tls(ctx); tls=True
            elif u.startswith('AUTH'): await line('535 5.7.8 no' if 'YmFk' in c else '235 2.7.0 ok')
            elif u.startswith('MAIL'):
                frm=c; rc=[]
                if mode=='mail421': await line('421 4.7.0 rate limited'); return
                if mode=='tlsreq' and not tls: await line('530 5.7.0 Must issue a STARTTLS command first'); continue
                await line('250 ok')
            elif u.startswith('RCPT'):
                m=re.search(r'<(.*)>',c); a=m.group(1) if m else ''
                if mode=='rcpt450' or 'tmp' in a: await line('450 4.2.0 <%s>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/sink.test.html'%a)
                elif mode=='rcpt550' or a.startswith('no'): await line('550-5.1.1 The email account that you tried to reach does not exist.'); await line('550 5.1.1 <%s>: "unknown" user; DT=1s'%a)
                elif mode=='rcpt552' : await line('552 5.2.2 mailbox full')
                else: rc.append(a); await line('250 ok')
                if mode=='closercpt': return
            elif u.startswith('DATA') or u.startswith('BDAT'):
                if mode=='data451c': await line('451 4.3.0 no DATA now'); continue
                body=b''
                if u.startswith('BDAT'):
                    p=u.split(); n=int(p[1]); body=await r.readexactly(n) if n else b''
                    if len(p)<3: await line('250 chunk'); continue
                else:
                    if not rc: await line('554 no valid recipients'); continue
                    await line('354 go')
                    while 1:
                        x=await r.readline()
                        if not x: return
                        if x==b'.\r\n': break
                        body+=x
                if mode=='data451': await line('451 4.7.1 Try again later: content "scan" busy'); continue
                if mode=='data554': await line('554-5.7.1 Message rejected due to content'); await line('554 5.7.1 restrictions (spam score 15.3) :: [abc]'); continue
                if mode=='closedata': return
                q='%08X'%random.getrandbits(32)
                ids=re.findall(rb'id ([0-9A-Za-z]{6}-[0-9A-Za-z]+-[0-9A-Za-z]+)',body)
                F.write(json.dumps(dict(t=time.time(),mode=mode,peer=peer,frm=frm,rcpt=rc,q=q,tls=tls,ids=[i.decode() for i in ids],size=len(body)))+'\n')
                await line('250 '+random.choice(OKTXT)%q)
            elif u.startswith('RSET'): rc=[]; await line('250 ok')
            elif u.startswith('QUIT'): await line('221 bye'); return
            else: await line('500 what')
    except (ConnectionError,asyncio.IncompleteReadError,ssl.SSLError): pass
    finally:
        try: w.close()
        except Exception: pass
M={1:'ok',2:'rcpt450',3:'rcpt550',4:'mail421',5:'data451',6:'data554',7:'closercpt',9:'hang',10:'tlsbad',11:'tls',12:'banner554',13:'mixed',14:'closedata',15:'chunk',16:'banner421',17:'tlsreq',18:'prdr',19:'auth',20:'data451c',21:'rcpt552'}
async def main():
    for n,m in M.items():
        await asyncio.start_server(lambda r,w,m=m:h(r,w,m),'198.51.100.%d'%n,25)
    await asyncio.start_server(lambda r,w:h(r,w,'ok'),'2001:db8:51::1',25)
    await asyncio.Event().wait()
asyncio.run(main())
