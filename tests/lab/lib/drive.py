#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Concurrent SMTP load. usage: drive.py N THREADS TRUTH.jsonl SEED TLSDIR EXIM SENDMAILRATIO"""
import socket,ssl,sys,json,time,random,threading,base64,hashlib,re,subprocess,os
N,TH,OUT,SEED,TLS,EXIM=int(sys.argv[1]),int(sys.argv[2]),sys.argv[3],int(sys.argv[4]),sys.argv[5],sys.argv[6]
F=open(OUT,'a',buffering=1); L=threading.Lock(); A='192.0.2.10'
def rec(**k):
    with L: F.write(json.dumps(k)+'\n')
class Dead(Exception): pass
class C:
    def __init__(s,src,port=25,dst=A,tls=False,cert=False,sni=None,proxy=None):
        s.t0=time.time(); s.log=[]; fam=socket.AF_INET6 if ':' in src else socket.AF_INET
        s.k=socket.socket(fam); s.k.settimeout(25); s.k.bind((src,0)); s.k.connect((dst,port)); s.src=src; s.sport=s.k.getsockname()[1]
        if proxy: s.k.sendall(proxy.encode())
        s.buf=b''
        s.cert=cert; s.sni=sni
        if tls: s.starttls()
    def starttls(s):
        c=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); c.check_hostname=False; c.verify_mode=ssl.CERT_NONE
        if random.random()<.3: c.maximum_version=ssl.TLSVersion.TLSv1_2
        if s.cert: c.load_cert_chain(TLS+'/client.pem',TLS+'/client.key')
        s.k=c.wrap_socket(s.k,server_hostname=s.sni)
    def rl(s):
        while b'\n' not in s.buf:
            try: d=s.k.recv(65536)
            except (OSError,ssl.SSLError): d=b''
            if not d: raise Dead()
            s.buf+=d
        l,s.buf=s.buf.split(b'\n',1); return l.decode('latin1').rstrip('\r')
    def reply(s,what=''):
        r=[]
        while 1:
            l=s.rl(); r.append(l)
            if l[3:4]!='-': break
        s.log.append([what,' | '.join(r)]); return r[-1]
    def w(s,b):
        try: s.k.sendall(b if isinstance(b,bytes) else b.encode('latin1'))
        except OSError: raise Dead()
    def cmd(s,c): s.w(c+'\r\n'); return s.reply(c[:120])
    def close(s):
        try: s.k.close()
        except OSError: pass
def msg(frm,to,subj,extra='',body=None,mid=None):
    b=body if body is not None else 'hello %d\r\n'%random.randrange(10**9)*random.choice([1,3,40])
    mid='<%s>'%mid if mid else '<%x.%d@%s>'%(random.getrandbits(48),random.randrange(10**6),random.choice(['gen.test','[203.0.113.1]','mail.big.test']))
    return 'From: <%s>\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: %s\r\nDate: Mon, 25 Nov 2024 10:00:00 +0000\r\n%s\r\n%s'%(frm or 'x@sender.test',', '.join('<%s>'%t for t in to),subj,mid,extra,b)
SUB=['Statement','Invoice #42: "urgent" \\ pay','=?utf-8?B?w5xiZXIgZ3LDvMOfZSDwn5iA?= x','Completed','=> fake R=x T=y','T=topic id=<nope> for nobody@x','','a'*150,'Re: <= from; H=[1.2.3.4]']
SRC=['203.0.113.1','203.0.113.2','203.0.113.3','203.0.113.4','203.0.113.5','2001:db8:66::1','2001:db8:66::2','203.0.113.8','203.0.113.9']
HELO={'203.0.113.1':['client1.example.test','[203.0.113.1]','other.helo.test'],'203.0.113.2':['client2.example.test','localhost'],'203.0.113.3':['mail-wr1-f43.big.test','MAIL-wr1-f43.BIG.test'],
 '203.0.113.4':['nohost.test','[10.21.32.43]','10.21.32.43','under_score'],'203.0.113.5':['User','ylmf-pc'],'2001:db8:66::1':['six.example.test','[IPv6:2001:db8:66::1]'],'2001:db8:66::2':['[IPv6:2001:db8::dead]','six2']}
