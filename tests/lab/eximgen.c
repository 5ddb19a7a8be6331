/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * eximgen: main logs of a plain Exim with Debian's selectors, of any size, with a truth table.  The same arguments
 * give the same bytes with every compiler: random numbers are drawn one a statement.  A model, for speed and joins;
 * what Exim really writes is the lab's.
 *
 * usage: eximgen [-m MESSAGES] [-r RATE] [-s SEED] [-n HOST] [-e EPOCH] [-H none|pri] [-t TRUTH]
 *   -m      messages that arrive, bounces come on top
 *   -r      of them in 100 seconds
 *   -H pri  "<22>Nov 24 17:35:50 HOST exim[1234]: " in front
 *   -t      a row for each message: kind, id, recipients; separated by a tab
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

typedef struct
{
  int64_t msec;
  uint64_t order;     /* among lines of the same time */
  int pid;
  char *text;
} Line;

typedef struct
{
  int64_t msec;
  int pid, n_recipients;
  char id[ID_SIZE], ip[20], host[80], sender[128];
} Message;

static const char *const domains[] =
{
  "example.com", "sender.example", "lists.example.net", "mailer.example.net", "industrie.example", "shop.example",
  "university.example", "bank.example", "gov.example.org", "cdn-mail.example.io"
};
static const char *const locals[] = { "home.example", "corp.example", "branch.corp.example" };
static const char *const users[] =
{
  "info", "noreply", "j.smith", "anna.mueller", "sales", "support", "billing", "bounce+a1b2", "newsletter", "root", "bob",
  "alice", "helpdesk", "office"
};
static const char *const ciphers[] =
{
  "TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256", "TLS1.3:ECDHE_X25519__ECDSA_SECP256R1_SHA256__AES_256_GCM:256",
  "TLS1.2:ECDHE_SECP256R1__RSA_SHA256__AES_256_GCM:256", "TLS1.2:DHE_CUSTOM2048__RSA_SHA256__AES_128_GCM:128"
};
static const char *const refusals[] =
{
  "Relay not permitted", "Unrouteable address", "Sender verify failed", "203.0.113.9 is listed at zen.dnsbl.example"
};
static const char *const deferrals[] =
{
  "450 4.2.0 Greylisted, please come back later", "451 4.7.1 Try again later", "452 4.2.2 Mailbox full"
};

static const char *host = "mx";
static int with_frame;
static Line *heap;
static size_t n_lines, heap_size;

static int
_new_pid(void)
{
  static int pid = 7000;

  pid = pid >= 32767 ? 1000 : pid + 1;
  return pid;
}

static int
_is_before(const Line *line, const Line *other)
{
  return line->msec < other->msec || (line->msec == other->msec && line->order < other->order);
}

static void
_insert(Line line)
{
  size_t i = n_lines++;

  if (n_lines > heap_size)
    {
      heap_size = heap_size ? 2 * heap_size : 1024;
      heap = realloc(heap, heap_size * sizeof(Line));
      if (!heap)
        abort();
    }
  for (; i && _is_before(&line, &heap[(i - 1) / 2]); i = (i - 1) / 2)
    heap[i] = heap[(i - 1) / 2];
  heap[i] = line;
}

static Line
_take_first(void)
{
  Line first = heap[0], last = heap[--n_lines];
  size_t i = 0;

  for (size_t child = 1; child < n_lines; i = child, child = 2 * i + 1)
    {
      if (child + 1 < n_lines && _is_before(&heap[child + 1], &heap[child]))
        child++;
      if (!_is_before(&heap[child], &last))
        break;
      heap[i] = heap[child];
    }
  heap[i] = last;
  return first;
}

__attribute__((format(printf, 3, 4))) static void
_log(const Message *self, int pid, const char *format, ...)
{
  static uint64_t order;
  Line line = { .msec = self->msec, .order = order++, .pid = pid };
  va_list arguments;

  va_start(arguments, format);
  if (vasprintf(&line.text, format, arguments) < 0)
    abort();
  va_end(arguments);
  _insert(line);
}

