/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open messages: any number of messages of a UTM that wait for their delivery, through the public interface: eight
 * lines each, as examples/logs/01-full-message.log has them, with one recipient and with values that differ.  Each
 * process serves one message after the other, and each id decodes to its second and its process.
 */
#ifndef MAILTRACE_OPEN_MESSAGES_H_INCLUDED
#define MAILTRACE_OPEN_MESSAGES_H_INCLUDED

#include "mailtrace/queue_id.h"
#include "mailtrace/tracker.h"

#include <malloc.h>

#define OPEN_MESSAGES_BEGIN_SEC 1560179080
#define OPEN_MESSAGES_PER_SEC 500
#define OPEN_MESSAGES_PIDS 25000

typedef struct _OpenMessage
{
  guint i, receiver, scanner, port;
  gint64 sec;
  gchar stamp[20], host_stamp[20], first[QUEUE_ID_NEW_LEN + 1], second[QUEUE_ID_NEW_LEN + 1];
  gchar ip[16], helo[64], sender[128], envelope[160], recipient[64];
} OpenMessage;

static inline void
_open_message_names(OpenMessage *self)
{
  static const gchar *const domains[] = { "example.com", "senderdomain.tld", "forwardingdomain.tld", "mailer.example.net",
    "industrie.example", "shop.example", "university.example", "cdn-mail.example.io" };
  static const gchar *const users[] = { "sendinguser", "info", "noreply", "anna.mueller", "bounce+a1b2", "newsletter" };
  guint i = self->i;
  const gchar *domain = domains[i % G_N_ELEMENTS(domains)], *user = users[i % G_N_ELEMENTS(users)];

  g_snprintf(self->ip, sizeof(self->ip), "%u.%u.%u.%u", 1 + i % 222, i / 7 % 256, i / 3 % 256, 1 + i % 254);
  g_snprintf(self->helo, sizeof(self->helo), "mail-out%u.%s", i % 40, domain);
  g_snprintf(self->sender, sizeof(self->sender), "%s%u@%s", user, i % 997, domain);
  if (i % 7)
    g_snprintf(self->envelope, sizeof(self->envelope), "%s", self->sender);
  else
    g_snprintf(self->envelope, sizeof(self->envelope), "SRS0=%06x=UJ=%s=%s%u@forwardingdomain.tld", i, domain, user, i % 997);
  g_snprintf(self->recipient, sizeof(self->recipient), "targetuser%u@targetdomain.tld", i % 3600);
}

static inline void
_open_message_stamps(OpenMessage *self)
{
  GDateTime *time = g_date_time_new_from_unix_utc(self->sec);
  gchar *stamp = g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
  gchar *host_stamp = g_date_time_format(time, "%Y:%m:%d-%H:%M:%S");

  g_strlcpy(self->stamp, stamp, sizeof(self->stamp));
  g_strlcpy(self->host_stamp, host_stamp, sizeof(self->host_stamp));
  g_free(stamp);
  g_free(host_stamp);
  g_date_time_unref(time);
}

static inline void
open_message_init(OpenMessage *self, guint i)
{
  self->i = i;
  self->sec = OPEN_MESSAGES_BEGIN_SEC + i / OPEN_MESSAGES_PER_SEC;
  self->receiver = 7000 + i % OPEN_MESSAGES_PIDS;
  self->scanner = 5000 + i % 6;
  self->port = 1024 + i % 64000;
  _open_message_names(self);
  _open_message_stamps(self);
  queue_id_encode(&(QueueId) { self->sec, self->receiver, i % 3844 }, FALSE, self->first);
  queue_id_encode(&(QueueId) { self->sec, self->scanner, i / 6 % 3844 }, FALSE, self->second);
}

#define OPEN_MESSAGE_LINES 8

static inline void
open_message_line(const OpenMessage *self, guint number, GString *out)
{
  static const gchar *const verdicts[] = { "Unknown", "Unknown", "NonSpam", "Bulk", "Suspect" };
  guint i = self->i;

  g_string_printf(out, "%s defense exim-in[%u]: %s ", self->host_stamp, number ? self->receiver : 6854, self->stamp);
  switch (number)
    {
    case 0:
      g_string_append_printf(out, "SMTP connection from [%s]:%u (TCP/IP connection count = %u)", self->ip, self->port, 1 + i % 9);
      break;
    case 1:
      g_string_append_printf(out, "[%s] F=<%s> R=<%s> Accepted: from relay", self->ip, self->envelope, self->recipient);
      break;
    case 2:
      g_string_append_printf(out, "%s DKIM: d=%s s=selector%u c=relaxed/relaxed a=rsa-sha256 [verification succeeded]",
                             self->first, strchr(self->sender, '@') + 1, i % 3);
      break;
    case 3:
      g_string_append_printf(out, "%s ctasd reports '%s' RefID:str=0001.0A09020%u.%08X.%04X,ss=%u,re=0.000,recu=0.000,"
                             "reip=0.000,cl=%u,cld=1,fgs=0", self->first, verdicts[i % 5], i % 9, i * 2654435761u,
                             i % 65536, 1 + i % 3, 1 + i % 4);
      break;
    case 4:
      g_string_append_printf(out, "%s <= %s H=%s [%s]:%u P=esmtps X=TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256 S=%u "
                             "id=%08x%04x$%08x$%08x$@%s", self->first, self->envelope, self->helo, self->ip, self->port,
                             5500 + i % 90000, i * 2654435761u, i % 65536, i * 40503u, i ^ 0x5cfe7189u,
                             strchr(self->sender, '@') + 1);
      break;
    case 5:
      g_string_append_printf(out, "SMTP connection from %s [%s]:%u closed by QUIT", self->helo, self->ip, self->port);
      break;
    case 6:
      g_string_printf(out, "%s defense smtpd[6746]: QMGR[6746]: %s moved to work queue", self->host_stamp, self->first);
      break;
    default:
      g_string_printf(out, "%s defense smtpd[%u]: SCANNER[%u]: %s <= %s R=%s P=INPUT S=%u", self->host_stamp,
                      self->scanner, self->scanner, self->second, self->sender, self->first, 1500 + i % 90000);
      break;
    }
}

/* feeds messages 0 to n - 1 */
static inline void
open_messages_feed(Tracker *tracker, guint n, SummaryQueue *out)
{
  GString *text = g_string_new(NULL);
  OpenMessage message;

  for (guint i = 0; i < n; i++)
    {
      open_message_init(&message, i);
      for (guint number = 0; number < OPEN_MESSAGE_LINES; number++)
        {
          Frame frame;
          Line line;

          open_message_line(&message, number, text);
          frame_split(slice_new(text->str, text->len), message.sec, &frame);
          line_parse(&frame, &line);
          tracker_feed(tracker, &frame, &line, 0, out);
        }
    }
  g_string_free(text, TRUE);
}

/* bytes that malloc has given out, its own overhead included */
static inline gsize
heap_bytes(void)
{
  struct mallinfo2 info = mallinfo2();

  return info.uordblks + info.hblkhd;
}

#endif
