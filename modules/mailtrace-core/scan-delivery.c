/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* deliveries, deferrals and failures: addresses, fields, and why it did not work */
#include "scan-letters.h"

static const CipherFields next_hop_cipher =
{
  F_DELIVERY_TLS_VERSION, F_DELIVERY_TLS_CIPHER, F_DELIVERY_TLS_BITS, F_DELIVERY_TLS_GROUP, F_DELIVERY_TLS_RESUMED,
  F_DELIVERY_TLS_CIPHER_IANA, F_DELIVERY_TLS_FORWARD_SECRECY, F_DELIVERY_TLS_AEAD
};

#define EXTENSION(name, word) { name, FORM_FLAG, F_DELIVERY_EXTENSIONS, NO_FIELD, word }

static const Letter delivery_letters[] =
{
  { "F=", FORM_ANGLE, F_DELIVERY_SENDER, NO_FIELD, NULL }, { "Q=", FORM_WORD, F_DELIVERY_QUEUE_NAME, NO_FIELD, NULL },
  { "SRS=", FORM_ANGLE, NO_FIELD, NO_FIELD, NULL }, { "P=", FORM_ANGLE, F_DELIVERY_RETURN_PATH, NO_FIELD, NULL },
  { "R=", FORM_WORD, F_DELIVERY_ROUTER, NO_FIELD, NULL }, { "T=", FORM_WORD, F_DELIVERY_TRANSPORT, NO_FIELD, NULL },
  { "S=", FORM_WORD, F_DELIVERY_SIZE, NO_FIELD, NULL }, { "H=", FORM_NEXT_HOP, NO_FIELD, NO_FIELD, NULL },
  { "I=", FORM_ADDRESS, F_DELIVERY_LOCAL_IP, F_DELIVERY_LOCAL_PORT, NULL },
  { "ST=", FORM_FREE, F_DELIVERY_SHADOW, NO_FIELD, NULL }, { "X=", FORM_CIPHER, NO_FIELD, NO_FIELD, NULL },
  { "CV=", FORM_WORD, F_DELIVERY_TLS_VERIFIED, NO_FIELD, NULL },
  { "DN=", FORM_QUOTED, F_DELIVERY_TLS_DN, NO_FIELD, NULL }, { "A=", FORM_FREE, F_DELIVERY_AUTH, NO_FIELD, NULL },
  { "PRX=", FORM_ADDRESS, F_DELIVERY_PROXY, NO_FIELD, NULL }, { "PS=", FORM_SKIP, NO_FIELD, NO_FIELD, NULL },
  { "DKIM=", FORM_WORD, F_DELIVERY_DKIM, NO_FIELD, NULL },
  { "C=", FORM_REPLY, F_DELIVERY_RESPONSE, F_DELIVERY_CODE, NULL },
  { "QT=", FORM_WORD, F_DELIVERY_QUEUE_TIME, NO_FIELD, NULL },
  { "DT=", FORM_WORD, F_DELIVERY_DELIVER_TIME, NO_FIELD, NULL },
  EXTENSION("TFO", "tfo"), EXTENSION("TFO*", "tfo"), EXTENSION("L", "pipelining"), EXTENSION("L*", "pipelining"),
  EXTENSION("PRDR", "prdr"), EXTENSION("K", "chunking"),
  LETTERS_END
};

static const LetterTable delivery = { delivery_letters, &next_hop_cipher, NULL, FALSE };

static gsize
_addresses_end(Slice text, gboolean failure)
{
  static const gchar *const ends[] = { " F=<", " Q=", " SRS=<", " P=<", " R=", " T=", " routing defer (", " defer (" };
  gsize end = text.len;

  for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
    {
      gssize at = scan_find_unquoted(slice_head(text, end), slice_from_string(ends[i]));
      if (at >= 0)
        end = (gsize) at;
    }
  gssize colon = failure ? scan_find_unquoted(slice_head(text, end), SLICE(": ")) : -1;
  if (colon > 0 && text.str[colon - 1] == ' ')
    colon--;
  return colon >= 0 ? (gsize) colon : end;
}

/* index of the "<" that begins the last angle-bracketed part, or -1 */
static gssize
_top_begin(Slice addresses)
{
  gssize found = -1;

  if (addresses.len < 4 || addresses.str[addresses.len - 1] != '>')
    return -1;
  for (gsize from = 0;;)
    {
      gssize at = scan_find_unquoted(slice_skip(addresses, from), SLICE(" <"));
      if (at < 0)
        return found;
      found = (gssize) from + at + 1;
      from = (gsize) found;
    }
}

/* addresses = final [SP "(" parents ")"] [SP "<" top ">"] */
static gboolean
_addresses(Scan *self, gboolean failure)
{
  Slice text = slice_head(self->rest, _addresses_end(self->rest, failure)), top = SLICE_NONE;
  gssize begin = _top_begin(text), parents;

  self->rest = slice_skip(self->rest, text.len);
  if (begin > 0)
    {
      top = slice_new(text.str + begin + 1, text.len - (gsize) begin - 2);
      text = slice_head(text, (gsize) begin - 1);
    }
  if (text.len && text.str[text.len - 1] == ')' && (parents = scan_find_unquoted(text, SLICE(" ("))) > 0)
    text = slice_head(text, (gsize) parents);
  if (!text.len)
    return FALSE;
  if (text.len > 2 && text.str[0] == '<' && text.str[text.len - 1] == '>')
    text = slice_new(text.str + 1, text.len - 2);
  scan_add(self, F_DELIVERY_RECIPIENT, text, FALSE);
  if (top.str)
    scan_add(self, F_DELIVERY_ORIGINAL_RECIPIENT, top, FALSE);
  return TRUE;
}

