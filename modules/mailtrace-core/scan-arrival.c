/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fields of arrivals, and of lines about clients: refusals, connections */
#include "scan-letters.h"

static const CipherFields client_cipher =
{
  F_TLS_VERSION, F_TLS_CIPHER, F_TLS_BITS, F_TLS_GROUP, F_TLS_RESUMED, F_TLS_CIPHER_IANA, F_TLS_FORWARD_SECRECY,
  F_TLS_AEAD
};

#define EXTENSION(name, word) FLAG(name, F_SMTP_EXTENSIONS, word)

/* in the order of the log */
static const Slice behind_name[] =
{
  TEXT("SNI="), TEXT("A="), TEXT("PRDR"), TEXT("PRX="), TEXT("K"), TEXT("S="), TEXTS_END
};
static const Slice behind_auth[] =
{
  TEXT("PRDR"), TEXT("PRX="), TEXT("K"), TEXT("S="), TEXTS_END
};
static const Slice behind_ident[] =
{
  TEXT("Ci="), TEXT("P="), TEXTS_END
};
static const Slice behind_client_name[] =
{
  TEXT("SNI="), TEXT("A="), TEXT("SPF"), TEXT("SPF="), TEXT("DMARC"), TEXT("DMARC="), TEXT("C="), TEXT("D="),
  TEXT("rejected"), TEXT("temporarily"), TEXT("Warning:"), TEXT("RCPT"), TEXT("sender"), TEXT("dropped"),
  TEXT("incomplete"), TEXT("F=<"), TEXTS_END
};
static const Slice behind_client_ident[] =
{
  TEXT("I="), TEXT("Ci="), TEXT("X="), TEXT("CV="), TEXT("DN="), TEXT("SNI="), TEXT("F=<"), TEXTS_END
};

#define LETTERS_OF_ARRIVALS \
  ['A'] = LETTERS({ TEXT("A="), FORM_AUTH, TRUE, F_AUTH_MECHANISM, F_AUTH_ID, NO_TEXT, behind_auth }, \
                  FLAG("ARC", F_ARC, "true")), \
  ['C'] = LETTERS(LETTER("CV=", FORM_YES_NO, F_TLS_IN_VERIFIED), LETTER("Ci=", FORM_WORD, F_CLIENT_CONNECTION_ID)), \
  ['D'] = LETTERS(LETTER_BEFORE("DN=", FORM_NAME, F_TLS_IN_DN, behind_name), \
                  LETTER_PAIR("DKIM=", FORM_DKIM, F_DKIM_DOMAIN, F_DKIM_SIGNATURE_RESULT), \
                  LETTER("DMARC=", FORM_WORD, F_DMARC), FLAG("DMARC", F_DMARC, "pass"), \
                  FLAG("DS", F_CLIENT_DNSSEC, "true")), \
  ['I'] = LETTERS(LETTER_PAIR("I=", FORM_ADDRESS, F_LOCAL_IP, F_LOCAL_PORT)), \
  ['K'] = LETTERS(EXTENSION("K", "chunking")), \
  ['L'] = LETTERS(EXTENSION("L", "pipelining"), SKIP_FLAG("L-"), EXTENSION("L.", "pipelining"), SKIP_FLAG("L.-"), \
                  EXTENSION("L*", "pipelining"), SKIP_FLAG("L*-")), \
  ['M'] = LETTERS(LETTER("M8S=", FORM_WORD, F_BODY_8BITMIME)), \
  ['P'] = LETTERS(LETTER("P=", FORM_WORD, F_PROTOCOL), LETTER("PRX=", FORM_ADDRESS, F_CLIENT_PROXY), \
                  EXTENSION("PRDR", "prdr")), \
  ['Q'] = LETTERS(LETTER("Q=", FORM_WORD, F_QUEUE_NAME)), \
  ['S'] = LETTERS(LETTER("S=", FORM_WORD, F_SIZE), LETTER_BEFORE("SNI=", FORM_NAME, F_TLS_IN_SNI, behind_name), \
                  LETTER("SPF=", FORM_WORD, F_SPF), FLAG("SPF", F_SPF, "pass")), \
  ['T'] = LETTERS(LETTER("T=", FORM_QUOTED, F_SUBJECT), EXTENSION("TFO", "tfo"), EXTENSION("TFO*", "tfo")), \
  ['U'] = LETTERS(LETTER_BEFORE("U=", FORM_FREE, F_CLIENT_IDENT, behind_ident)), \
  ['X'] = LETTERS(LETTER("X=", FORM_CIPHER, NO_FIELD)), \
  ['f'] = LETTERS(LETTER("from ", FORM_ANGLE, F_SENDER_UNREWRITTEN), LETTER("for ", FORM_LIST, F_RECIPIENTS)), \
  ['i'] = LETTERS(LETTER("id=", FORM_MESSAGE_ID, F_MESSAGE_ID), LETTER("id*=", FORM_MESSAGE_ID, F_MESSAGE_ID)),