SND=['sendinguser@sender.test','bob@ok.test','auth@sender.test','tlsreq@sender.test','"quoted local"@sender.test','o\'brien+tag=x@sender.test','SRS0=tyYMsf=UJ=sender.test=user@ok.test','','prvs=01234=abc@sender.test','bob@bob.example.test','x@spf.test','nokey@a.example.test','badkey@a.example.test','wrong@a.example.test','ed@a.example.test','simple@a.example.test','ts@a.example.test','ident@a.example.test','nosign@a.example.test']
LOC=['alice@a.example.test','bob@a.example.test','carol+tag@a.example.test','team@a.example.test','deep@a.example.test','shadow@a.example.test','pipeok@a.example.test','pipefail@a.example.test','fileto@a.example.test','blackhole@a.example.test','warnme@a.example.test','filtered@a.example.test','vacation@a.example.test','seenfinish@a.example.test','quota@a.example.test','list@a.example.test','once@a.example.test','"a b"@a.example.test','user@b.example.test','failb@b.example.test','second@b.example.test','prdrno@b.example.test','later@b.example.test','nobody@b.example.test','alice@bob.example.test']
REM=['u1@ok.test','u2@ok.test','u3@ok.test','v@six.test','v@rcpt450.test','v@rcpt550.test','v@mail421.test','v@data451.test','v@data554.test','v@close.test','v@refused.test','v@tlsbad.test','v@tls.test','w@tls.test','v@banner.test','no1@mixed.test','tmp1@mixed.test','yes@mixed.test','v@closed.test','v@chunk.test','v@busy.test','v@tlsreq.test','v@prdr.test','v@auth.test','v@data451c.test','v@full.test','v@multi.test','"odd @ name"@ok.test','v@nomx.test','v@nxdomain.test','v@servfail.test','v@nullmx.test','v@lmtp.test','v@loop.test','v@badhost.test']
HANG=['v@hang.test']
OK=['u%d@ok.test'%i for i in range(30)]+['alice@a.example.test','bob@a.example.test','user@b.example.test']
def ehlo(c,h=None): return c.cmd(('EHLO ' if random.random()<.85 else 'HELO ')+(h or random.choice(HELO.get(c.src,['h%d.test'%random.randrange(99)]))))
def ids(c): return [m.group(1) for _,r in c.log for m in [re.search(r'id=([0-9A-Za-z]{6}-[0-9A-Za-z]+-[0-9A-Za-z]+)',r)] if m]
def tx(c,frm,to,m,opt='',pipe=False):
    if pipe:
        c.w('MAIL FROM:<%s>%s\r\n'%(frm,opt)+''.join('RCPT TO:<%s>\r\n'%t for t in to)+'DATA\r\n')
        c.reply('MAIL FROM:<%s>'%frm); rs=[c.reply('RCPT TO:<%s>'%t) for t in to]; r=c.reply('DATA')
    else:
        if c.cmd('MAIL FROM:<%s>%s'%(frm,opt))[0]!='2': return None
        rs=[c.cmd('RCPT TO:<%s>'%t) for t in to]
        if not any(r[0]=='2' for r in rs): c.cmd('RSET') ; return None
        r=c.cmd('DATA')
    if r[0]!='3': return None
    c.w(re.sub(r'(?m)^\.','..',m)+'\r\n.\r\n'); return c.reply('.')
def normal(n,pool=None,tls=None,**k):
    src=random.choice(SRC[:6]) ; dst=A
    if ':' in src: dst='2001:db8:2::10'
    tls=random.random() if tls is None else tls
    c=C(src,465 if tls<.15 else 25,dst,tls=tls<.15,cert=random.random()<.3,sni=random.choice([None,'mx-a.example.test','sni.test']))
    try:
        c.reply('banner'); e=ehlo(c)
        if .15<=tls<.6 and any('STARTTLS' in r for _,r in c.log):
            if c.cmd('STARTTLS')[0]=='2': c.starttls(); c.cmd('EHLO '+random.choice(HELO.get(c.src,['x.test'])))
            if random.random()<.4: c.cmd('AUTH PLAIN '+base64.b64encode(b'\0'+random.choice([b'alice',b'user name',b'bob@a.example.test'])+b'\0secret').decode())
        e=any('PIPELINING' in r for _,r in c.log)
        for _ in range(random.choice([1,1,1,1,2,3,6])):
            frm=random.choice(SND); to=random.sample(pool or (LOC+REM),random.choice([1,1,1,2,3,5])) 
            opt=random.choice(['',' SIZE=5000',' BODY=8BITMIME',' BODY=8BITMIME SIZE=3000']) if e else ''
            x=random.choice(['']*8+['X-Test: reject\r\n','X-Test: defer\r\n','X-Test: freeze\r\n','X-Test: queueonly\r\n','X-Test: named\r\n','X-Test: fake\r\n','X-Test: discard\r\n'])
            tx(c,frm,to,msg(frm,to,random.choice(SUB),x,mid=random.choice([None]*6+['"odd id"@x.test','02ec01d51f9d$d1192430$734b6c90$@sender.test','dot..dot@@bad'])),opt,e and random.random()<.4)
        r=random.random()
        if r<.9: c.cmd('QUIT')
    except Dead: pass
    finally: c.close(); rec(n=n,kind='smtp',src=c.src,sport=c.sport,t0=c.t0,t1=time.time(),ids=ids(c),log=c.log)
