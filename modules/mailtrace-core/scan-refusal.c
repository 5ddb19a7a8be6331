/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Refusals, and peers on lines whose other words strangers choose: commands, login names, reasons.  Knows how the log
 * goes on behind a peer; what may stand there is said by the rows.
 */
#include "scan-letters.h"

static gboolean
_is_end(Slice rest, Slice end)
{
  return end.len ? slice_starts_with(rest, end) : rest.len == 0;
}

/* fields of a connection, then one of the ends, "|" between them; an empty one is the end of the line */
static gboolean
_refusal_follows(Slice *rest, const Slice *ends)
{
  Line scratch;
  Scan scan = { *rest, &scratch };

  scan_clear_fields(&scratch);
  scan_refusal_fields(&scan, NULL);
  *rest = scan.rest;
  for (; ends->str; ends++)
    if (_is_end(scan.rest, *ends))
      return TRUE;
  return FALSE;
}

const Slice scan_host_ends[] =
{
  TEXT(" Warning: "), TEXT(" rejected "), TEXT(" temporarily rejected "), TEXT(" RCPT <"), TEXT(" sender verify "),
  TEXT(" dropped by '"), TEXT(" incomplete transaction "), TEXTS_END
};

/* of several readings the rows do not believe the same */
static void
_remember_peer(const Scan *self, const gchar *at, guint begin, gboolean found)
{
  if (self->line->several_clients)
    return;
  *self->memo = (PeerMemo) { at, found ? self->rest : SLICE_NONE, begin, self->line->n_fields, self->line->seen, TRUE };
}

static gboolean
_take_remembered_peer(Scan *self)
{
  PeerMemo *memo = self->memo;

  memo->in_row = TRUE;
  if (!memo->rest.str)
    return FALSE;
  self->line->n_fields = memo->end;
  self->line->seen |= memo->seen;
  self->rest = memo->rest;
  return TRUE;
}

static gboolean
_sure_peer_fields(Scan *self, const LineStep *step);

/* sure: of several readings none is believed */
static gboolean
_host_fields(Scan *self, const LineStep *step, gboolean sure)
{
  const gchar *at = self->rest.str;
  guint n_before = self->line->n_fields;

  if (self->memo->at == at && self->memo->begin == n_before)
    return _take_remembered_peer(self);
  gboolean found = sure ? _sure_peer_fields(self, step)
                   : scan_peer_before(self, _refusal_follows, step->texts) && scan_refusal_fields(self, step);
  _remember_peer(self, at, n_before, found);
  return found;
}

gboolean
scan_peer_fields(Scan *self, const LineStep *step)
{
  if (step->texts == scan_host_ends && self->memo)
    return _host_fields(self, step, FALSE);
  return scan_peer_before(self, _refusal_follows, step->texts) && scan_refusal_fields(self, step);
}

gboolean
scan_sure_peer_fields(Scan *self, const LineStep *step)
{
  return self->memo ? _host_fields(self, step, TRUE) : _sure_peer_fields(self, step);
}

static gboolean
_sure_peer_fields(Scan *self, const LineStep *step)
{
  Line scratch;
  Scan fields;

  if (!scan_sure_peer_before(self, _refusal_follows, step->texts))
    return FALSE;
  scan_clear_fields(&scratch);
  fields = (Scan) { self->rest, self->line->several_clients ? &scratch : self->line };
  scan_refusal_fields(&fields, step);
  self->rest = fields.rest;
  return TRUE;
}

gboolean
scan_lone_peer_fields(Scan *self, const LineStep *step)
{
  return scan_lone_peer_before(self, _refusal_follows, step->texts) && scan_refusal_fields(self, step);
}

#define LOGINS_MAX 8

/* login fields: in place of the peer where a local program speaks SMTP; a trusted one may choose a name with blanks */
gboolean
scan_login_fields(Scan *self, const LineStep *step)
{
  gsize len = 0;

  for (guint n = 0; n < LOGINS_MAX && len < self->rest.len; n++, len++)
    {
      while (len < self->rest.len && self->rest.str[len] != ' ' && self->rest.str[len] != ':')
        len++;
      Slice rest = slice_skip(self->rest, len);
      if (!len || !_refusal_follows(&rest, step->texts))
        continue;
      scan_add(self, F_CLIENT_IDENT, slice_head(self->rest, len), FALSE);
      self->rest = slice_skip(self->rest, len);
      return scan_refusal_fields(self, step);
    }
  return FALSE;
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
      scan_clear_fields(&scratch);
      scratch.known_client = SLICE_NONE;
      if (!scan_peer_fields(&scan, step) || !_refusal_follows(&scan.rest, step->texts))
        continue;
      if (found)
        return -1;
      found = (gssize) from;
    }
  return found;
}

