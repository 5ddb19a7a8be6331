/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history.h"
#include "mailtrace/queue_id.h"
#include "mailtrace/stamp.h"
#include <string.h>

typedef enum _Program
{
  PR_EXIM_IN,
  PR_EXIM_OUT,
  PR_QMGR,
  PR_SCANNER,
  PR_SANDBOX,
  PR_EXIM,         /* of mx */
  PR_BARE,         /* of localhost */
} Program;

typedef struct _Actor
{
  const gchar *node;
  Program program;
  guint pid;
  guint process;
} Actor;

/* a process that lived, so that its pid is not given to two at once */
typedef struct _Life
{
  const gchar *node;
  guint pid;
  gint64 from, to;
} Life;

typedef struct _Maker
{
  History *history;
  GRand *rand;
  HistoryZone zone;
  GArray *lives;
  guint fraction, port, process;
  gboolean introduces;
} Maker;

static gint
_roll(Maker *self, gint n)
{
  return g_rand_int_range(self->rand, 0, n);
}

static gboolean
_chance(Maker *self, gint percent)
{
  return _roll(self, 100) < percent;
}

static gboolean
_is_busy(const Maker *self, const gchar *node, guint pid, gint64 from, gint64 to)
{
  for (guint i = 0; i < self->lives->len; i++)
    {
      const Life *life = &g_array_index(self->lives, Life, i);
      if (life->pid == pid && g_str_equal(life->node, node) && from <= life->to && life->from <= to)
        return TRUE;
    }
  return FALSE;
}

/* the order of lines is known by node and pid */
static guint
_process(Maker *self, const gchar *node, Program program, guint pid)
{
  return program == PR_BARE ? 1000000 + self->process++ : g_str_hash(node) % 1000 * 100000 + pid;
}

/* pids come back within seconds, but never to two processes at once */
static Actor
_actor(Maker *self, const gchar *node, Program program, guint first_pid, gint64 from, gint64 to)
{
  guint pid = first_pid + (guint) _roll(self, 3);

  while (_is_busy(self, node, pid, from - 1, to + 1))
    pid++;
  Life life = { node, pid, from, to };
  g_array_append_val(self->lives, life);
  return (Actor) { node, program, pid, _process(self, node, program, pid) };
}

static gchar *
_prefix(const Maker *self, const Actor *actor, gint64 sec)
{
  gint32 offset = actor->program == PR_EXIM ? 7200 : actor->program == PR_BARE ? -18000 : self->zone(sec);
  GDateTime *time = g_date_time_new_from_unix_utc(sec + offset);
  const gchar *formats[] = { "%Y:%m:%d-%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+02:00" };
  gchar *utm = g_date_time_format(time, formats[0]), *exim = g_date_time_format(time, formats[1]);
  gchar *iso = g_date_time_format(time, formats[2]), *prefix;

  if (actor->program == PR_EXIM_IN || actor->program == PR_EXIM_OUT)
    prefix = g_strdup_printf("%s %s %s[%u]: %s ", utm, actor->node,
                             actor->program == PR_EXIM_IN ? "exim-in" : "exim-out", actor->pid, exim);
  else if (actor->program == PR_EXIM)
    prefix = g_strdup_printf("%s %s exim[%u]: ", iso, actor->node, actor->pid);
  else if (actor->program == PR_BARE)
    prefix = g_strdup_printf("%s ", exim);
  else
    {
      const gchar *name = actor->program == PR_QMGR ? "QMGR" : actor->program == PR_SCANNER ? "SCANNER" : "SANDBOX";
      prefix = g_strdup_printf("%s %s smtpd[%u]: %s[%u]: ", utm, actor->node, actor->pid, name, actor->pid);
    }
  g_date_time_unref(time);
  g_free(utm);
  g_free(exim);
  g_free(iso);
  return prefix;
}

static void
G_GNUC_PRINTF(6, 7)
_say(Maker *self, const Actor *actor, gint64 sec, gint message, HistoryKind kind, const gchar *format, ...)
{
  HistoryLine *line = g_new0(HistoryLine, 1);
  gchar *prefix = _prefix(self, actor, sec), *text;
  va_list args;

  va_start(args, format);
  text = g_strdup_vprintf(format, args);
  va_end(args);
  *line = (HistoryLine) { sec, self->history->lines->len, actor->process, message, kind,
                          g_strconcat(prefix, text, NULL) };
  g_ptr_array_add(self->history->lines, line);
  g_free(prefix);
  g_free(text);
}