static const Letter *const arrival_letters[256] =
{
  LETTERS_OF_ARRIVALS
  ['H'] = LETTERS(LETTER("H=", FORM_PEER, NO_FIELD)),
  ['R'] = LETTERS(LETTER("R=", FORM_PARENT, NO_FIELD), LETTER("RT=", FORM_WORD, F_RECEIVE_TIME)),
};

/* R= and H= do not occur behind H= */
static const Letter *const behind_peer_letters[256] =
{
  LETTERS_OF_ARRIVALS
  ['R'] = LETTERS(LETTER("RT=", FORM_WORD, F_RECEIVE_TIME)),
};

static gboolean _arrival_follows(Slice *rest, const Slice *ends);

static const LetterTable arrival = { arrival_letters, &client_cipher, _arrival_follows, FALSE };
static const LetterTable behind_peer = { behind_peer_letters, &client_cipher, NULL, FALSE };

static const Letter *const refusal_letters[256] =
{
  ['('] = LETTERS(STOP("(TCP/IP "), STOP("(via inetd)"), STOP("(ODMR "), STOP("(host_reject_"),
                  STOP("(tcp wrappers"), STOP("(failed to find ")),
  ['A'] = LETTERS(LETTER_PAIR("A=", FORM_AUTH, F_AUTH_MECHANISM, F_AUTH_ID), STOP("AUTH command used ")),
  ['C'] = LETTERS(LETTER("C=", FORM_WORD, F_CLIENT_COMMANDS), LETTER("Ci=", FORM_WORD, F_CLIENT_CONNECTION_ID),
                  LETTER("CV=", FORM_YES_NO, F_TLS_IN_VERIFIED)),
  ['D'] = LETTERS(LETTER("D=", FORM_WORD, F_CLIENT_DURATION),
                  LETTER_BEFORE("DN=", FORM_NAME, F_TLS_IN_DN, behind_client_name), LETTER("DMARC=", FORM_WORD, F_DMARC),
                  FLAG("DMARC", F_DMARC, "pass"), FLAG("DS", F_CLIENT_DNSSEC, "true")),
  ['F'] = LETTERS(LETTER("F=", FORM_ANGLE, F_REFUSAL_SENDER)),
  ['I'] = LETTERS(LETTER_PAIR("I=", FORM_ADDRESS, F_LOCAL_IP, F_LOCAL_PORT)),
  ['L'] = LETTERS(SKIP_FLAG("L"), SKIP_FLAG("L-"), SKIP_FLAG("L."), SKIP_FLAG("L.-"), SKIP_FLAG("L*"),
                  SKIP_FLAG("L*-")),
  ['P'] = LETTERS(LETTER("P=", FORM_WORD, NO_FIELD), LETTER("PRX=", FORM_ADDRESS, F_CLIENT_PROXY)),
  ['R'] = LETTERS(STOP("RCPT <")),
  ['S'] = LETTERS(LETTER_BEFORE("SNI=", FORM_NAME, F_TLS_IN_SNI, behind_client_name),
                  LETTER("SPF=", FORM_WORD, F_SPF), FLAG("SPF", F_SPF, "pass"), STOP("STARTTLS used ")),
  ['T'] = LETTERS(SKIP_FLAG("TFO"), SKIP_FLAG("TFO*")),
  ['U'] = LETTERS(LETTER_BEFORE("U=", FORM_FREE, F_CLIENT_IDENT, behind_client_ident)),
  ['W'] = LETTERS(STOP("Warning: ")),
  ['X'] = LETTERS(LETTER("X=", FORM_CIPHER, NO_FIELD)),
  ['a'] = LETTERS(STOP("already authenticated")),
  ['c'] = LETTERS(STOP("closed ")),
  ['d'] = LETTERS(STOP("dropped")),
  ['i'] = LETTERS(STOP("incomplete transaction "), STOP("input=")),
  ['l'] = LETTERS(STOP("lost")),
  ['n'] = LETTERS(STOP("next input="), STOP("not permitted in mail "), STOP("no RCPT before ")),
  ['r'] = LETTERS(STOP("rejected "), STOP("refused")),
  ['s'] = LETTERS(STOP("sender verify "), STOP("sender already given"), STOP("sender not yet given")),
  ['t'] = LETTERS(STOP("temporarily rejected ")),
  ['u'] = LETTERS(STOP("unrecognized command")),
  ['v'] = LETTERS(STOP("valid RCPT command must ")),
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
_arrival_follows(Slice *rest, const Slice *ends)
{
  Line scratch;
  Scan scan = { *rest, &scratch };

  if (!scan_quotes_are_paired(*rest))
    return FALSE;
  scan_clear_fields(&scratch);
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