/* reasons that hold no stranger's text and end the line: the HELO's end is the last place in front of one */
static gboolean
_reason_follows(Slice *rest, const Slice *ends)
{
  static const Slice reasons[] = { TEXT(" sender already given"), TEXT(" sender not yet given"),
    TEXT(" unrecognized command"), TEXT(" valid RCPT command must precede DATA"),
    TEXT(" valid RCPT command must precede BDAT"), TEXT(" STARTTLS used when not advertised"),
    TEXT(" AUTH command used when not advertised"), TEXT(" already authenticated"),
    TEXT(" not permitted in mail transaction"), TEXT(" MAIL must have an address operand"),
    TEXT(" RCPT must have an address operand"), TEXT(" no RCPT before DATA") };

  _refusal_follows(rest, ends);
  for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
    if (slice_equals(*rest, reasons[i]))
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
  return at < 0 || (scan_peer_before(self, _reason_follows, step->texts) && scan_refusal_fields(self, step))
         || scan_lone_peer_fields(self, step);
}

gboolean
scan_command_at_host(Scan *self, const LineStep *step)
{
  return _command_peer(self, step, SLICE("\" H="));
}

/* the last literal, behind which a login stands; not where the line names a host: its client wrote what is in front */
gboolean
scan_until_login(Scan *self, const LineStep *step)
{
  return slice_find(self->rest, SLICE(" H=")) < 0 && scan_until_last(self, step);
}

/* only of EHLO and HELO, the client's name stands behind "from" for others */
gboolean
scan_command_from_host(Scan *self, const LineStep *step)
{
  static const Slice commands[] = { TEXT("\"EHLO "), TEXT("\"HELO "), TEXTS_END };

  return scan_take_one(&(Scan) { self->rest, NULL }, commands) && _command_peer(self, step, SLICE("\" from "));
}

typedef struct _Stage
{
  Slice what, stage;
} Stage;

/* frequent ones in front */
static const Stage stages[] =
{
  { TEXT("RCPT"), TEXT("rcpt") }, { TEXT("MAIL"), TEXT("mail") }, { TEXT("after DATA"), TEXT("data") },
  { TEXT("EHLO or HELO "), TEXT("helo") }, { TEXT("EHLO "), TEXT("helo") }, { TEXT("HELO "), TEXT("helo") },
  { TEXT("HELO or EHLO"), TEXT("helo") }, { TEXT("connection"), TEXT("connect") }, { TEXT("DATA"), TEXT("data") },
  { TEXT("during MIME ACL checks"), TEXT("mime") },
  { TEXT("AUTH"), TEXT("auth") }, { TEXT("STARTTLS"), TEXT("tls") }, { TEXT("VRFY"), TEXT("command") },
  { TEXT("EXPN"), TEXT("command") }, { TEXT("ETRN"), TEXT("command") }, { TEXT("ATRN"), TEXT("command") },
  { TEXT("QUIT"), TEXT("command") }, { TEXT("by local_scan()"), TEXT("data") },
  { TEXT("by non-SMTP ACL"), TEXT("data") },
  { TEXT("\""), TEXT("command") }, { TEXT("BDAT"), TEXT("data") }, { TEXT("NOTQUIT"), TEXT("command") },
  { TEXT("unknown command"), TEXT("command") }, { TEXT("WELLKNOWN"), TEXT("command") }, { TEXT("DKIM"), TEXT("data") },
};

