/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * utmgen: SMTP logs in the form of a Sophos UTM, of any size, with a truth table.  The same arguments give the same
 * bytes with every compiler: random numbers are drawn one a statement.  A model, not evidence: where a real line says
 * otherwise, the real line is right.
 *
 * usage: utmgen [-m MESSAGES] [-c CONCURRENCY] [-s SEED] [-n HOST] [-e EPOCH] [-H FRAME] [-t TRUTH]
 *   -H utm   "2019:06:10-11:04:40 HOST exim-in[9103]: 2019-06-10 11:04:40 ..." (default)
 *   -H bsd   "Jun 10 11:04:40 HOST exim-in[9103]: ..."
 *   -H pri   the same with "<22>" in front
 *   -H iso   "2019-06-10T11:04:40+00:00 HOST exim-in[9103]: ..."
 *   -H none  "2019-06-10 11:04:40 ...", the lines of Exim only
 *   -t       a row for each message: kind, first id, last id, recipients, signatures, lines; separated by tabs
 */
#include "generate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RECIPIENTS_MAX 12
#define LISTENER_PID 6854
#define QUEUE_MANAGER_PID 6746
#define SCANNER_PID 9090
#define SCANNERS 6

typedef enum
{
  FRAME_UTM, FRAME_BSD, FRAME_PRI, FRAME_ISO, FRAME_NONE, FRAMES
} FrameForm;

typedef enum
{
  PASSED, REJECTED, GREYLISTED, QUARANTINED, REQUEUED, SANDBOXED, BOUNCED, NOISE, KINDS
} Kind;

typedef struct
{
  int64_t msec;
  const char *program;
  int pid;
  char *text;
} Line;

typedef struct
{
  Kind kind;
  int64_t msec;                    /* the clock while the message is written */
  char ip[20], helo[80], from[128], envelope[224], message_id[128];
  char recipients[RECIPIENTS_MAX][96];
  const char *domain;
  int n_recipients, n_signatures, port, receiver, size;
  char first[ID_SIZE], last[ID_SIZE];
  Line *lines;
  size_t n_lines, lines_size, next;
  uint64_t order;                  /* of its next line among lines of the same time */
} Message;

static const char *const frame_names[FRAMES] = { "utm", "bsd", "pri", "iso", "none" };
static const char *const kind_names[KINDS] =
{ "passed", "rejected", "greylisted", "quarantined", "requeued", "sandboxed", "bounced", "noise" };
/* of 1000 messages */
static const unsigned kind_shares[KINDS] = { 700, 120, 50, 50, 35, 20, 15, 10 };

static const char *const domains[] =
{
  "example.com", "senderdomain.tld", "forwardingdomain.tld", "mailer.example.net", "industrie.example", "shop.example",
  "university.example", "bank.example", "gov.example.org", "cdn-mail.example.io"
};
static const char *const local_domains[] = { "targetdomain.tld", "corp.example", "branch.corp.example" };
static const char *const senders[] =
{
  "sendinguser", "info", "noreply", "j.smith", "anna.mueller", "sales", "support", "billing", "bounce+a1b2", "newsletter",
  "root", "marketing.team"
};
static const char *const users[] =
{ "targetuser", "bob", "alice", "helpdesk", "hr", "finance", "ceo", "p.schmidt", "it-admin", "office" };
static const char *const subjects[] =
{
  "Statement", "Re: Meeting tomorrow", "Rechnung Nr. 2019/4711", "Your order #88213 has shipped",
  "=?UTF-8?B?w4RuZGVydW5n?= der Adresse", "Invoice attached", "Fwd: AW: Angebot", "50% off everything", "Password reset",
  "Einladung: Projektbesprechung Q3", "Delivery Status Notification (Failure)", "[PROJECT] (ABC-123) Fix login", "Hello"
};
static const char *const ciphers[] =
{
  "TLSv1.2:DHE-RSA-AES256-GCM-SHA384:256", "TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256",
  "TLSv1.2:ECDHE-RSA-AES128-GCM-SHA256:128", "TLSv1:DHE-RSA-AES256-SHA:256", "TLSv1.2:AES128-SHA256:128"
};
static const char *const verdicts[] = { "Unknown", "Unknown", "Unknown", "Unknown", "NonSpam", "Bulk", "Suspect" };
static const char *const refusals[][2] =
{
  { "sender verify fail", "sender_verification" }, { "RDNS missing", "rdns_missing" },
  { "found in dnsbl black.rbl.ctipd.astaro.local", "rbl" },
  { "Address not present in directory", "address_verification" }
};
static const char *const dkim_results[] =
{
  "verification failed - body hash mismatch (body probably modified in transit)",
  "invalid - public key record (currently?) unavailable"
};