static gboolean
_is_discarded(Slice final)
{
  return slice_starts_with(final, SLICE(":blackhole:")) || slice_starts_with(final, SLICE("discarded"))
         || slice_starts_with(final, SLICE("blackhole"));
}

gboolean
scan_delivery(Scan *self, const LineStep *step)
{
  if (!_addresses(self, FALSE))
    return FALSE;
  gboolean discarded = _is_discarded(line_get(self->line, F_DELIVERY_RECIPIENT));
  scan_add(self, F_DELIVERY_STATUS, discarded ? SLICE("discarded") : slice_from_string(step->literal), FALSE);
  scan_letters(self, &delivery);
  self->rest = SLICE("");
  return TRUE;
}

/* the reply inside "...: SMTP error from remote mail server after COMMAND: [host NAME [ip]: ]NNN text" */
static void
_add_remote_reply(Scan *self, Slice error)
{
  gssize at = slice_find(error, SLICE("SMTP error from remote mail"));
  Slice rest;

  if (at < 0)
    return;
  rest = slice_skip(error, (gsize) at);
  gssize command = slice_find(rest, SLICE(">: "));
  if (command < 0 || slice_find(slice_head(rest, (gsize) command), SLICE("O:<")) + slice_find(slice_head(rest,
      (gsize) command), SLICE("M:<")) < 0)
    command = slice_find(rest, SLICE(": ")) - 1;
  if (command < 0)
    return;
  rest = slice_skip(rest, (gsize) command + 3);
  if (slice_starts_with(rest, SLICE("host ")) && (at = slice_find(rest, SLICE("]: "))) >= 0)
    {
      scan_next_hop(self, slice_new(rest.str + 5, (gsize) at - 4));
      rest = slice_skip(rest, (gsize) at + 3);
    }
  if (!scan_is_reply_code(rest))
    return;
  scan_add(self, F_DELIVERY_CODE, slice_head(rest, 3), FALSE);
  scan_add(self, F_DELIVERY_RESPONSE, rest, TRUE);
}

static Slice
_without_colon(Slice text)
{
  if (slice_starts_with(text, SLICE(" : ")))
    return slice_skip(text, 3);
  if (slice_starts_with(text, SLICE(": ")))
    return slice_skip(text, 2);
  return text;
}

static void
_add_error(Scan *self, Slice error)
{
  error = _without_colon(error);
  if (error.len)
    scan_add(self, F_DELIVERY_ERROR, error, TRUE);
  _add_remote_reply(self, error);
}

/* " DT=" duration, in front of the message or, when there is none, at the end */
static Slice
_without_duration(Slice text)
{
  gssize at = slice_find(text, SLICE(" DT="));
  gssize colon = slice_find(text, SLICE(": "));

  if (at < 0 || (colon >= 0 && colon < at))
    return text;
  return colon < 0 ? slice_head(text, (gsize) at) : at == 0 ? slice_skip(text, (gsize) colon) : text;
}

/* ": strerror H=host [ip] DT=1s: message"; the host stands before the message's colon */
static void
_deferral_reason(Scan *self)
{
  Slice text = _without_duration(_without_colon(self->rest));
  gssize host = slice_find(text, SLICE("H=")), colon = slice_find(text, SLICE(": "));
  gsize word = 0;

  self->rest = SLICE("");
  if (host < 0 || (colon >= 0 && colon < host) || (host > 0 && text.str[host - 1] != ' '))
    {
      _add_error(self, text);
      return;
    }
  Slice hop = slice_skip(text, (gsize) host + 2);
  gssize end = slice_find_char(hop, ']');
  for (word = end < 0 ? 0 : (gsize) end + 1; word < hop.len && hop.str[word] != ' '
       && !(hop.str[word] == ':' && (word + 1 == hop.len || hop.str[word + 1] == ' ')); word++)
    ;
  scan_next_hop(self, slice_head(hop, word));
  _add_error(self, host > 1 && colon < 0 ? slice_head(text, (gsize) host - 1)
             : colon >= 0 ? slice_skip(text, (gsize) colon) : text);
}

gboolean
scan_deferral(Scan *self, const LineStep *step)
{
  gssize end;

  if (!_addresses(self, FALSE))
    return FALSE;
  scan_add(self, F_DELIVERY_STATUS, SLICE("deferred"), FALSE);
  scan_letters(self, &delivery);
  scan_take(self, " routing");
  if (!scan_take(self, " defer (") || (end = slice_find_char(slice_head(self->rest, 12), ')')) < 1)
    return FALSE;
  scan_add(self, F_DELIVERY_ERRNO, slice_head(self->rest, (gsize) end), FALSE);
  self->rest = slice_skip(self->rest, (gsize) end + 1);
  _deferral_reason(self);
  return TRUE;
}

gboolean
scan_failure(Scan *self, const LineStep *step)
{
  if (!_addresses(self, TRUE))
    return FALSE;
  scan_add(self, F_DELIVERY_STATUS, SLICE("failed"), FALSE);
  scan_letters(self, &delivery);
  _add_error(self, self->rest);
  self->rest = SLICE("");
  return TRUE;
}