static HistoryMessage *
_message(const Maker *self, gint number)
{
  return g_ptr_array_index(self->history->messages, number);
}

static const gchar *
_add_id(Maker *self, gint number, gint64 sec, guint pid)
{
  QueueId id = { sec, pid, self->fraction++ % 1900 };
  gchar text[QUEUE_ID_NEW_LEN + 1], *kept;

  queue_id_encode(&id, FALSE, text);
  kept = g_strdup(text);
  g_ptr_array_add(_message(self, number)->ids, kept);
  return kept;
}

static const gchar *
_new_message(Maker *self, const gchar *host, gint64 sec, guint pid, gint *number)
{
  HistoryMessage *message = g_new0(HistoryMessage, 1);

  message->host = host;
  message->ids = g_ptr_array_new_with_free_func(g_free);
  *number = (gint) self->history->messages->len;
  g_ptr_array_add(self->history->messages, message);
  return _add_id(self, *number, sec, pid);
}

/* what a message is to become */
typedef struct _Mail
{
  gint number;
  const gchar *node;
  const gchar *id;
  gchar *sender, *recipients[4];
  guint n;
  gboolean is_bounce, quarantined;
  guint delivered, failed;
} Mail;

static void
_mail_init(Maker *self, Mail *mail, const gchar *node)
{
  *mail = (Mail) { .node = node, .n = 1 + (guint) _roll(self, 3) };
  mail->sender = g_strdup_printf("s%d@from.test", _roll(self, 50));
  for (guint i = 0; i < mail->n; i++)
    mail->recipients[i] = g_strdup_printf("r%u.%u@to%d.test", i, self->fraction, _roll(self, 4));
}

static void
_mail_release(Mail *mail)
{
  g_free(mail->sender);
  for (guint i = 0; i < mail->n; i++)
    g_free(mail->recipients[i]);
}

static gint64 _bounce(Maker *self, const Mail *cause, const gchar *cause_id, gint64 sec);
static void _scan(Maker *self, Mail *mail, const gchar *parent, gint64 sec);

static gboolean
_is_utm(const gchar *node)
{
  return g_str_has_prefix(node, "utm");
}

static Actor
_deliverer(Maker *self, const gchar *node, gint64 sec)
{
  Program program = _is_utm(node) ? PR_EXIM_OUT : g_str_equal(node, "mx") ? PR_EXIM : PR_BARE;

  return _actor(self, node, program, 20000, sec, sec + 6);
}

static void
_deferral(Maker *self, const Mail *mail, const gchar *id, const gchar *recipient, gint64 sec)
{
  Actor out = _deliverer(self, mail->node, sec);

  if (_chance(self, 30))
    _say(self, &out, sec, mail->number, HK_OTHER, "%s == %s routing defer (-52): retry time not reached", id, recipient);
  else
    _say(self, &out, sec, mail->number, HK_OTHER, "%s == %s R=dnslookup T=remote_smtp defer (111): Connection refused",
         id, recipient);
}

static void
_delivery(Maker *self, Mail *mail, const Actor *out, const gchar *id, guint i, gint64 sec)
{
  const gchar *recipient = mail->recipients[i];

  mail->delivered++;
  if (_chance(self, 15))
    _say(self, out, sec, mail->number, HK_OTHER, "%s => final-%s <%s> R=alias T=local_smtp H=h [192.0.2.3]:25"
         " C=\"250 OK\"", id, recipient, recipient);
  else
    _say(self, out, sec, mail->number, HK_OTHER, "%s => %s R=dnslookup T=remote_smtp H=mx.to.test [192.0.2.2]:25"
         " X=TLSv1.2:AES128-SHA256:128 C=\"250 OK id=1haLqi-0002Mp-2G\"", id, recipient);
}