static const char *host = "defense";
static FrameForm frame = FRAME_UTM;

static int
_new_pid(void)
{
  static int pid = 7000;

  /* below and above those of the scanners, which live on */
  pid = pid >= 32767 ? 10000 : pid + 1;
  if (pid == SCANNER_PID)
    pid = 10000;
  return pid;
}

__attribute__((format(printf, 4, 5))) static void
_log(Message *self, const char *program, int pid, const char *format, ...)
{
  va_list arguments;
  Line *line;

  if (self->n_lines == self->lines_size)
    {
      self->lines_size = self->lines_size ? 2 * self->lines_size : 32;
      self->lines = realloc(self->lines, self->lines_size * sizeof(Line));
      if (!self->lines)
        abort();
    }
  line = &self->lines[self->n_lines++];
  *line = (Line) { .msec = self->msec, .program = program, .pid = pid };
  va_start(arguments, format);
  if (vasprintf(&line->text, format, arguments) < 0)
    abort();
  va_end(arguments);
}

static void
_wait(Message *self, unsigned least, unsigned spread)
{
  self->msec += least + _draw(spread);
}

static void
_choose_kind(Message *self)
{
  unsigned share = _draw(1000);

  for (self->kind = PASSED; share >= kind_shares[self->kind]; self->kind++)
    share -= kind_shares[self->kind];
}

static void
_choose_sender(Message *self)
{
  unsigned a = 1 + _draw(222), b = _draw(256), c = _draw(256), d = 1 + _draw(254), number = _draw(40);
  const char *helo = _percent(50) ? "mx" : "mail-out", *user = PICK(senders);

  self->domain = PICK(domains);
  snprintf(self->ip, sizeof(self->ip), "%u.%u.%u.%u", a, b, c, d);
  snprintf(self->helo, sizeof(self->helo), "%s%u.%s", helo, number, self->domain);
  snprintf(self->from, sizeof(self->from), "%s@%s", user, self->domain);
  snprintf(self->envelope, sizeof(self->envelope), "%s", self->from);
  if (_percent(15))
    snprintf(self->envelope, sizeof(self->envelope), "SRS0=%06x=UJ=%s=%s@%s", _draw(1 << 24), self->domain, user,
             "forwardingdomain.tld");
}

static void
_choose_recipients(Message *self)
{
  self->n_recipients = 1;
  if (_percent(18))
    self->n_recipients = 2 + (int) _draw(3);
  if (_percent(1))
    self->n_recipients = 8 + (int) _draw(4);
  for (int i = 0; i < self->n_recipients; i++)
    {
      const char *user = PICK(users), *domain = PICK(local_domains);
      snprintf(self->recipients[i], sizeof(self->recipients[i]), "%s%u@%s", user, _draw(300) * 12 + (unsigned) i, domain);
    }
}