def simple(n,kind,fn,src=None,**k):
    src=src or random.choice(SRC[:5]); c=None
    try:
        c=C(src,dst='2001:db8:2::10' if ':' in src else A,**k); fn(c)
    except (Dead,OSError) as e: pass
    finally:
        if c: c.close(); rec(n=n,kind=kind,src=src,sport=c.sport,t0=c.t0,t1=time.time(),ids=ids(c),log=c.log)
def s_badauth(c): c.reply('b'); c.cmd('EHLO User'); c.cmd('AUTH LOGIN '+base64.b64encode(b'admin@x (evil) [1.2.3.4]').decode()); c.cmd(base64.b64encode(b'pw').decode()); c.cmd('QUIT')
def s_nomail(c): c.reply('b'); c.cmd('EHLO probe.test'); c.cmd('NOOP'); c.cmd('QUIT')
def s_drop(c): c.reply('b'); c.cmd('EHLO drop.test'); c.cmd('MAIL FROM:<a@sender.test>')
def s_dropdata(c): c.reply('b'); c.cmd('EHLO drop.test'); c.cmd('MAIL FROM:<a@sender.test>'); c.cmd('RCPT TO:<alice@a.example.test>'); c.cmd('DATA'); c.w('Subject: x\r\n\r\nhalf')
def s_immediate(c): c.reply('b')
def s_syntax(c):
    c.reply('b'); c.cmd('FOO bar"baz\x01'); c.cmd('HELO'); c.cmd('MAIL FROM:<>'); c.cmd('EHLO ok.helo.test'); c.cmd('RCPT TO:<alice@a.example.test>'); c.cmd('MAIL FROM:<bad address>'); c.cmd('MAIL FROM:<x@sender.test>'); c.cmd('RCPT TO:<unqualified>'); c.cmd('RCPT TO:<two words@a.example.test>'); c.cmd('QUIT')
def s_unk(c):
    c.reply('b')
    for i in range(6): c.cmd('BAD%d'%i)
def s_http(c): c.reply('b'); c.w('GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: zgrab/0.x\r\n\r\n'); c.reply('g'); c.reply('g'); c.reply('g')
def s_sync(c): c.w('EHLO early.test\r\n'); c.reply('b'); c.reply('e')
def s_pipe_early(c): c.reply('b'); c.w('HELO x.test\r\nMAIL FROM:<a@sender.test>\r\nRCPT TO:<alice@a.example.test>\r\n'); c.reply('x'); c.reply('y')
def s_badhelo(c): c.reply('b'); c.cmd('HELO bad.helo.test'); c.cmd('QUIT')
def s_junk(c): c.reply('b'); c.cmd('HELO x) [6.6.6.6] F=<spoof@evil.test> rejected RCPT <a@b>: (fake'); c.cmd('MAIL FROM:<a@sender.test>'); c.cmd('RCPT TO:<alice@a.example.test>'); c.cmd('RCPT TO:<zz@relay.test>'); tx(c,'a@sender.test',['alice@a.example.test'],msg('a@sender.test',['alice@a.example.test'],'junk')); c.cmd('QUIT')
def s_rcpts(c):
    c.reply('b'); c.cmd('EHLO '+random.choice(['rej.test','[10.0.0.1]']))
    c.cmd('MAIL FROM:<%s>'%random.choice(['a@sender.test','blocked@spam.test','warnmail@sender.test','x@nxdomain.test','x@servfail.test','predata@sender.test','x@spf.test','nouser@a.example.test']))
    ts=random.sample(['nosuch@a.example.test','denied@a.example.test','zz@relay.test','discardme@a.example.test','alice@a.example.test','failme@a.example.test','deferme@a.example.test','.dot@a.example.test','"a@b"@a.example.test','z@calloutfail.test','warnx@a.example.test','u9@ok.test']+['dropme@a.example.test']*(random.random()<.2),5)
    for t in ts: c.cmd('RCPT TO:<%s>'%t)
    if c.cmd('DATA')[0]=='3': c.w(msg('a@sender.test',['alice@a.example.test'],'rej')+'\r\n.\r\n'); c.reply('.')
    c.cmd('RSET') if random.random()<.3 else None; c.cmd('QUIT')