/* all recipients of one id; TRUE: it is done */
static gboolean
_attempt(Maker *self, Mail *mail, const gchar *id, gint64 sec)
{
  gboolean waits[4] = { FALSE }, any = FALSE;
  Actor out = _deliverer(self, mail->node, sec);

  for (guint i = 0; i < mail->n; i++)
    if (_chance(self, 15))
      {
        _deferral(self, mail, id, mail->recipients[i], sec);
        waits[i] = any = TRUE;
      }
    else if (_chance(self, 12))
      {
        _say(self, &out, sec, mail->number, HK_OTHER, "%s ** %s R=dnslookup T=remote_smtp: SMTP error from remote mail"
             " server after RCPT TO:<%s>: host h [192.0.2.2]: 550 no", id, mail->recipients[i], mail->recipients[i]);
        mail->failed++;
        if (!mail->is_bounce)
          sec = _bounce(self, mail, id, sec);
      }
    else
      _delivery(self, mail, &out, id, i, sec);
  if (!any)
    {
      _say(self, &out, sec, mail->number, HK_CLOSE, "%s Completed", id);
      return TRUE;
    }
  if (_is_utm(mail->node) && mail->delivered + mail->failed == 0 && !mail->is_bounce && _chance(self, 60))
    {
      _scan(self, mail, id, sec + 300 + _roll(self, 500));
      return TRUE;
    }
  sec += 600 + _roll(self, 2000);
  out = _deliverer(self, mail->node, sec);
  for (guint i = 0; i < mail->n; i++)
    if (waits[i])
      _delivery(self, mail, &out, id, i, sec);
  _say(self, &out, sec, mail->number, HK_CLOSE, "%s Completed", id);
  return TRUE;
}

static void
_conclude(Maker *self, const Mail *mail)
{
  _message(self, mail->number)->status = mail->quarantined ? NULL : mail->failed == 0 ? "delivered" : mail->delivered ? "partial" : "failed";
}

/* nobody is told that a bounce failed: it freezes, and ends by hand or by age */
static void
_freeze(Maker *self, Mail *mail, gint64 sec)
{
  Actor out = _deliverer(self, mail->node, sec), root = _deliverer(self, mail->node, sec + 700);

  _say(self, &out, sec, mail->number, HK_OTHER, "%s ** %s R=dnslookup T=remote_smtp: host lookup did not complete",
       mail->id, mail->recipients[0]);
  _say(self, &out, sec, mail->number, HK_OTHER, "%s Frozen (delivery error message)", mail->id);
  if (_chance(self, 50))
    {
      _say(self, &root, sec + 700, mail->number, HK_OTHER, "%s Unfrozen by errmsg timer", mail->id);
      _say(self, &root, sec + 700, mail->number, HK_OTHER, "%s cancelled by timeout_frozen_after", mail->id);
    }
  else
    _say(self, &root, sec + 700, mail->number, HK_OTHER, "%s removed by root", mail->id);
  _say(self, &root, sec + 700, mail->number, HK_CLOSE, "%s Completed", mail->id);
}

static const gchar *
_for(const gchar *recipient)
{
  static gchar text[64];

  g_snprintf(text, sizeof(text), " for %s", recipient);
  return text;
}

static gint64
_bounce(Maker *self, const Mail *cause, const gchar *cause_id, gint64 sec)
{
  Actor in = _deliverer(self, cause->node, sec);
  Mail mail = { .node = cause->node, .n = 1, .is_bounce = TRUE };

  mail.sender = g_strdup("");
  mail.recipients[0] = g_strdup(cause->sender);
  mail.id = _new_message(self, _message(self, cause->number)->host, sec, in.pid, &mail.number);
  _message(self, mail.number)->arrives = TRUE;
  _say(self, &in, sec, mail.number, HK_ARRIVAL, "%s <= <> R=%s U=exim P=local S=900%s", mail.id, cause_id,
       _chance(self, 50) ? _for(mail.recipients[0]) : "");
  if (_chance(self, 30))
    _freeze(self, &mail, sec + 1);
  else
    {
      _attempt(self, &mail, mail.id, sec + 1);
      _conclude(self, &mail);
    }
  _mail_release(&mail);
  return sec;
}

static void
_event(Maker *self, const Mail *mail, const Actor *actor, const gchar *id, const gchar *event, const gchar *name,
       gint64 sec)
{
  for (guint i = 0; i < mail->n; i++)
    _say(self, actor, sec, mail->number, g_str_equal(name, "email quarantined") ? HK_CLOSE : HK_OTHER,
         "id=\"%s\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"%s\" srcip=\"192.0.2.7\" from=\"%s\""
         " to=\"%s\" subject=\"S\" queueid=\"%s\" size=\"1200\"", event, name, mail->sender, mail->recipients[i], id);
}

