/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fields of arrivals, and of lines about clients: refusals, connections */
#include "scan-letters.h"

static const CipherFields client_cipher =
{
  F_TLS_VERSION, F_TLS_CIPHER, F_TLS_BITS, F_TLS_GROUP, F_TLS_RESUMED, F_TLS_CIPHER_IANA, F_TLS_FORWARD_SECRECY,
  F_TLS_AEAD
};

#define FLAG(name) { name, FORM_FLAG, NO_FIELD, NO_FIELD, NULL }
#define STOP(name) { name, FORM_STOP, NO_FIELD, NO_FIELD, NULL }
#define EXTENSION(name, word) { name, FORM_FLAG, F_SMTP_EXTENSIONS, NO_FIELD, word }

/* in the order of the log */
#define BEHIND_NAME "SNI=|A=|PRDR|PRX=|K|S="
#define BEHIND_CLIENT_NAME "SNI=|A=|SPF|SPF=|DMARC|DMARC=|C=|D=|rejected|temporarily|Warning:|RCPT|sender|dropped|incomplete|F=<"

static const Letter arrival_letters[] =
{
  { "R=", FORM_PARENT, NO_FIELD, NO_FIELD, NULL }, { "H=", FORM_PEER, NO_FIELD, NO_FIELD, NULL },
  { "I=", FORM_ADDRESS, F_LOCAL_IP, F_LOCAL_PORT, NULL }, { "U=", FORM_FREE, F_CLIENT_IDENT, NO_FIELD, "Ci=|P=" },
  { "P=", FORM_WORD, F_PROTOCOL, NO_FIELD, NULL }, { "X=", FORM_CIPHER, NO_FIELD, NO_FIELD, NULL },
  { "CV=", FORM_YES_NO, F_TLS_IN_VERIFIED, NO_FIELD, NULL }, { "DN=", FORM_NAME, F_TLS_IN_DN, NO_FIELD, BEHIND_NAME },
  { "SNI=", FORM_NAME, F_TLS_IN_SNI, NO_FIELD, BEHIND_NAME }, { "A=", FORM_AUTH, F_AUTH_MECHANISM, F_AUTH_ID, "PRDR|PRX=|K|S=" },
  { "S=", FORM_WORD, F_SIZE, NO_FIELD, NULL }, { "id=", FORM_MESSAGE_ID, F_MESSAGE_ID, NO_FIELD, NULL },
  { "id*=", FORM_MESSAGE_ID, F_MESSAGE_ID, NO_FIELD, NULL }, { "T=", FORM_QUOTED, F_SUBJECT, NO_FIELD, NULL },
  { "Ci=", FORM_WORD, F_CLIENT_CONNECTION_ID, NO_FIELD, NULL },
  { "PRX=", FORM_ADDRESS, F_CLIENT_PROXY, NO_FIELD, NULL }, { "M8S=", FORM_WORD, F_BODY_8BITMIME, NO_FIELD, NULL },
  { "DKIM=", FORM_DKIM, F_DKIM_DOMAIN, F_DKIM_SIGNATURE_RESULT, NULL },
  { "RT=", FORM_WORD, F_RECEIVE_TIME, NO_FIELD, NULL }, { "Q=", FORM_WORD, F_QUEUE_NAME, NO_FIELD, NULL },
  { "SPF=", FORM_WORD, F_SPF, NO_FIELD, NULL }, { "DMARC=", FORM_WORD, F_DMARC, NO_FIELD, NULL },
  { "SPF", FORM_FLAG, F_SPF, NO_FIELD, "pass" }, { "DMARC", FORM_FLAG, F_DMARC, NO_FIELD, "pass" },
  { "ARC", FORM_FLAG, F_ARC, NO_FIELD, "true" }, { "DS", FORM_FLAG, F_CLIENT_DNSSEC, NO_FIELD, "true" },
  EXTENSION("TFO", "tfo"), EXTENSION("TFO*", "tfo"), EXTENSION("L", "pipelining"), FLAG("L-"),
  EXTENSION("L.", "pipelining"), FLAG("L.-"), EXTENSION("L*", "pipelining"), FLAG("L*-"), EXTENSION("PRDR", "prdr"),
  EXTENSION("K", "chunking"),
  { "from ", FORM_ANGLE, F_SENDER_UNREWRITTEN, NO_FIELD, NULL }, { "for ", FORM_LIST, F_RECIPIENTS, NO_FIELD, NULL },
  LETTERS_END
};

static gboolean _arrival_follows(Slice *rest, const gchar *ends);

static const LetterTable arrival = { arrival_letters, &client_cipher, _arrival_follows, FALSE };
/* R= and H= do not occur behind H= */
static const LetterTable behind_peer = { arrival_letters + 2, &client_cipher, NULL, FALSE };