static Slice
_stage(Slice what)
{
  for (guint i = 0; i < G_N_ELEMENTS(stages); i++)
    if (slice_starts_with(what, stages[i].what))
      return stages[i].stage;
  return SLICE_NONE;
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
  Slice stage;

  if (!scan_take(self, "rejected ") || !(stage = _stage(self->rest)).len)
    return FALSE;
  scan_add(self, F_REFUSAL_STAGE, stage, FALSE);
  scan_add(self, F_REFUSAL_TEMPORARY, temporary ? SLICE("true") : SLICE("false"), FALSE);
  if (scan_take(self, "RCPT "))
    scan_angle_into(self, F_REFUSAL_RECIPIENT);
  else if (scan_take(self, "MAIL ") && (scan_take(self, "FROM:") || TRUE))
    scan_angle_into(self, F_REFUSAL_SENDER);
  _rejected_text(self);
  return TRUE;
}

/* [" <" parent ">"] */
static void
_skip_parent(Scan *self)
{
  Scan saved = *self;

  if (!scan_take(self, " ") || !scan_angle_into(self, NO_FIELD))
    *self = saved;
}

/* the recipient of a delivery that was under way */
static gboolean
_take_recipient(Scan *self, Slice *recipient)
{
  UnquotedAddress address;

  switch (scan_unquoted_address(self->rest, FALSE, &address))
    {
    case UNQUOTED_FOUND:
      *recipient = address.final;
      self->rest = slice_skip(self->rest, address.len);
      return TRUE;
    case UNQUOTED_UNSURE:
      return FALSE;
    default:
      *recipient = scan_quoted_word(self->rest);
      self->rest = slice_skip(self->rest, recipient->len);
      _skip_parent(self);
      return slice_find_char(*recipient, '@') > 0;
    }
}

/* address " F=<": what stands behind the client where the next hop refused the data of a cut-through delivery */
static gboolean
_recipient_follows(Slice *rest, const Slice *ends)
{
  Line scratch;
  Slice recipient;

  _refusal_follows(rest, ends);
  Scan scan = { *rest, &scratch };
  scan_clear_fields(&scratch);
  return scan_take(&scan, " ") && _take_recipient(&scan, &recipient) && slice_starts_with(scan.rest, SLICE(" F=<"));
}

/* " F=<" sender ">" [" Q=" queue] [" P=<" path ">"] */
static gboolean
_cut_through_fields(Scan *self)
{
  LineStep word = { NULL, NO_FIELD };

  return scan_take(self, " F=") && scan_angle_into(self, F_REFUSAL_SENDER)
         && (!scan_take(self, " Q=") || scan_word(self, &word)) && (!scan_take(self, " P=") || scan_angle_into(self, NO_FIELD));
}

/* SP recipient fields (" rejected" / " tmp-reject from cutthrough") " after DATA:" reply */
static gboolean
_cut_through(Scan *self)
{
  gboolean temporary;
  Slice recipient;

  if (!scan_take(self, " ") || !_take_recipient(self, &recipient) || !_cut_through_fields(self))
    return FALSE;
  temporary = scan_take(self, " tmp-reject from cutthrough after DATA:");
  if (!temporary && !scan_take(self, " rejected after DATA:"))
    return FALSE;
  scan_add(self, F_REFUSAL_RECIPIENT, recipient, FALSE);
  scan_add(self, F_REFUSAL_STAGE, SLICE("data"), FALSE);
  scan_add(self, F_REFUSAL_TEMPORARY, temporary ? SLICE("true") : SLICE("false"), FALSE);
  scan_add(self, F_REFUSAL_TEXT, slice_skip(self->rest, scan_next(self->rest) == ' '), TRUE);
  self->rest = SLICE("");
  return TRUE;
}

static const Slice nothing[] = { TEXT(""), TEXTS_END };

/* what the next hop said of the data while the client was still there, since 4.96 */
gboolean
scan_cut_through(Scan *self, const LineStep *step)
{
  return scan_peer_before(self, _recipient_follows, nothing) && scan_refusal_fields(self, step) && _cut_through(self);
}

/* the same for a local program */
gboolean
scan_local_cut_through(Scan *self, const LineStep *step)
{
  Slice login = scan_plain_word(self->rest), rest = slice_skip(self->rest, login.len);

  if (!login.len || !_recipient_follows(&rest, nothing))
    return FALSE;
  scan_add(self, F_CLIENT_IDENT, login, FALSE);
  self->rest = slice_skip(self->rest, login.len);
  return scan_refusal_fields(self, step) && _cut_through(self);
}