/* one child: what the scanner says of it; FALSE: it goes nowhere */
static gboolean
_judge(Maker *self, Mail *mail, const Actor *scanner, const gchar *child, gint64 *sec)
{
  if (_chance(self, 8))
    {
      _event(self, mail, scanner, child, "1001", "email quarantined", *sec);
      return FALSE;
    }
  if (_chance(self, 10))
    {
      gint64 verdict = *sec + 2 + _roll(self, 100);
      Actor sandbox = _actor(self, mail->node, PR_SANDBOX, 9200, verdict, verdict);

      _event(self, mail, scanner, child, "1004", "email sent to sandbox", *sec);
      _event(self, mail, &sandbox, child, "1000", "email passed", verdict);
      *sec = verdict + 1;
      return TRUE;
    }
  _event(self, mail, scanner, child, "1000", "email passed", *sec);
  return TRUE;
}

/* every child takes some of the recipients */
static void
_scan(Maker *self, Mail *mail, const gchar *parent, gint64 sec)
{
  gboolean is_requeue = parent != mail->id;
  guint n_children = !is_requeue && mail->n > 1 && _chance(self, 30) ? 2 : 1, taken = 0, n = mail->n;
  Actor scanner = _actor(self, mail->node, PR_SCANNER, 9090, sec - 1, sec + 1);
  gchar *all[4];

  memcpy(all, mail->recipients, sizeof(all));
  for (guint c = 0; c < n_children; c++)
    {
      const gchar *child = _add_id(self, mail->number, sec, scanner.pid);
      guint share = c + 1 < n_children ? 1 : n - taken;
      gint64 out = sec;

      mail->n = share;
      memmove(mail->recipients, all + taken, share * sizeof(gchar *));
      taken += share;
      _say(self, &scanner, sec, mail->number, HK_LINK, "%s <= %s R=%s P=INPUT S=1200", child, mail->sender, parent);
      if (_judge(self, mail, &scanner, child, &out))
        _attempt(self, mail, child, out + _roll(self, 3));
      else
        mail->quarantined = TRUE;
    }
  memcpy(mail->recipients, all, sizeof(all));
  mail->n = n;
  if (!is_requeue)
    {
      _say(self, &scanner, sec, mail->number, HK_OTHER, "%s => work R=SCANNER T=SCANNER", parent);
      _say(self, &scanner, sec, mail->number, HK_CLOSE, "%s Completed", parent);
    }
  _conclude(self, mail);
}

static void
_process_utm(Maker *self, Mail *mail, gint64 sec)
{
  Actor qmgr;

  if (_chance(self, 40))
    mail->node = g_str_equal(mail->node, "utm-1") ? "utm-2" : "utm-1";
  qmgr = (Actor) { mail->node, PR_QMGR, 6746, _process(self, mail->node, PR_QMGR, 6746) };
  _say(self, &qmgr, sec, mail->number, HK_OTHER, "%s moved to work queue", mail->id);
  _scan(self, mail, mail->id, sec + 1 + _roll(self, 2));
}

static void
_process_plain(Maker *self, Mail *mail, gint64 sec)
{
  if (_chance(self, 5))
    {
      Actor root = _deliverer(self, mail->node, sec), out = _deliverer(self, mail->node, sec + 60);
      _say(self, &root, sec, mail->number, HK_OTHER, "%s frozen by root", mail->id);
      _say(self, &root, sec, mail->number, HK_OTHER, "%s recipient <%s> added by root", mail->id, mail->recipients[0]);
      _say(self, &out, sec + 60, mail->number, HK_OTHER, "%s unfrozen by root", mail->id);
      sec += 61;
    }
  _attempt(self, mail, mail->id, sec);
  _conclude(self, mail);
}

static void
_receive_plain(Maker *self, Mail *mail, const Actor *in, const gchar *client, gint64 sec)
{
  GString *recipients = g_string_new(NULL);

  for (guint i = 0; i < mail->n; i++)
    g_string_append_printf(recipients, " %s", mail->recipients[i]);
  if (self->introduces || _chance(self, 10))
    _say(self, in, sec, mail->number, HK_OTHER, "%s DKIM: d=from.test s=k c=relaxed/relaxed a=rsa-sha256 b=2048"
         " [verification succeeded]", mail->id);
  _say(self, in, sec, mail->number, HK_ARRIVAL, "%s %s %s %s P=esmtps X=TLS1.2:ECDHE-RSA-AES128-SHA256:128 S=1300"
       " id=m%u@from.test for%s", mail->id, _chance(self, 5) ? "(=" : "<=", mail->sender, client, self->fraction,
       recipients->str);
  g_string_free(recipients, TRUE);
}