static void
_choose(Message *self)
{
  unsigned words[4];

  _choose_kind(self);
  _choose_sender(self);
  _choose_recipients(self);
  self->port = 1024 + (int) _draw(64000);
  self->size = 5500 + (int) _draw(90000);
  self->receiver = _new_pid();
  for (int i = 0; i < 4; i++)
    words[i] = _draw(1U << 31);
  snprintf(self->message_id, sizeof(self->message_id), "%08x%04x$%08x$%08x$@%s", words[0], words[1] & 0xffff, words[2],
           words[3], self->domain);
}

static void
_log_noise(Message *self)
{
  _wait(self, 0, 900);
  _log(self, "exim-in", self->receiver, "no host name found for IP address %s", self->ip);
  _wait(self, 0, 3000);
  _log(self, "exim-in", self->receiver, "TLS error on connection from [%s]:%d (SSL_accept): error:1408A0C1:SSL routines:"
       "ssl3_get_client_hello:no shared cipher", self->ip, self->port);
  _log(self, "exim-in", self->receiver, "TLS client disconnected cleanly (rejected our certificate?)");
  _wait(self, 0, 200);
  _log(self, "exim-in", self->receiver, "SMTP connection from [%s]:%d lost", self->ip, self->port);
}

static void
_log_close(Message *self)
{
  _wait(self, 0, 300);
  _log(self, "exim-in", self->receiver, "SMTP connection from %s [%s]:%d closed by QUIT", self->helo, self->ip,
       self->port);
}

static void
_log_rejection(Message *self)
{
  const char *const *why = PICK(refusals);

  self->n_recipients = 1;
  _log(self, "exim-in", self->receiver, "H=%s [%s]:%d F=<%s> rejected RCPT <%s>: %s", self->helo, self->ip, self->port,
       self->envelope, self->recipients[0], why[0]);
  _log(self, "exim-in", self->receiver, "id=\"1003\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" "
       "name=\"email rejected\" srcip=\"%s\" from=\"%s\" to=\"%s\" size=\"-1\" reason=\"%s\" extra=\"%s\"", self->ip,
       self->envelope, self->recipients[0], why[1], why[0]);
  _log_close(self);
}

static void
_log_greylisting(Message *self)
{
  self->n_recipients = 1;
  _log(self, "exim-in", self->receiver, "H=%s [%s]:%d Warning: %s profile greylisting active for this sender", self->helo,
       self->ip, self->port, strchr(self->recipients[0], '@') + 1);
  _log(self, "exim-in", self->receiver, "H=%s [%s]:%d F=<%s> temporarily rejected RCPT <%s>: "
       "Temporary local problem, please try again!", self->helo, self->ip, self->port, self->envelope,
       self->recipients[0]);
  _log_close(self);
}

static void
_log_signature(Message *self, int number)
{
  const char *domain = number ? PICK(domains) : self->domain, *selector = _percent(50) ? "dkim" : "selector1";
  const char *form = _percent(70) ? "relaxed/relaxed" : "relaxed/simple", *hash = _percent(80) ? "256" : "1";
  const char *result = _percent(85) ? "verification succeeded" : PICK(dkim_results);

  /* the selector differs, so that no two signatures of a message are equal */
  _log(self, "exim-in", self->receiver, "%s DKIM: d=%s s=%s%.*s c=%s a=rsa-sha%s [%s]", self->first, domain, selector,
       number, "bc", form, hash, result);
}

static void
_log_spam_verdict(Message *self)
{
  const char *verdict = self->kind == QUARANTINED ? "Confirmed" : PICK(verdicts), *cached = _percent(10) ? "sh," : "";
  unsigned series = _draw(9), number = _draw(1U << 31), part = _draw(65536), score = 1 + _draw(3), class = 1 + _draw(4);

  _log(self, "exim-in", self->receiver, "%s ctasd reports '%s' RefID:str=0001.0A09020%u.%08X.%04X,ss=%u,%sre=0.000,"
       "recu=0.000,reip=0.000,cl=%u,cld=1,fgs=0", self->first, verdict, series, number, part, score, cached, class);
}