static void
_print(Line *line)
{
  time_t second = (time_t)(line->msec / 1000);
  static time_t printed = -1;
  static char stamp[24], outer[24];
  struct tm civil;

  if (second != printed)
    {
      gmtime_r(&second, &civil);
      strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &civil);
      strftime(outer, sizeof(outer), "%b %e %H:%M:%S", &civil);
      printed = second;
    }
  if (with_frame)
    printf("<22>%s %s exim[%d]: ", outer, host, line->pid);
  printf("%s %s\n", stamp, line->text);
  free(line->text);
}

static void
_print_until(int64_t msec)
{
  while (n_lines && heap[0].msec < msec)
    {
      Line line = _take_first();
      _print(&line);
    }
}

static void
_wait(Message *self, unsigned least, unsigned spread)
{
  self->msec += least + _draw(spread);
}

static void
_choose(Message *self, int64_t msec)
{
  unsigned a = 1 + _draw(222), b = _draw(256), c = _draw(256), d = 1 + _draw(254);
  unsigned number = _draw(40), user = _draw(900);
  const char *domain = PICK(domains), *name = PICK(users);

  *self = (Message) { .msec = msec, .pid = _new_pid(), .n_recipients = 1 };
  snprintf(self->ip, sizeof(self->ip), "%u.%u.%u.%u", a, b, c, d);
  snprintf(self->host, sizeof(self->host), _percent(80) ? "mail%u.%s" : "(helo%u.%s)", number, domain);
  snprintf(self->sender, sizeof(self->sender), "%s%u@%s", name, user, domain);
  if (_percent(20))
    self->n_recipients = 2 + (int) _draw(4);
}

static void
_log_refusal(Message *self)
{
  const char *user = PICK(users), *domain = PICK(locals), *why = PICK(refusals);

  if (_percent(30))
    _log(self, self->pid, "no host name found for IP address %s", self->ip);
  _log(self, self->pid, "H=%s [%s] F=<%s> rejected RCPT <%s@%s>: %s", self->host, self->ip, self->sender, user, domain,
       why);
}

static void
_log_arrival(Message *self)
{
  unsigned size = 600 + _draw(90000), word = _draw(1u << 31), other = _draw(1u << 31);
  const char *cipher = PICK(ciphers);
  char tls[160] = "";

  if (_percent(85))
    snprintf(tls, sizeof(tls), " P=esmtps X=%s CV=no", cipher);
  else
    snprintf(tls, sizeof(tls), " P=esmtp");
  _log(self, self->pid, "%s <= %s H=%s [%s]%s S=%u id=%08x.%08x@%s", self->id, self->sender, self->host, self->ip, tls,
       size, word, other, strchr(self->sender, '@') + 1);
}

static void
_log_remote(Message *self, int pid, const char *flag)
{
  const char *user = PICK(users), *domain = PICK(domains), *cipher = PICK(ciphers), *why = PICK(deferrals);
  unsigned number = _draw(900), queued = _draw(1u << 31);

  if (_percent(5))
    {
      _log(self, pid, "%s == %s%u@%s R=dnslookup T=remote_smtp defer (-44) H=mx1.%s [198.51.100.7]: SMTP error from remote mail "
           "server after RCPT TO:<%s%u@%s>: %s", self->id, user, number, domain, domain, user, number, domain, why);
      _wait(self, 60000, 1800000);
    }
  _log(self, pid, "%s %s %s%u@%s R=dnslookup T=remote_smtp H=mx1.%s [198.51.100.7] X=%s CV=yes DN=\"CN=mx1.%s\" "
       "C=\"250 2.0.0 Ok: queued as 4%08X\"", self->id, flag, user, number, domain, domain, cipher, domain, queued);
}

static void
_log_local(Message *self, int pid, const char *flag)
{
  const char *user = PICK(users), *domain = PICK(locals);
  unsigned number = _draw(300);

  _log(self, pid, "%s %s %s%u <%s%u@%s> R=local_user T=maildir_home", self->id, flag, user, number, user, number, domain);
}

