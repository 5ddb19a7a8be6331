/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard-page.h"
#include "scan.h"
#include <criterion/criterion.h>

static const gchar *
_class_of(const gchar *stage, const gchar *text, const gchar *detail)
{
  Line line = { 0 };
  Scan scan = { SLICE_NONE, &line };
  static gchar found[64];

  scan_add(&scan, F_REFUSAL_STAGE, slice_from_string(stage), FALSE);
  scan_add(&scan, F_REFUSAL_TEXT, slice_from_string(text), FALSE);
  scan_reason(&scan);
  Slice list = line_get(&line, F_REFUSAL_REASON_DETAIL);
  cr_expect(slice_equals(list, slice_from_string(detail)), "%s: detail %.*s", text, (gint) list.len, list.len ? list.str : "");
  g_snprintf(found, sizeof(found), "%.*s", (gint) line_get(&line, F_REFUSAL_REASON).len,
             line_get(&line, F_REFUSAL_REASON).str);
  return found;
}

Test(reason, texts_that_exim_and_usual_configurations_write)
{
  static const struct { const gchar *stage, *text, *class, *detail; } cases[] =
  {
    { "rcpt", "relay not permitted", "relay-denied", NULL },
    { "rcpt", "Unrouteable address", "unknown-recipient", NULL },
    { "rcpt", "No Such User Here", "unknown-recipient", NULL },
    { "rcpt", "192.0.2.1 is in a black list at zen.spamhaus.org", "dnsbl", "zen.spamhaus.org" },
    { "rcpt", "rejected because 192.0.2.1 is in a black list at dnsbl.test: see https://x.test/", "dnsbl", "dnsbl.test" },
    { "connect", "host is listed in bl.spamcop.net", "dnsbl", "bl.spamcop.net" },
    { "rcpt", "greylisted, please try again later", "greylisting", NULL },
    { "rcpt", "Sender verify failed", "sender-verify", NULL },
    { "rcpt", "[SPF] 192.0.2.1 is not allowed to send mail from b.test.", "spf", NULL },
    { "rcpt", "Your host has no reverse DNS", "rdns", NULL },
    { "helo", "syntactically invalid argument(s): x", "syntax", NULL },
    { "helo", "forged name", "helo", NULL },
    { "data", "This message contains malware (Eicar)", "virus", NULL },
    { "data", "This message scored 12.0 spam points", "spam", NULL },
    { "mail", "message too big: size=9 max=1", "size", NULL },
    { "connect", "too many connections from that IP address", "rate", NULL },
    { "rcpt", "sender address <marble@x.test> is blacklisted", "policy", NULL },
    { "rcpt", "<info@helomail.test> blocked", "policy", NULL },
    { "rcpt", "user spfeiffer@d.test unknown user", "unknown-recipient", NULL },
    { "rcpt", "Unknown user <michelorbl@d.test>", "unknown-recipient", NULL },
    { "rcpt", "<anthelo@d.test> unknown user", "unknown-recipient", NULL },
    { "rcpt", "Domain d.test has exceeded the max emails per hour (151/150 (100%)) allowed.", "rate", NULL },
    { "rcpt", "mailbox is full", "size", NULL },
    { "rcpt", "all relevant MX records point to non-existent hosts", "unknown-recipient", NULL },
    { "rcpt", "host lookup did not complete", "unknown-recipient", NULL },
    { "rcpt", "Address verification failed", "unknown-recipient", NULL },
    { "rcpt", "This user doesn't have a d.test account", "unknown-recipient", NULL },
    { "mail", "Domain of sender address a@b.test does not resolve", "sender-verify", NULL },
    { "mail", "SMTP AUTH is required for message submission", "auth", NULL },
    { "data", "there is no valid sender in any header line", "syntax", NULL },
    { "data", "maximum allowed line length is 998 octets", "size", NULL },
    { "rcpt", "restricted characters in address", "syntax", NULL },
    { "rcpt", "192.0.2.1 is in a black list at zen.spamhaus.org\\nhttps://x.test", "dnsbl", "zen.spamhaus.org" },
    { "rcpt", "blacklisted in bl.spamcop.net", "dnsbl", "bl.spamcop.net" },
    { "rcpt", "is in RBL black.rbl.test", "dnsbl", "black.rbl.test" },
    { "tls", "anything", "tls", NULL },
    { "auth", "relay not permitted", "auth", NULL },
    { "protocol", "", "syntax", NULL },
    { "rcpt", "", "other", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      const gchar *class = _class_of(cases[i].stage, cases[i].text, cases[i].detail);
      cr_expect_str_eq(class, cases[i].class, "%s: %s", cases[i].text, class);
    }
}

/* the word that Exim's own text begins with a quote counts there only */
Test(reason, words_are_found_in_each_place_and_nothing_behind_is_read)
{
  static const struct { const gchar *text, *class; } cases[] =
  {
    { "SpamHaus", "dnsbl" }, { "no such", "unknown-recipient" }, { "spf", "spf" }, { "spfx", "other" },
    { "x\"received\" headers", "loop" }, { "received headers", "content" }, { "mail loop", "loop" },
  };
  GuardPage guard;
  gchar text[80];

  guard_page_init(&guard, sizeof(text));
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    for (gsize before = 0; before < 40; before++)
      {
        Line line = { 0 };
        Scan scan = { SLICE_NONE, &line };
        gint len = g_snprintf(text, sizeof(text), "%*s%s", (gint) before, "", cases[i].text);
        scan_add(&scan, F_REFUSAL_TEXT, guard_page_put(&guard, slice_new(text, (gsize) len)), FALSE);
        scan_reason(&scan);
        Slice class = line_get(&line, F_REFUSAL_REASON);
        cr_expect(slice_equals(class, slice_from_string(cases[i].class)), "%s: %.*s", text, (gint) class.len, class.str);
      }
  guard_page_release(&guard);
}