static void
_log_reception(Message *self)
{
  unsigned share;

  _log(self, "exim-in", self->receiver, "H=%s [%s]:%d Warning: %s profile excludes greylisting: "
       "Skipping greylisting for this message", self->helo, self->ip, self->port, strchr(self->recipients[0], '@') + 1);
  for (int i = 0; i < self->n_recipients; i++)
    {
      _wait(self, 0, 80);
      _log(self, "exim-in", self->receiver, "[%s] F=<%s> R=<%s> Accepted: from relay", self->ip, self->envelope,
           self->recipients[i]);
    }
  _new_id(self->first, self->msec, self->receiver);
  share = _draw(100);
  self->n_signatures = share < 30 ? 0 : share < 80 ? 1 : share < 95 ? 2 : 3;
  _wait(self, 0, 200);
  for (int i = 0; i < self->n_signatures; i++)
    _log_signature(self, i);
  _wait(self, 0, 900);
  _log_spam_verdict(self);
  _wait(self, 0, 100);
  if (_percent(85))
    _log(self, "exim-in", self->receiver, "%s <= %s H=%s [%s]:%d P=esmtps X=%s S=%d id=%s", self->first, self->envelope,
         self->helo, self->ip, self->port, PICK(ciphers), self->size, self->message_id);
  else
    _log(self, "exim-in", self->receiver, "%s <= %s H=%s [%s]:%d P=esmtp S=%d id=%s", self->first, self->envelope,
         self->helo, self->ip, self->port, self->size, self->message_id);
  _log_close(self);
}

static void
_log_event(Message *self, const char *process, int pid, const char *number, const char *name, const char *recipient,
           const char *subject, const char *reason)
{
  _log(self, "smtpd", pid, "%s[%d]: id=\"%s\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email %s\" "
       "srcip=\"%s\" from=\"%s\" to=\"%s\" subject=\"%s\" queueid=\"%s\" size=\"%d\"%s", process, pid, number, name,
       self->ip, self->from, recipient, subject, self->last, self->size, reason);
}

static void
_log_events(Message *self, int pid, const char *number, const char *name, const char *subject, const char *reason)
{
  for (int i = 0; i < self->n_recipients; i++)
    _log_event(self, "SCANNER", pid, number, name, self->recipients[i], subject, reason);
}

static void
_log_sandbox(Message *self, int pid, const char *subject)
{
  _log_event(self, "SCANNER", pid, "1004", "sandboxed", self->recipients[0], subject, " reason=\"sandbox\" extra=\"\"");
  _wait(self, 20000, 90000);
  _log_event(self, "SANDBOX", pid + 20, "1000", "passed", self->recipients[0], subject, "");
}

/* one pass: the parent's id ends, a new one, which decodes to the scanner's pid, goes on */
static void
_log_scan(Message *self, Kind kind, const char *subject)
{
  int pid = SCANNER_PID + (int) _draw(SCANNERS);
  char parent[ID_SIZE];

  memcpy(parent, self->last[0] ? self->last : self->first, ID_SIZE);
  _new_id(self->last, self->msec, pid);
  _log(self, "smtpd", pid, "SCANNER[%d]: %s <= %s R=%s P=INPUT S=%d", pid, self->last, self->from, parent,
       self->size - 4000);
  _wait(self, 0, 900);
  if (kind == QUARANTINED)
    _log_events(self, pid, "1001", "quarantined", subject, " reason=\"as\" extra=\"\"");
  else if (kind == SANDBOXED)
    _log_sandbox(self, pid, subject);
  else
    _log_events(self, pid, "1000", "passed", subject, "");
  _log(self, "smtpd", pid, "SCANNER[%d]: %s => work R=SCANNER T=SCANNER", pid, parent);
  _log(self, "smtpd", pid, "SCANNER[%d]: %s Completed", pid, parent);
}