def s_grey(c,who=None):
    who=who or 'grey%d'%random.randrange(40)
    c.reply('b'); c.cmd('EHLO grey.test'); tx(c,'a@sender.test',['%s@a.example.test'%who],msg('a@sender.test',['x@y.test'],'grey')); c.cmd('QUIT')
def s_cut(c): c.reply('b'); c.cmd('EHLO cut.test'); t=random.choice(['cutok@cut.test','no2@cut.test','tmpx@cut.test']); tx(c,'a@sender.test',[t],msg('a@sender.test',[t],'cutthrough')); c.cmd('QUIT')
def s_big(c): c.reply('b'); c.cmd('EHLO big.test'); c.cmd('MAIL FROM:<a@sender.test> SIZE=99999999'); tx(c,'a@sender.test',['alice@a.example.test'],msg('a@sender.test',['alice@a.example.test'],'big',body='x'*70+'\r\n'*1+('y'*70+'\r\n')*6000)); c.cmd('QUIT')
def s_long(c): c.reply('b'); c.cmd('EHLO long.test'); tx(c,'a@sender.test',['alice@a.example.test','bob@a.example.test'],msg('a@sender.test',['alice@a.example.test'],'long','X-Test: longreject\r\nX-Long: '+'x'*random.choice([20,150,400])+'\r\n')); c.cmd('QUIT')
def s_many(c): c.reply('b'); c.cmd('EHLO many.test'); c.cmd('MAIL FROM:<a@sender.test>'); [c.cmd('RCPT TO:<u%d@ok.test>'%i) for i in range(28)]; c.cmd('DATA'); c.w(msg('a@sender.test',['x@ok.test'],'many')+'\r\n.\r\n'); c.reply('.'); c.cmd('QUIT')
def s_bdat(c):
    c.reply('b'); c.cmd('EHLO chunk.test'); c.cmd('MAIL FROM:<a@sender.test> BODY=8BITMIME'); c.cmd('RCPT TO:<alice@a.example.test>'); m=msg('a@sender.test',['alice@a.example.test'],'bdat').encode('latin1'); h=len(m)//2
    c.w(b'BDAT %d\r\n'%h+m[:h]); c.reply('bdat1'); c.w(b'BDAT %d LAST\r\n'%(len(m)-h)+m[h:]); c.reply('bdat2'); c.cmd('QUIT')
def s_mime(c): c.reply('b'); c.cmd('EHLO mime.test'); tx(c,'a@sender.test',['alice@a.example.test'],msg('a@sender.test',['alice@a.example.test'],'mime','MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n','--b\r\nContent-Type: application/x; name="virus.EXE"\r\nContent-Disposition: attachment; filename="virus.EXE"\r\n\r\nxx\r\n--b--\r\n')); c.cmd('QUIT')
def s_prdr(c): c.reply('b'); c.cmd('EHLO prdr.test'); c.cmd('MAIL FROM:<a@sender.test> PRDR'); c.cmd('RCPT TO:<alice@a.example.test>'); c.cmd('RCPT TO:<prdrno@b.example.test>'); c.cmd('DATA'); c.w(msg('a@sender.test',['alice@a.example.test'],'prdr')+'\r\n.\r\n'); [c.reply('p') for _ in range(3)]; c.cmd('QUIT')
def s_vrfy(c): c.reply('b'); c.cmd('EHLO v.test'); c.cmd('VRFY alice@a.example.test'); c.cmd('ETRN #b.example.test'); c.cmd('ETRN b.example.test'); c.cmd('EXPN list'); c.cmd('QUIT')
def s_nonmail(c):
    c.reply('b'); c.cmd('EHLO n.test')
    for i in range(20): c.cmd('NOOP')
