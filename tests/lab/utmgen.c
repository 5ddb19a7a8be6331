/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* utmgen - deterministic generator of Sophos-UTM style smtp.log
 * usage: utmgen [-m messages] [-c concurrency] [-s seed] [-H utm|bsd|iso|none] [-t truth.tsv] [-e EPOCH]
 *   -H utm  "2019:06:10-11:04:40 defense exim-in[9103]: 2019-06-10 11:04:40 ..." (as in the seed file)
 *   -H bsd  "Jun 10 11:04:40 defense exim-in[9103]: ..."  (what syslog-ng's default parser understands)
 *   -H pri  "<22>" + bsd (for network sources)
 *   -H iso  "2019-06-10T11:04:40+00:00 defense exim-in[9103]: ..."
 *   -H none exim lines only: "2019-06-10 11:04:40 1haLqi-..." and only exim-in/exim-out lines (for exigrep/eximstats)
 * -t writes one TSV row per message: kind in_qid out_qid rcpts dkim lines
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

static uint64_t rs;
static inline uint64_t rnd(void){ rs^=rs<<13; rs^=rs>>7; rs^=rs<<17; return rs*0x2545F4914F6CDD1DULL; }
static inline uint32_t R(uint32_t n){ return (uint32_t)((rnd()>>33)%n); }
#define PCT(x) (R(1000)<(uint32_t)((x)*10))

enum {H_UTM,H_BSD,H_PRI,H_ISO,H_NONE};
static int hdr=H_UTM;
static const char *mon[]={"Jan","Feb","Mar","Apr","May","Jun","Jul","Aug","Sep","Oct","Nov","Dec"};

typedef struct { int64_t t; int exim; const char *prog; int pid; uint32_t off,len; } Line;
#define MAXL 96
typedef struct { Line l[MAXL]; int n,cur; char *buf; uint32_t blen,bcap; } Msg;

typedef struct { int64_t t; uint64_t seq; int slot; } HE;
static HE *heap; static int hn;
static int less(const HE*a,const HE*b){ return a->t<b->t || (a->t==b->t && a->seq<b->seq); }
static void push(HE e){ int i=hn++; while(i){int p=(i-1)/2; if(less(&e,&heap[p])){heap[i]=heap[p];i=p;}else break;} heap[i]=e; }
static HE pop(void){ HE r=heap[0],e=heap[--hn]; int i=0; for(;;){int c=2*i+1; if(c>=hn)break; if(c+1<hn&&less(&heap[c+1],&heap[c]))c++; if(less(&heap[c],&e)){heap[i]=heap[c];i=c;}else break;} heap[i]=e; return r; }

static void add(Msg*m,int64_t t,const char*prog,int pid,int exim,const char*fmt,...){
  if(m->n>=MAXL) return;
  va_list ap; char tmp[4096]; va_start(ap,fmt); int k=vsnprintf(tmp,sizeof tmp,fmt,ap); va_end(ap);
  if(k>=(int)sizeof tmp)k=sizeof tmp-1;
  while(m->blen+k+1>m->bcap){ m->bcap=m->bcap?m->bcap*2:8192; m->buf=realloc(m->buf,m->bcap);}  
  memcpy(m->buf+m->blen,tmp,k);
  Line*l=&m->l[m->n++]; l->t=t; l->prog=prog; l->pid=pid; l->exim=exim; l->off=m->blen; l->len=k; m->blen+=k;
}

static const char b62[]="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static void qid(char*o,int64_t t,int pid,int frac){ int64_t s=t/1000; for(int i=5;i>=0;i--){o[i]=b62[s%62];s/=62;} o[6]='-'; int p=pid; for(int i=12;i>=7;i--){o[i]=b62[p%62];p/=62;} o[13]='-'; o[14]=b62[(frac/62)%62]; o[15]=b62[frac%62]; o[16]=0; }

static const char*dom[]={"example.com","senderdomain.tld","forwardingdomain.tld","mailer.example.net","acme-industrie.de","newsletter.shop.example","uni-beispiel.edu","bank.example","gov.example.org","cdn-mail.example.io"};
static const char*ldom[]={"targetdomain.tld","corp.example","branch.corp.example"};
static const char*user[]={"sendinguser","info","noreply","j.smith","anna.mueller","sales","support","billing","bounce+a1b2","newsletter","root","marketing.team"};
static const char*luser[]={"targetuser","bob","alice","helpdesk","hr","finance","ceo","p.schmidt","it-admin","office"};
static const char*subj[]={"Statement","Re: Meeting tomorrow","Rechnung Nr. 2019/4711","Your order #88213 has shipped","=?UTF-8?B?w4RuZGVydW5n?= der Adresse","Invoice attached","Fwd: AW: Angebot","Weekly newsletter - 50% off everything","Password reset","Out of Office","Einladung: Projektbesprechung Q3","Delivery Status Notification (Failure)","[JIRA] (ABC-123) Fix login","Hello"};
static const char*ciph[]={"TLSv1.2:DHE-RSA-AES256-GCM-SHA384:256","TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256","TLSv1.2:ECDHE-RSA-AES128-GCM-SHA256:128","TLSv1:DHE-RSA-AES256-SHA:256","TLSv1.2:AES128-SHA256:128"};
static const char*ctr[]={"Unknown","Unknown","Unknown","Unknown","NonSpam","Bulk","Suspect"};
#define P(a) a[R(sizeof a/sizeof*a)]

static int frc; static int frac(void){ return frc=(frc+1)%3844; } /* Exim never makes an id twice */
static int pidc=7000; static int newpid(void){ if(++pidc>32767)pidc=700; return pidc; }
static uint64_t kinds[8], ndkim, nrcpt, nlines, conn;
static const char*kn[8]={"passed","rejected","greylisted","quarantined","requeued","sandboxed","bounced","noise"};
static FILE*truth;

static void build(Msg*m,int64_t t0){
  m->n=m->cur=0; m->blen=0;
  char ip[20],helo[64],from[128],env[192],in[20],out[20],mid[128]; char rc[12][96];
  snprintf(ip,sizeof ip,"%u.%u.%u.%u",1+R(222),R(256),R(256),1+R(254));
  const char*fd=P(dom);
  snprintf(helo,sizeof helo,"%s%u.%s",PCT(50)?"mx":"mail-out",R(40),fd);
  snprintf(from,sizeof from,"%s@%s",P(user),fd);
  if(PCT(15)) snprintf(env,sizeof env,"SRS0=%06x=UJ=%s=%s@%s",R(1<<24),fd,P(user),"forwardingdomain.tld"); else strcpy(env,from);
  int nr=1; if(PCT(18)) nr=2+R(3); if(PCT(1)) nr=8+R(4);
  for(int i=0;i<nr;i++) snprintf(rc[i],sizeof rc[i],"%s%u@%s",P(luser),R(300)*12+i,P(ldom));
  int port=1024+R(64000), lp=6854, cp=newpid(), nd=0; int size=1500+R(90000);
  snprintf(mid,sizeof mid,"%08x%04x$%08x$%08x$@%s",(uint32_t)rnd(),R(65536),(uint32_t)rnd(),(uint32_t)rnd(),fd);
  int64_t t=t0; int k; uint32_t x=R(1000);
  if(x<700)k=0; else if(x<820)k=1; else if(x<870)k=2; else if(x<920)k=3; else if(x<955)k=4; else if(x<975)k=5; else if(x<990)k=6; else k=7;
  kinds[k]++; strcpy(in,"-"); strcpy(out,"-");
  add(m,t,"exim-in",lp,1,"SMTP connection from [%s]:%d (TCP/IP connection count = %d)",ip,port,1+R(20)); conn++;
  if(k==7){ t+=R(900); add(m,t,"exim-in",cp,1,"no host name found for IP address %s",ip);
    t+=R(3000); add(m,t,"exim-in",cp,1,"TLS error on connection from [%s]:%d (SSL_accept): error:1408A0C1:SSL routines:ssl3_get_client_hello:no shared cipher",ip,port);
    add(m,t,"exim-in",cp,1,"TLS client disconnected cleanly (rejected our certificate?)");
    t+=R(200); add(m,t,"exim-in",cp,1,"SMTP connection from [%s]:%d lost",ip,port); goto done; }
  t+=R(400);
  if(k==1){ static const char*why[]={"sender verify fail","RDNS missing","found in dnsbl black.rbl.ctipd.astaro.local","Address not present in directory"}; static const char*rs_[]={"sender_verification","rdns_missing","rbl","address_verification"}; int w=R(4);
    add(m,t,"exim-in",cp,1,"H=%s [%s]:%d F=<%s> rejected RCPT <%s>: %s",helo,ip,port,env,rc[0],why[w]);
    add(m,t,"exim-in",cp,1,"id=\"1003\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email rejected\" srcip=\"%s\" from=\"%s\" to=\"%s\" size=\"-1\" reason=\"%s\" extra=\"%s\"",ip,env,rc[0],rs_[w],why[w]);
    t+=R(300); add(m,t,"exim-in",cp,1,"SMTP connection from %s [%s]:%d closed by QUIT",helo,ip,port); nr=1; goto done; }
  if(k==2){ add(m,t,"exim-in",cp,1,"H=%s [%s]:%d Warning: %s profile greylisting active for this sender",helo,ip,port,"targetdomain.tld");
    add(m,t,"exim-in",cp,1,"H=%s [%s]:%d F=<%s> temporarily rejected RCPT <%s>: Temporary local problem, please try again!",helo,ip,port,env,rc[0]);
    t+=R(300); add(m,t,"exim-in",cp,1,"SMTP connection from %s [%s]:%d closed by QUIT",helo,ip,port); nr=1; goto done; }
  add(m,t,"exim-in",cp,1,"H=%s [%s]:%d Warning: %s profile excludes greylisting: Skipping greylisting for this message",helo,ip,port,strchr(rc[0],'@')+1);
  for(int i=0;i<nr;i++){ t+=R(80); add(m,t,"exim-in",cp,1,"[%s] F=<%s> R=<%s> Accepted: from relay",ip,env,rc[i]); }
  nrcpt+=nr;
  qid(in,t,cp,R(3844));
  { uint32_t y=R(100); nd=y<30?0:y<80?1:y<95?2:3; ndkim+=nd; }
  t+=R(200);
  for(int i=0;i<nd;i++) add(m,t,"exim-in",cp,1,"%s DKIM: d=%s s=%s%.*s c=%s a=rsa-sha%s [%s]",in,i?P(dom):fd,PCT(50)?"dkim":"selector1",i,"bc",PCT(70)?"relaxed/relaxed":"relaxed/simple",PCT(80)?"256":"1",PCT(85)?"verification succeeded":PCT(50)?"verification failed - body hash mismatch (body probably modified in transit)":"invalid - public key record (currently?) unavailable");
  t+=R(900); add(m,t,"exim-in",cp,1,"%s ctasd reports '%s' RefID:str=0001.0A09020%u.%08X.%04X,ss=%u,%sre=0.000,recu=0.000,reip=0.000,cl=%u,cld=1,fgs=0",in,k==3?"Confirmed":P(ctr),R(9),(uint32_t)rnd(),R(65536),1+R(3),PCT(10)?"sh,":"",1+R(4));
  t+=R(100);
  if(PCT(85)) add(m,t,"exim-in",cp,1,"%s <= %s H=%s [%s]:%d P=esmtps X=%s S=%d id=%s",in,env,helo,ip,port,P(ciph),size,mid);
  else add(m,t,"exim-in",cp,1,"%s <= %s H=%s [%s]:%d P=esmtp S=%d id=%s",in,env,helo,ip,port,size,mid);
  t+=R(200); add(m,t,"exim-in",cp,1,"SMTP connection from %s [%s]:%d closed by QUIT",helo,ip,port);
  t+=500+R(2500); add(m,t,"smtpd",6746,0,"QMGR[6746]: %s moved to work queue",in);
  int sp=9090+R(6); const char*S="SCANNER"; const char*sj=P(subj);
  t+=R(600); qid(out,t,sp,frac());
  add(m,t,"smtpd",sp,0,"%s[%d]: %s <= %s R=%s P=INPUT S=%d",S,sp,out,from,in,size-4000>0?size-4000:size);
  t+=R(900);
  if(k==3){ for(int i=0;i<nr;i++) add(m,t,"smtpd",sp,0,"%s[%d]: id=\"1001\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email quarantined\" srcip=\"%s\" from=\"%s\" to=\"%s\" subject=\"%s\" queueid=\"%s\" size=\"%d\" reason=\"as\" extra=\"\"",S,sp,ip,from,rc[i],sj,out,size);
    add(m,t,"smtpd",sp,0,"%s[%d]: %s => work R=SCANNER T=SCANNER",S,sp,in); add(m,t,"smtpd",sp,0,"%s[%d]: %s Completed",S,sp,in); goto done; }
  if(k==5){ add(m,t,"smtpd",sp,0,"%s[%d]: id=\"1004\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email sandboxed\" srcip=\"%s\" from=\"%s\" to=\"%s\" subject=\"%s\" queueid=\"%s\" size=\"%d\" reason=\"sandbox\" extra=\"\"",S,sp,ip,from,rc[0],sj,out,size);
    t+=20000+R(90000); add(m,t,"smtpd",sp+20,0,"SANDBOX[%d]: id=\"1000\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email passed\" srcip=\"%s\" from=\"%s\" to=\"%s\" subject=\"%s\" queueid=\"%s\" size=\"%d\"",sp+20,ip,from,rc[0],sj,out,size); }
  else for(int i=0;i<nr;i++) add(m,t,"smtpd",sp,0,"%s[%d]: id=\"1000\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email passed\" srcip=\"%s\" from=\"%s\" to=\"%s\" subject=\"%s\" queueid=\"%s\" size=\"%d\"",S,sp,ip,from,rc[i],sj,out,size);
  add(m,t,"smtpd",sp,0,"%s[%d]: %s => work R=SCANNER T=SCANNER",S,sp,in);
  add(m,t,"smtpd",sp,0,"%s[%d]: %s Completed",S,sp,in);
  if(k==4){ char o2[20]; t+=60000+R(240000); sp=9090+R(6); qid(o2,t,sp,frac());
    add(m,t,"smtpd",sp,0,"%s[%d]: %s <= %s R=%s P=INPUT S=%d",S,sp,o2,from,out,size);
    for(int i=0;i<nr;i++) add(m,t,"smtpd",sp,0,"%s[%d]: id=\"1000\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email passed\" srcip=\"%s\" from=\"%s\" to=\"%s\" subject=\"%s\" queueid=\"%s\" size=\"%d\"",S,sp,ip,from,rc[i],sj,o2,size);
    add(m,t,"smtpd",sp,0,"%s[%d]: %s => work R=SCANNER T=SCANNER",S,sp,out);
    add(m,t,"smtpd",sp,0,"%s[%d]: %s Completed",S,sp,out); strcpy(out,o2); }
  { int op=newpid(); t+=300+R(2000);
    for(int i=0;i<nr;i++){ t+=R(300);
      if(k==6&&i==0) add(m,t,"exim-out",op,1,"%s ** %s P=<%s> R=static_route_hostlist T=static_smtp: SMTP error from remote mail server after RCPT TO:<%s>: host 192.168.99.3 [192.168.99.3]: 550 5.1.1 User unknown",out,rc[i],from,rc[i]);
      else { if(PCT(3)){ add(m,t,"exim-out",op,1,"%s == %s R=static_route_hostlist T=static_smtp defer (110): Connection timed out",out,rc[i]); t+=30000+R(60000);} 
        add(m,t,"exim-out",op,1,"%s => %s P=<%s> R=static_route_hostlist T=static_smtp H=192.168.99.3 [192.168.99.3]:25 X=TLSv1.2:AES128-SHA256:128 C=\"250 2.6.0 <%s> [InternalId=%u] Queued mail for delivery\"",out,rc[i],from,mid,10000+R(90000)); } }
    add(m,t,"exim-out",op,1,"%s Completed",out); }
done:
  if(truth) fprintf(truth,"%s\t%s\t%s\t%d\t%d\t%d\n",kn[k],in,out,nr,nd,m->n);
}

int main(int c,char**v){
  long M=1000; int C=50; uint64_t seed=1; int64_t ep=1560164680; int o;
  while((o=getopt(c,v,"m:c:s:H:t:e:"))>0) switch(o){
    case 'm':M=atol(optarg);break; case 'c':C=atoi(optarg);break; case 's':seed=strtoull(optarg,0,10);break;
    case 'H':hdr=!strcmp(optarg,"bsd")?H_BSD:!strcmp(optarg,"pri")?H_PRI:!strcmp(optarg,"iso")?H_ISO:!strcmp(optarg,"none")?H_NONE:H_UTM;break;
    case 't':truth=fopen(optarg,"w");break; case 'e':ep=atoll(optarg);break; default:return 2; }
  rs=seed*0x9E3779B97F4A7C15ULL+0x1234567ULL; for(int i=0;i<8;i++)rnd();
  Msg*ms=calloc(C,sizeof*ms); heap=calloc(C+1,sizeof*heap); uint64_t seq=0; long made=0;
  static char ob[1<<20]; setvbuf(stdout,ob,_IOFBF,sizeof ob);
  int64_t now=ep*1000;
  for(int i=0;i<C&&made<M;i++,made++){ build(&ms[i],now+R(8000)); push((HE){ms[i].l[0].t,seq++,i}); }
  int64_t ls=-1; char d1[40]="",d2[40]="";
  while(hn){ HE e=pop(); Msg*m=&ms[e.slot]; Line*l=&m->l[m->cur++];
    int64_t s=l->t/1000;
    if(s!=ls){ ls=s; time_t tt=s; struct tm tm; gmtime_r(&tt,&tm);
      snprintf(d2,sizeof d2,"%04d-%02d-%02d %02d:%02d:%02d",tm.tm_year+1900,tm.tm_mon+1,tm.tm_mday,tm.tm_hour,tm.tm_min,tm.tm_sec);
      if(hdr==H_UTM) snprintf(d1,sizeof d1,"%04d:%02d:%02d-%02d:%02d:%02d",tm.tm_year+1900,tm.tm_mon+1,tm.tm_mday,tm.tm_hour,tm.tm_min,tm.tm_sec);
      else if(hdr==H_ISO) snprintf(d1,sizeof d1,"%04d-%02d-%02dT%02d:%02d:%02d+00:00",tm.tm_year+1900,tm.tm_mon+1,tm.tm_mday,tm.tm_hour,tm.tm_min,tm.tm_sec);
      else snprintf(d1,sizeof d1,"%s%s %2d %02d:%02d:%02d",hdr==H_PRI?"<22>":"",mon[tm.tm_mon],tm.tm_mday,tm.tm_hour,tm.tm_min,tm.tm_sec); }
    if(hdr==H_NONE){ if(l->exim){ fprintf(stdout,"%s %.*s\n",d2,(int)l->len,m->buf+l->off); nlines++; } }
    else { fprintf(stdout,l->exim?"%s defense %s[%d]: %s %.*s\n":"%s defense %s[%d]: %.0s%.*s\n",d1,l->prog,l->pid,d2,(int)l->len,m->buf+l->off); nlines++; }
    if(m->cur<m->n) push((HE){m->l[m->cur].t,seq++,e.slot});
    else if(made<M){ made++; build(m,l->t+R(4000)); push((HE){m->l[0].t,seq++,e.slot}); }
  }
  fflush(stdout); if(truth)fclose(truth);
  fprintf(stderr,"lines=%lu messages=%ld connections=%lu rcpts=%lu dkim=%lu",(unsigned long)nlines,made,(unsigned long)conn,(unsigned long)nrcpt,(unsigned long)ndkim);
  for(int i=0;i<8;i++) fprintf(stderr," %s=%lu",kn[i],(unsigned long)kinds[i]); fputc('\n',stderr);
  return 0;
}