static void
_log_delivery(Message *self, int pid, const char *recipient)
{
  if (_percent(3))
    {
      _log(self, "exim-out", pid, "%s == %s R=static_route_hostlist T=static_smtp defer (110): Connection timed out",
           self->last, recipient);
      _wait(self, 30000, 60000);
    }
  _log(self, "exim-out", pid, "%s => %s P=<%s> R=static_route_hostlist T=static_smtp H=192.168.99.3 [192.168.99.3]:25 "
       "X=TLSv1.2:AES128-SHA256:128 C=\"250 2.6.0 <%s> [InternalId=%u] Queued mail for delivery\"", self->last, recipient,
       self->from, self->message_id, 10000 + _draw(90000));
}

static void
_log_deliveries(Message *self)
{
  int pid = _new_pid();

  _wait(self, 300, 2000);
  for (int i = 0; i < self->n_recipients; i++)
    {
      _wait(self, 0, 300);
      if (self->kind == BOUNCED && i == 0)
        _log(self, "exim-out", pid, "%s ** %s P=<%s> R=static_route_hostlist T=static_smtp: SMTP error from remote mail "
             "server after RCPT TO:<%s>: host 192.168.99.3 [192.168.99.3]: 550 5.1.1 User unknown", self->last,
             self->recipients[i], self->from, self->recipients[i]);
      else
        _log_delivery(self, pid, self->recipients[i]);
    }
  _log(self, "exim-out", pid, "%s Completed", self->last);
}

static void
_log_transport(Message *self)
{
  const char *subject = PICK(subjects);

  _wait(self, 500, 2500);
  _log(self, "smtpd", QUEUE_MANAGER_PID, "QMGR[%d]: %s moved to work queue", QUEUE_MANAGER_PID, self->first);
  _wait(self, 0, 600);
  _log_scan(self, self->kind, subject);
  if (self->kind == QUARANTINED)
    return;
  if (self->kind == REQUEUED)
    {
      _wait(self, 60000, 240000);
      _log_scan(self, PASSED, subject);
    }
  _log_deliveries(self);
}

static void
_clear(Message *self)
{
  for (size_t i = 0; i < self->n_lines; i++)
    free(self->lines[i].text);
  *self = (Message) { .lines = self->lines, .lines_size = self->lines_size };
}

static void
_make(Message *self, int64_t msec, FILE *truth)
{
  _clear(self);
  self->msec = msec;
  _choose(self);
  _log(self, "exim-in", LISTENER_PID, "SMTP connection from [%s]:%d (TCP/IP connection count = %u)", self->ip, self->port,
       1 + _draw(20));
  _wait(self, 0, 400);
  switch (self->kind)
    {
    case NOISE:
      _log_noise(self);
      break;
    case REJECTED:
      _log_rejection(self);
      break;
    case GREYLISTED:
      _log_greylisting(self);
      break;
    default:
      _log_reception(self);
      _log_transport(self);
    }
  if (truth)
    fprintf(truth, "%s\t%s\t%s\t%d\t%d\t%zu\n", kind_names[self->kind], self->first[0] ? self->first : "-",
            self->last[0] ? self->last : "-", self->n_recipients, self->n_signatures, self->n_lines);
}

static int
_is_exim(const Line *line)
{
  return strncmp(line->program, "exim", 4) == 0;
}

static void
_print(const Line *line)
{
  static const char *const formats[FRAMES] =
  { "%Y:%m:%d-%H:%M:%S", "%b %e %H:%M:%S", "<22>%b %e %H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00", "" };
  time_t second = (time_t)(line->msec / 1000);
  char outer[40] = "", inner[40] = "";
  struct tm civil;

  gmtime_r(&second, &civil);
  strftime(outer, sizeof(outer), formats[frame], &civil);
  if (_is_exim(line))
    strftime(inner, sizeof(inner), "%Y-%m-%d %H:%M:%S ", &civil);
  if (frame != FRAME_NONE)
    printf("%s %s %s[%d]: %s%s\n", outer, host, line->program, line->pid, inner, line->text);
  else if (_is_exim(line))
    printf("%s%s\n", inner, line->text);
}