static const Letter refusal_letters[] =
{
  { "I=", FORM_ADDRESS, F_LOCAL_IP, F_LOCAL_PORT, NULL }, { "U=", FORM_FREE, F_CLIENT_IDENT, NO_FIELD, "I=|Ci=|X=|CV=|DN=|SNI=|F=<" },
  { "Ci=", FORM_WORD, F_CLIENT_CONNECTION_ID, NO_FIELD, NULL }, { "P=", FORM_WORD, NO_FIELD, NO_FIELD, NULL },
  { "X=", FORM_CIPHER, NO_FIELD, NO_FIELD, NULL }, { "CV=", FORM_YES_NO, F_TLS_IN_VERIFIED, NO_FIELD, NULL },
  { "DN=", FORM_NAME, F_TLS_IN_DN, NO_FIELD, BEHIND_CLIENT_NAME },
  { "SNI=", FORM_NAME, F_TLS_IN_SNI, NO_FIELD, BEHIND_CLIENT_NAME },
  { "F=", FORM_ANGLE, F_REFUSAL_SENDER, NO_FIELD, NULL }, { "A=", FORM_AUTH, F_AUTH_MECHANISM, F_AUTH_ID, NULL },
  { "D=", FORM_WORD, F_CLIENT_DURATION, NO_FIELD, NULL }, { "PRX=", FORM_ADDRESS, F_CLIENT_PROXY, NO_FIELD, NULL },
  { "C=", FORM_WORD, F_CLIENT_COMMANDS, NO_FIELD, NULL }, { "SPF=", FORM_WORD, F_SPF, NO_FIELD, NULL },
  { "DMARC=", FORM_WORD, F_DMARC, NO_FIELD, NULL }, { "SPF", FORM_FLAG, F_SPF, NO_FIELD, "pass" },
  { "DMARC", FORM_FLAG, F_DMARC, NO_FIELD, "pass" }, { "DS", FORM_FLAG, F_CLIENT_DNSSEC, NO_FIELD, "true" },
  FLAG("TFO"), FLAG("TFO*"), FLAG("L"), FLAG("L-"), FLAG("L."), FLAG("L.-"), FLAG("L*"), FLAG("L*-"),
  STOP("rejected "), STOP("temporarily rejected "), STOP("Warning: "), STOP("RCPT <"), STOP("sender verify "),
  STOP("dropped"), STOP("incomplete transaction "), STOP("closed "), STOP("lost"), STOP("(TCP/IP "),
  STOP("(via inetd)"), STOP("(ODMR "), STOP("(host_reject_"), STOP("(tcp wrappers"), STOP("(failed to find "),
  STOP("refused"), STOP("input="), STOP("next input="), STOP("sender already given"), STOP("sender not yet given"),
  STOP("unrecognized command"), STOP("valid RCPT command must "), STOP("STARTTLS used "), STOP("AUTH command used "),
  STOP("already authenticated"), STOP("not permitted in mail "), STOP("no RCPT before "),
  LETTERS_END
};

static const LetterTable refusal = { refusal_letters, &client_cipher, NULL, TRUE };

gboolean
scan_refusal_fields(Scan *self, const LineStep *step)
{
  scan_letters(self, &refusal);
  return TRUE;
}

static gboolean
_occurs_once(const Line *line, FieldId id)
{
  guint n = 0;

  for (guint i = 0; i < line->n_fields; i++)
    n += line->fields[i].id == id;
  return n == 1;
}

/* the fields of an arrival up to the end of the line, its size among them */
static gboolean
_arrival_follows(Slice *rest, const gchar *ends)
{
  Line scratch;
  Scan scan = { *rest, &scratch };

  if (!scan_quotes_are_paired(*rest))
    return FALSE;
  scratch.n_fields = 0;
  scan_letters(&scan, &behind_peer);
  *rest = scan.rest;
  return !scan.rest.len && _occurs_once(&scratch, F_SIZE) && _occurs_once(&scratch, F_PROTOCOL);
}

/* arrival = sender fields; what is no field and all behind it says nothing, but the message did arrive */
gboolean
scan_arrival(Scan *self, const LineStep *step)
{
  Slice sender = scan_quoted_word(self->rest);

  if (!sender.len)
    return FALSE;
  self->rest = slice_skip(self->rest, sender.len);
  if (sender.len >= 2 && sender.str[0] == '<' && sender.str[sender.len - 1] == '>')
    sender = slice_new(sender.str + 1, sender.len - 2);
  scan_add(self, F_SENDER, sender, FALSE);
  scan_letters(self, &arrival);
  self->rest = SLICE("");
  return TRUE;
}