static void
_receive_utm(Maker *self, Mail *mail, const Actor *in, const gchar *ip, const gchar *client, gint64 sec)
{
  for (guint i = 0; i < mail->n; i++)
    _say(self, in, sec, -1, HK_OTHER, "[%s] F=<%s> R=<%s> Accepted: from relay", ip, mail->sender, mail->recipients[i]);
  _say(self, in, sec, mail->number, HK_OTHER, "%s DKIM: d=from.test s=k c=relaxed/relaxed a=rsa-sha256"
       " [verification succeeded]", mail->id);
  _say(self, in, sec, mail->number, HK_OTHER, "%s ctasd reports 'Unknown' RefID:str=0001.0A090201.5CFE7189.0011,ss=1,"
       "re=0.000,cl=1,cld=1,fgs=0", mail->id);
  _say(self, in, sec + 1, mail->number, HK_ARRIVAL, "%s <= %s %s P=esmtp S=1300 id=m%u@from.test", mail->id,
       mail->sender, client, self->fraction);
}

static void
_mail(Maker *self, const Actor *in, const gchar *ip, const gchar *client, gint64 sec)
{
  Mail mail;

  _mail_init(self, &mail, in->node);
  mail.id = _new_message(self, _is_utm(in->node) ? "utm" : in->program == PR_BARE ? "localhost" : in->node, sec,
                         in->pid, &mail.number);
  if (!self->introduces && _chance(self, 8))
    {
      _say(self, in, sec, mail.number, HK_OTHER, "%s %s F=<%s> rejected after DATA: no", mail.id, client, mail.sender);
      _mail_release(&mail);
      return;
    }
  _message(self, mail.number)->arrives = TRUE;
  if (_is_utm(in->node))
    {
      _receive_utm(self, &mail, in, ip, client, sec);
      _process_utm(self, &mail, sec + 1 + _roll(self, 2));
    }
  else
    {
      _receive_plain(self, &mail, in, client, sec);
      _process_plain(self, &mail, sec);
    }
  _mail_release(&mail);
}

static void
_session(Maker *self, const gchar *node, gint64 sec)
{
  Program program = _is_utm(node) ? PR_EXIM_IN : g_str_equal(node, "mx") ? PR_EXIM : PR_BARE;
  gchar *ip = g_strdup_printf("198.51.100.%d", 1 + _roll(self, 200));
  gchar *address = g_strdup_printf("H=c.test (helo) [%s]:%u", ip, 30000 + self->port++);
  gchar *plain = program == PR_BARE ? g_strdup_printf("H=c.test (helo) [%s]", ip) : g_strdup(address);
  Actor daemon = { node, program, 6000, _process(self, node, program, 0) };
  Actor in = _actor(self, node, program, 9000, sec, sec + 12);
  guint n_mails = (guint) _roll(self, 4);

  if (program != PR_BARE)
    _say(self, &daemon, sec, -1, HK_OTHER, "SMTP connection from [%s]:%u (TCP/IP connection count = 2)", ip,
         30000 + self->port - 1);
  if (program != PR_BARE && _chance(self, 70))
    _say(self, &in, sec, -1, HK_OTHER, "%s Warning: to.test profile excludes greylisting", address);
  for (guint i = 0; i < n_mails; i++)
    _mail(self, &in, ip, plain, sec + 2 * i);
  if (_chance(self, n_mails ? 15 : 60))
    _say(self, &in, sec + 2 * n_mails, -1, HK_OTHER, "%s F=<s@from.test> rejected RCPT <x%u@to.test>: relay not permitted",
         plain, self->port);
  if (program != PR_BARE)
    _say(self, &in, sec + 2 * n_mails, -1, HK_OTHER, "SMTP connection from %s closed by QUIT", address + 2);
  g_free(ip);
  g_free(address);
  g_free(plain);
}