static void
_log_bounce(Message *self, int pid, FILE *truth)
{
  Message bounce = *self;
  const char *user = PICK(users), *domain = PICK(domains);
  unsigned size = 1800 + _draw(5000);

  _log(self, pid, "%s ** %s@%s R=dnslookup T=remote_smtp H=mx1.%s [198.51.100.7]: SMTP error from remote mail server after "
       "RCPT TO:<%s@%s>: 550 5.1.1 User unknown", self->id, user, domain, domain, user, domain);
  bounce.pid = _new_pid();
  _new_id(bounce.id, bounce.msec, bounce.pid);
  _log(&bounce, bounce.pid, "%s <= <> R=%s U=Debian-exim P=local S=%u", bounce.id, self->id, size);
  _wait(&bounce, 100, 900);
  _log(&bounce, bounce.pid, "%s => %s R=dnslookup T=remote_smtp H=mx1.%s [198.51.100.8] C=\"250 OK\"", bounce.id, self->sender,
       strchr(self->sender, '@') + 1);
  _log(&bounce, bounce.pid, "%s Completed", bounce.id);
  if (truth)
    fprintf(truth, "bounce\t%s\t1\n", bounce.id);
}

static void
_log_message(Message *self, FILE *truth)
{
  int pid = _new_pid(), is_local = _percent(60), bounces = _percent(3);

  _new_id(self->id, self->msec, self->pid);
  _wait(self, 0, 2000);
  _log_arrival(self);
  for (int i = 0; i < self->n_recipients; i++)
    {
      const char *flag = i ? "->" : "=>";
      _wait(self, 50, 1500);
      if (bounces && i == 0)
        _log_bounce(self, pid, truth);
      else if (is_local)
        _log_local(self, pid, flag);
      else
        _log_remote(self, pid, flag);
    }
  _log(self, pid, "%s Completed", self->id);
  if (truth)
    fprintf(truth, "message\t%s\t%d\n", self->id, self->n_recipients);
}

static int
_generate(long messages, int64_t msec, unsigned rate, FILE *truth)
{
  Message message;

  for (long made = 0; made < messages; msec += _draw(200000 / rate + 1))
    {
      _print_until(msec);
      _choose(&message, msec);
      if (_percent(20))
        _log_refusal(&message);
      else
        _log_message(&message, truth), made++;
    }
  _print_until(INT64_MAX);
  free(heap);
  return fflush(stdout) || (truth && fclose(truth));
}

static int
_usage(void)
{
  fputs("usage: eximgen [-m MESSAGES] [-r RATE] [-s SEED] [-n HOST] [-e EPOCH] [-H none|pri] [-t TRUTH]\n", stderr);
  return 2;
}

int
main(int argc, char **argv)
{
  long messages = 1000, rate = 1000;
  int64_t epoch = 1764000000;
  uint64_t seed = 1;
  FILE *truth = NULL;

  for (int option; (option = getopt(argc, argv, "m:r:s:n:e:H:t:")) > 0; )
    if (option == 'm')
      messages = strtol(optarg, NULL, 10);
    else if (option == 'r')
      rate = strtol(optarg, NULL, 10);
    else if (option == 's')
      seed = strtoull(optarg, NULL, 10);
    else if (option == 'n')
      host = optarg;
    else if (option == 'e')
      epoch = strtoll(optarg, NULL, 10);
    else if (option == 't' && !(truth = fopen(optarg, "w")))
      return perror(optarg), 1;
    else if (option == '?' || (option == 'H' && strcmp(optarg, "none") && strcmp(optarg, "pri")))
      return _usage();
    else if (option == 'H')
      with_frame = strcmp(optarg, "pri") == 0;
  if (messages < 0 || rate < 1 || rate > 100000)
    return _usage();
  random_state = seed * UINT64_C(0x9E3779B97F4A7C15) + 0x1234567;
  for (int i = 0; i < 8; i++)
    _draw(2);
  return _generate(messages, epoch * 1000, (unsigned) rate, truth);
}