def s_tlsfail(c): c.reply('b'); c.cmd('EHLO t.test'); c.cmd('STARTTLS'); c.w(b'\x16\x03\x01\x00\x05hello garbage'); c.rl()
def s_tlsdeny(c): c.reply('b'); c.cmd('EHLO t.test'); c.cmd('STARTTLS'); c.cmd('QUIT')
def s_timeout(c): c.reply('b'); c.cmd('EHLO slow.test'); c.cmd('MAIL FROM:<a@sender.test>'); time.sleep(6); c.reply('to')
def s_timeoutd(c): c.reply('b'); c.cmd('EHLO slow.test'); c.cmd('MAIL FROM:<a@sender.test>'); c.cmd('RCPT TO:<alice@a.example.test>'); c.cmd('DATA'); time.sleep(6); c.reply('to')
def s_proxy(c): c.reply('b'); c.cmd('EHLO viaproxy.test'); tx(c,'a@sender.test',['alice@a.example.test'],msg('a@sender.test',['alice@a.example.test'],'proxy')); c.cmd('QUIT')
def s_dkim(c):
    body='hello\r\n'; bh=base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    v=random.choice(['bh','sig','nokey','badtag','multi','short'])
    def sg(s,bh,b='AAAA'+'B'*340,a='rsa-sha256',d='a.example.test',e=''): return 'DKIM-Signature: v=1; a=%s; c=relaxed/simple; d=%s; s=%s;%s h=from:subject; bh=%s; b=%s\r\n'%(a,d,s,e,bh,b)
    h={'bh':sg('sel','AAAA'+bh[4:]),'sig':sg('sel',bh),'nokey':sg('none',bh),'badtag':sg('sel',bh,e=' x=notanumber;').replace('v=1','v=9'),'multi':sg('sel',bh)+sg('none',bh,d='other.test')+sg('sel',bh,a='rsa-sha1',e=' i=user@a.example.test; t=1733400000; x=1733500000; l=3;'),'short':sg('short',bh)}[v]
    c.reply('b'); c.cmd('EHLO dkim.test'); tx(c,'a@sender.test',['alice@a.example.test'],msg('a@sender.test',['alice@a.example.test'],'dkim '+v,h,body)); c.cmd('QUIT')
def s_incomplete(c): c.reply('b'); c.cmd('EHLO inc.test'); c.cmd('MAIL FROM:<a@sender.test>'); c.cmd('RCPT TO:<alice@a.example.test>'); c.cmd('RCPT TO:<"a b"@a.example.test>'); c.cmd('RSET'); c.cmd('MAIL FROM:<a@sender.test>'); c.cmd('RCPT TO:<alice@a.example.test>'); c.cmd('QUIT')
def s_binary(c): c.reply('b'); c.cmd('EHLO bin.test'); c.cmd('MAIL FROM:<a@sender.test>'); c.cmd('RCPT TO:<u\xfc\xf6\x01x@a.example.test>'); c.cmd('RCPT TO:<"tab\tq\\"x"@a.example.test>'); c.cmd('QUIT')
def local(n):
    r=random.random(); frm=random.choice(['www-data','root','mail','backup']); to=random.sample(LOC+REM,random.choice([1,1,2,3])); subj=random.choice(SUB)
    env=dict(os.environ); t0=time.time()
    if r<.6: a=[EXIM,'-i','-t']; m='To: %s\nSubject: %s\n\nlocal body\n'%(', '.join(to),subj)
    elif r<.7: a=[EXIM,'-i','-f',random.choice(['<>','bounce+x=y@sender.test','"sp ace"@sender.test'])]+to; m='Subject: %s\n\nlocal\n'%subj
    elif r<.8: a=[EXIM,'-bS']; m='MAIL FROM:<batch@sender.test>\nRCPT TO:<%s>\nDATA\nSubject: batch\n\nb\n.\nMAIL FROM:<batch@sender.test>\nRCPT TO:<alice@a.example.test>\nDATA\nSubject: batch2\n\nb\n.\nQUIT\n'%to[0]
    elif r<.9: a=[EXIM,'-bs']; m='EHLO x\r\nMAIL FROM:<lsmtp@sender.test>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: bs\r\n\r\nb\r\n.\r\nQUIT\r\n'%to[0]
    elif r<.94: a=[EXIM,'-N','-odi','-i','alice@a.example.test','u1@ok.test'] ; m='Subject: dashN\n\nx\n'; frm='root'
    elif r<.97: a=[EXIM,'-i','alice@a.example.test']; m='Subject: localreject now\n\nx\n'
    else: a=[EXIM,'-i','-t']; m='Subject: no recipients\n\nx\n'
    import pwd; u=pwd.getpwnam(frm)
    def pre(): os.setgid(u.pw_gid); os.setuid(u.pw_uid)
    p=subprocess.run(a,input=m.encode('latin1'),stdout=subprocess.PIPE,stderr=subprocess.STDOUT,preexec_fn=pre,env=env,cwd='/')
    rec(n=n,kind='local',user=frm,args=a[1:],t0=t0,t1=time.time(),ids=re.findall(r'id=([0-9A-Za-z]{6}-[0-9A-Za-z]+-[0-9A-Za-z]+)',p.stdout.decode('latin1')),out=p.stdout.decode('latin1')[:300])