static int
_is_before(const Message *self, const Message *other)
{
  int64_t mine = self->lines[self->next].msec, theirs = other->lines[other->next].msec;

  return mine < theirs || (mine == theirs && self->order < other->order);
}

/* restores the heap below position i */
static void
_sift_down(Message **heap, size_t count, size_t i)
{
  for (size_t child = 2 * i + 1; child < count; i = child, child = 2 * i + 1)
    {
      Message *message = heap[i];
      if (child + 1 < count && _is_before(heap[child + 1], heap[child]))
        child++;
      if (_is_before(message, heap[child]))
        return;
      heap[i] = heap[child];
      heap[child] = message;
    }
}

static void
_write_all(Message **heap, size_t count, long more, FILE *truth)
{
  uint64_t order = count;

  for (size_t i = count; i-- > 0; )
    _sift_down(heap, count, i);
  while (count)
    {
      Message *message = heap[0];
      int64_t msec = message->lines[message->next].msec;

      _print(&message->lines[message->next++]);
      if (message->next == message->n_lines && more > 0)
        {
          more--;
          _make(message, msec + _draw(4000), truth);
        }
      else if (message->next == message->n_lines)
        heap[0] = heap[--count];
      message->order = order++;
      _sift_down(heap, count, 0);
    }
}

static int
_usage(void)
{
  fputs("usage: utmgen [-m MESSAGES] [-c CONCURRENCY] [-s SEED] [-n HOST] [-e EPOCH] [-H utm|bsd|pri|iso|none] "
        "[-t TRUTH]\n", stderr);
  return 2;
}

static int
_choose_frame(const char *name)
{
  for (frame = FRAME_UTM; frame < FRAMES; frame++)
    if (strcmp(frame_names[frame], name) == 0)
      return 1;
  return 0;
}

static int
_generate(long messages, long concurrency, int64_t epoch, FILE *truth)
{
  size_t count = (size_t)(messages < concurrency ? messages : concurrency);
  Message *slots = calloc(count + 1, sizeof(Message));
  Message **heap = calloc(count + 1, sizeof(Message *));

  if (!slots || !heap)
    abort();
  for (size_t i = 0; i < count; i++)
    {
      _make(&slots[i], epoch * 1000 + _draw(8000), truth);
      slots[i].order = i;
      heap[i] = &slots[i];
    }
  _write_all(heap, count, messages - (long) count, truth);
  for (size_t i = 0; i < count; i++)
    {
      _clear(&slots[i]);
      free(slots[i].lines);
    }
  free(slots);
  free(heap);
  return fflush(stdout) || (truth && fclose(truth));
}

int
main(int argc, char **argv)
{
  long messages = 1000, concurrency = 50;
  int64_t epoch = 1560164680;
  uint64_t seed = 1;
  FILE *truth = NULL;

  for (int option; (option = getopt(argc, argv, "m:c:s:n:e:H:t:")) > 0; )
    if (option == 'm')
      messages = strtol(optarg, NULL, 10);
    else if (option == 'c')
      concurrency = strtol(optarg, NULL, 10);
    else if (option == 's')
      seed = strtoull(optarg, NULL, 10);
    else if (option == 'n')
      host = optarg;
    else if (option == 'e')
      epoch = strtoll(optarg, NULL, 10);
    else if (option == 't' && !(truth = fopen(optarg, "w")))
      return perror(optarg), 1;
    else if (option == '?' || (option == 'H' && !_choose_frame(optarg)))
      return _usage();
  if (messages < 0 || concurrency < 1)
    return _usage();
  random_state = seed * UINT64_C(0x9E3779B97F4A7C15) + 0x1234567;
  for (int i = 0; i < 8; i++)
    _draw(2);
  return _generate(messages, concurrency, epoch, truth);
}