/* local submission, with cut-through's order of lines now and then */
static void
_submission(Maker *self, const gchar *node, gint64 sec)
{
  Actor in = _deliverer(self, node, sec);
  Mail mail;

  _mail_init(self, &mail, node);
  mail.id = _new_message(self, in.program == PR_BARE ? "localhost" : node, sec, in.pid, &mail.number);
  _message(self, mail.number)->arrives = TRUE;
  if (_chance(self, 30))
    {
      _say(self, &in, sec, mail.number, HK_OTHER, "%s >> %s R=dnslookup T=remote_smtp H=h [192.0.2.9]:25 C=\"250 OK\"",
           mail.id, mail.recipients[0]);
      _say(self, &in, sec, mail.number, HK_ARRIVAL, "%s <= %s H=c.test [198.51.100.1]:%u P=esmtp S=1300 for %s", mail.id,
           mail.sender, 30000 + self->port++, mail.recipients[0]);
      _say(self, &in, sec, mail.number, HK_CLOSE, "%s Completed", mail.id);
      _message(self, mail.number)->status = "delivered";
    }
  else
    {
      _say(self, &in, sec, mail.number, HK_ARRIVAL, "%s <= %s U=root P=local S=500 for %s", mail.id, mail.sender,
           mail.recipients[0]);
      g_free(mail.recipients[1]);
      g_free(mail.recipients[2]);
      mail.n = 1;
      _process_plain(self, &mail, sec);
    }
  _mail_release(&mail);
}

/* a host whose log names DKIM, spam and its offset once is known to do so from then on */
static void
_introduce(Maker *self, const gchar *node, gint64 sec)
{
  Actor in = _actor(self, node, _is_utm(node) ? PR_EXIM_IN : g_str_equal(node, "mx") ? PR_EXIM : PR_BARE, 9000, sec,
                    sec + 12);

  _mail(self, &in, "198.51.100.250", in.program == PR_BARE ? "H=c.test [198.51.100.250]" : "H=c.test [198.51.100.250]:9",
        sec);
}

static gint
_compare_lines(gconstpointer a, gconstpointer b)
{
  const HistoryLine *x = *(HistoryLine *const *) a, *y = *(HistoryLine *const *) b;

  return x->sec != y->sec ? (x->sec > y->sec ? 1 : -1) : x->index != y->index ? (x->index > y->index ? 1 : -1) : 0;
}

static void
_free_line(gpointer line)
{
  g_free(((HistoryLine *) line)->text);
  g_free(line);
}

static void
_free_message(gpointer message)
{
  g_ptr_array_free(((HistoryMessage *) message)->ids, TRUE);
  g_free(message);
}

History *
history_new(guint32 seed, gint64 begin_sec, guint n_sessions, HistoryZone zone)
{
  static const gchar *const nodes[] = { "utm-1", "utm-2", "mx", "localhost" };
  History *self = g_new0(History, 1);
  Maker maker = { .history = self, .rand = g_rand_new_with_seed(seed), .zone = zone };
  gint64 sec = begin_sec;

  self->lines = g_ptr_array_new_with_free_func(_free_line);
  self->messages = g_ptr_array_new_with_free_func(_free_message);
  maker.lives = g_array_new(FALSE, FALSE, sizeof(Life));
  maker.introduces = TRUE;
  _introduce(&maker, "utm-1", sec - 120);
  _introduce(&maker, "mx", sec - 120);
  _introduce(&maker, "localhost", sec - 120);
  maker.introduces = FALSE;
  for (guint i = 0; i < n_sessions; i++)
    {
      const gchar *node = nodes[_roll(&maker, G_N_ELEMENTS(nodes))];

      sec += _chance(&maker, 5) ? 400 + _roll(&maker, 4000) : _roll(&maker, 8);
      if (!_is_utm(node) && _chance(&maker, 40))
        _submission(&maker, node, sec);
      else
        _session(&maker, node, sec);
    }
  g_ptr_array_sort(self->lines, _compare_lines);
  g_array_free(maker.lives, TRUE);
  g_rand_free(maker.rand);
  return self;
}

void
history_free(History *self)
{
  g_ptr_array_free(self->lines, TRUE);
  g_ptr_array_free(self->messages, TRUE);
  g_free(self);
}

gint
history_find(const History *self, const gchar *host, const gchar *id)
{
  for (guint i = 0; i < self->messages->len; i++)
    {
      const HistoryMessage *message = g_ptr_array_index(self->messages, i);
      for (guint k = 0; k < message->ids->len && g_str_equal(message->host, host); k++)
        if (g_str_equal(g_ptr_array_index(message->ids, k), id))
          return (gint) i;
    }
  return -1;
}
