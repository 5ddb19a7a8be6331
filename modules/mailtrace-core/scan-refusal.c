/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Refusals, and peers on lines whose other words strangers choose: commands, login names, reasons.  Knows how the log
 * goes on behind a peer; what may stand there is said by the rows.
 */
#include "scan.h"

static gboolean
_is_end(Slice rest, Slice end)
{
  return end.len ? slice_starts_with(rest, end) : rest.len == 0;
}

/* fields of a connection, then one of the ends, "|" between them; an empty one is the end of the line */
static gboolean
_refusal_follows(Slice *rest, const gchar *ends)
{
  Line scratch;
  Scan scan = { *rest, &scratch };
  Slice left = slice_from_string(ends);
  gssize bar;

  scratch.n_fields = 0;
  scan_refusal_fields(&scan, NULL);
  *rest = scan.rest;
  while ((bar = slice_find_char(left, '|')) >= 0)
    {
      if (_is_end(scan.rest, slice_head(left, (gsize) bar)))
        return TRUE;
      left = slice_skip(left, (gsize) bar + 1);
    }
  return _is_end(scan.rest, left);
}

gboolean
scan_peer_fields(Scan *self, const LineStep *step)
{
  return scan_peer_before(self, _refusal_follows, step->literal) && scan_refusal_fields(self, step);
}

gboolean
scan_sure_peer_fields(Scan *self, const LineStep *step)
{
  Line scratch;
  Scan fields;

  if (!scan_sure_peer_before(self, _refusal_follows, step->literal))
    return FALSE;
  scratch.n_fields = 0;
  fields = (Scan) { self->rest, self->line->several_clients ? &scratch : self->line };
  scan_refusal_fields(&fields, step);
  self->rest = fields.rest;
  return TRUE;
}

gboolean
scan_lone_peer_fields(Scan *self, const LineStep *step)
{
  return scan_lone_peer_before(self, _refusal_follows, step->literal) && scan_refusal_fields(self, step);
}

#define MARKS_MAX 8

/* index behind the only mark with a peer, 0: none, -1: several */
static gssize
_only_peer(Slice text, Slice mark, const LineStep *step)
{
  Line scratch;
  gssize found = 0, at;
  gsize from = 0;

  for (guint n = 0; (at = slice_find(slice_skip(text, from), mark)) >= 0; n++)
    {
      from += (gsize) at + mark.len;
      if (n >= MARKS_MAX)
        return -1;
      Scan scan = { slice_skip(text, from), &scratch };
      scratch.n_fields = 0;
      scratch.known_client = SLICE_NONE;
      if (!scan_peer_fields(&scan, step) || !_refusal_follows(&scan.rest, step->literal))
        continue;
      if (found)
        return -1;
      found = (gssize) from;
    }
  return found;
}

/* reasons that hold no stranger's text and end the line: the HELO's end is the last place in front of one */
static gboolean
_reason_follows(Slice *rest, const gchar *ends)
{
  static const gchar *const reasons[] = { " sender already given", " sender not yet given", " unrecognized command",
    " valid RCPT command must precede DATA", " valid RCPT command must precede BDAT", " STARTTLS used when not advertised",
    " AUTH command used when not advertised", " already authenticated", " not permitted in mail transaction",
    " MAIL must have an address operand", " RCPT must have an address operand", " no RCPT before DATA" };

  _refusal_follows(rest, ends);
  for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
    if (slice_equals(*rest, slice_from_string(reasons[i])))
      return TRUE;
  return FALSE;
}

/*
 * command = DQUOTE text DQUOTE (" H=" / " from ") peer
 * The client's text may hold all of that as well, and so may what follows: of several readings none is believed.
 */
static gboolean
_command_peer(Scan *self, const LineStep *step, Slice mark)
{
  gssize at = _only_peer(self->rest, mark, step);

  if (!at || !slice_starts_with(self->rest, SLICE("\"")))
    return FALSE;
  self->rest = at < 0 ? SLICE("") : slice_skip(self->rest, (gsize) at);
  return at < 0 || (scan_peer_before(self, _reason_follows, step->literal) && scan_refusal_fields(self, step))
         || scan_lone_peer_fields(self, step);
}

gboolean
scan_command_at_host(Scan *self, const LineStep *step)
{
  return _command_peer(self, step, SLICE("\" H="));
}

gboolean
scan_command_from_host(Scan *self, const LineStep *step)
{
  return _command_peer(self, step, SLICE("\" from "));
}

typedef struct _Stage
{
  const gchar *what;
  const gchar *stage;
} Stage;