SC=[(60,lambda n:normal(n)),(40,lambda n:normal(n,pool=OK)),(14,local),
 (3,lambda n:simple(n,'badauth',s_badauth)),(3,lambda n:simple(n,'nomail',s_nomail)),(1,lambda n:simple(n,'drop',s_drop)),(1,lambda n:simple(n,'dropdata',s_dropdata)),(1,lambda n:simple(n,'imm',s_immediate)),
 (2,lambda n:simple(n,'syntax',s_syntax)),(1,lambda n:simple(n,'unk',s_unk)),(1,lambda n:simple(n,'http',s_http)),(1,lambda n:simple(n,'sync',s_sync)),(1,lambda n:simple(n,'pipe',s_pipe_early)),(1,lambda n:simple(n,'badhelo',s_badhelo)),
 (2,lambda n:simple(n,'junk',s_junk,'203.0.113.66')),(8,lambda n:simple(n,'rcpts',s_rcpts,random.choice(SRC[:5]+['203.0.113.50','203.0.113.51','203.0.113.8','203.0.113.9']))),(6,lambda n:simple(n,'grey',s_grey)),(4,lambda n:simple(n,'cut',s_cut)),(1,lambda n:simple(n,'big',s_big)),(2,lambda n:simple(n,'long',s_long)),(1,lambda n:simple(n,'many',s_many)),
 (2,lambda n:simple(n,'bdat',s_bdat)),(1,lambda n:simple(n,'mime',s_mime)),(2,lambda n:simple(n,'prdr',s_prdr)),(1,lambda n:simple(n,'vrfy',s_vrfy)),(1,lambda n:simple(n,'nonmail',s_nonmail)),(1,lambda n:simple(n,'tlsfail',s_tlsfail)),(1,lambda n:simple(n,'tlsdeny',s_tlsdeny,'203.0.113.205')),
 (.5,lambda n:simple(n,'timeout',s_timeout)),(.5,lambda n:simple(n,'timeoutd',s_timeoutd)),(1,lambda n:simple(n,'proxy',s_proxy,'203.0.113.90',proxy='PROXY TCP4 203.0.113.77 192.0.2.10 %d 25\r\n'%random.randrange(20000,60000))),(1,lambda n:simple(n,'proxy2',s_proxy,'203.0.113.90',proxy='PROXY TCP4 203.0.113.91 192.0.2.10 %d 25\r\n'%random.randrange(20000,60000))),
 (6,lambda n:simple(n,'dkim',s_dkim)),(2,lambda n:simple(n,'inc',s_incomplete)),(1,lambda n:simple(n,'bin',s_binary)),(1,lambda n:simple(n,'ident',s_grey,'203.0.113.113')),
 (1,lambda n:simple(n,'cdeny',s_immediate,random.choice(['203.0.113.200','203.0.113.201','203.0.113.202','203.0.113.203','203.0.113.77','203.0.113.78']))),(.7,lambda n:normal(n,pool=HANG+OK))]
W=[w for w,_ in SC]
it=iter(range(N)); 
def worker(i):
    random.seed  # shared RNG is fine; order is not reproducible under threads
    while 1:
        with L:
            n=next(it,None)
        if n is None: return
        f=random.choices(SC,W)[0][1]
        try: f(n)
        except Exception as e: rec(n=n,kind='error',err=repr(e))
random.seed(SEED)
ts=[threading.Thread(target=worker,args=(i,)) for i in range(TH)]
[t.start() for t in ts]; [t.join() for t in ts]