static const Stage stages[] =
{
  { "EHLO or HELO ", "helo" }, { "EHLO ", "helo" }, { "HELO ", "helo" }, { "HELO or EHLO", "helo" },
  { "connection", "connect" }, { "DATA", "data" }, { "after DATA", "data" }, { "during MIME ACL checks", "mime" },
  { "AUTH", "auth" }, { "STARTTLS", "tls" }, { "VRFY", "command" }, { "EXPN", "command" }, { "ETRN", "command" },
  { "ATRN", "command" }, { "QUIT", "command" }, { "by local_scan()", "data" }, { "by non-SMTP ACL", "data" },
  { "RCPT", "rcpt" }, { "MAIL", "mail" }, { "\"", "command" }, { "BDAT", "data" }, { "NOTQUIT", "command" },
  { "unknown command", "command" }, { "WELLKNOWN", "command" },
};

static const gchar *
_stage(Slice what)
{
  for (guint i = 0; i < G_N_ELEMENTS(stages); i++)
    if (slice_starts_with(what, slice_from_string(stages[i].what)))
      return stages[i].stage;
  return NULL;
}

static void
_rejected_text(Scan *self)
{
  gssize colon = slice_starts_with(self->rest, SLICE(": ")) ? 0 : slice_find(self->rest, SLICE(": "));

  if (colon >= 0)
    scan_add(self, F_REFUSAL_TEXT, slice_skip(self->rest, (gsize) colon + 2), TRUE);
  self->rest = SLICE("");
}

/* rejected = ["temporarily "] "rejected " what [": " text] */
gboolean
scan_rejected(Scan *self, const LineStep *step)
{
  gboolean temporary = scan_take(self, "temporarily ");
  LineStep recipient = { NULL, F_REFUSAL_RECIPIENT, NULL }, sender = { NULL, F_REFUSAL_SENDER, NULL };
  const gchar *stage;

  if (!scan_take(self, "rejected ") || !(stage = _stage(self->rest)))
    return FALSE;
  scan_add(self, F_REFUSAL_STAGE, slice_from_string(stage), FALSE);
  scan_add(self, F_REFUSAL_TEMPORARY, temporary ? SLICE("true") : SLICE("false"), FALSE);
  if (scan_take(self, "RCPT "))
    scan_angle(self, &recipient);
  else if (scan_take(self, "MAIL ") && (scan_take(self, "FROM:") || TRUE))
    scan_angle(self, &sender);
  _rejected_text(self);
  return TRUE;
}

/* [" <" parent ">"] */
static void
_skip_parent(Scan *self)
{
  LineStep parent = { NULL, NO_FIELD, NULL };
  Scan saved = *self;

  if (!scan_take(self, " ") || !scan_angle(self, &parent))
    *self = saved;
}

/* address " F=<": what stands behind the client where the next hop refused the data of a cut-through delivery */
static gboolean
_recipient_follows(Slice *rest, const gchar *ends)
{
  Line scratch;

  _refusal_follows(rest, ends);
  Slice word = slice_starts_with(*rest, SLICE(" ")) ? scan_quoted_word(slice_skip(*rest, 1)) : SLICE("");

  if (slice_find_char(word, '@') < 1)
    return FALSE;
  Scan scan = { slice_skip(*rest, 1 + word.len), &scratch };
  scratch.n_fields = 0;
  _skip_parent(&scan);
  return slice_starts_with(scan.rest, SLICE(" F=<"));
}

/* cut-through = peer SP recipient " F=<" sender ">" [" P=<" path ">"] (" rejected" / " tmp-reject from cutthrough")
 *               " after DATA:" reply; since 4.96 */
gboolean
scan_cut_through(Scan *self, const LineStep *step)
{
  LineStep sender = { NULL, F_REFUSAL_SENDER, NULL }, path = { NULL, NO_FIELD, NULL };
  gboolean temporary;

  if (!scan_peer_before(self, _recipient_follows, "") || !scan_refusal_fields(self, step) || !scan_take(self, " "))
    return FALSE;
  Slice recipient = scan_quoted_word(self->rest);
  self->rest = slice_skip(self->rest, recipient.len);
  _skip_parent(self);
  if (!scan_take(self, " F=") || !scan_angle(self, &sender) || (scan_take(self, " P=") && !scan_angle(self, &path)))
    return FALSE;
  temporary = scan_take(self, " tmp-reject from cutthrough after DATA:");
  if (!temporary && !scan_take(self, " rejected after DATA:"))
    return FALSE;
  scan_add(self, F_REFUSAL_RECIPIENT, recipient, FALSE);
  scan_add(self, F_REFUSAL_STAGE, SLICE("data"), FALSE);
  scan_add(self, F_REFUSAL_TEMPORARY, temporary ? SLICE("true") : SLICE("false"), FALSE);
  scan_add(self, F_REFUSAL_TEXT, slice_skip(self->rest, slice_starts_with(self->rest, SLICE(" "))), TRUE);
  self->rest = SLICE("");
  return TRUE;
}
