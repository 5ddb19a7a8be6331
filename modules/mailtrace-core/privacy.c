/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hash is HMAC-SHA-256 with the key, 16 hex digits of it, so that nobody without the key finds a name by trying.
 * Fields that are addresses are taken whole, whatever stands in them; in all other texts each @ ends a local part.
 */
#include "mailtrace/privacy.h"
#include "facts-make.h"

#define HEX_DIGITS 16
#define KNOWN_MAX 5

typedef enum _TextKind
{
  TK_OTHER,     /* addresses may stand in it */
  TK_SUBJECT,
  TK_ADDRESS,   /* one address or login name, whole */
  TK_ID,        /* its last part may be a hash that anybody can make of an address */
  TK_TEXT,
} TextKind;

static const guint8 text_kinds[FIELD_COUNT] =
{
  [F_SUBJECT] = TK_SUBJECT,
  [F_ID] = TK_ID, [F_PREVIOUS] = TK_ID,
  [F_SENDER] = TK_ADDRESS, [F_SENDER_ORIGINAL] = TK_ADDRESS, [F_SENDER_UNREWRITTEN] = TK_ADDRESS,
  [F_RECIPIENT] = TK_ADDRESS, [F_RECIPIENTS] = TK_ADDRESS, [F_MESSAGE_ID] = TK_ADDRESS, [F_CLIENT_IDENT] = TK_ADDRESS,
  [F_AUTH_ID] = TK_ADDRESS, [F_AUTH_SENDER] = TK_ADDRESS, [F_DKIM_IDENTITY] = TK_ADDRESS,
  [F_SCAN_SENDER] = TK_ADDRESS, [F_SCAN_RECIPIENTS] = TK_ADDRESS, [F_DELIVERY_RECIPIENT] = TK_ADDRESS,
  [F_DELIVERY_ORIGINAL_RECIPIENT] = TK_ADDRESS, [F_DELIVERY_PARENTS] = TK_ADDRESS,
  [F_DELIVERY_RETURN_PATH] = TK_ADDRESS, [F_DELIVERY_SENDER] = TK_ADDRESS, [F_DELIVERY_AUTH] = TK_OTHER,
  [F_REFUSAL_SENDER] = TK_ADDRESS, [F_REFUSAL_RECIPIENT] = TK_ADDRESS, [F_REFUSAL_AUTH_ID] = TK_ADDRESS,
  [F_DELIVERY_RESPONSE] = TK_TEXT, [F_DELIVERY_ERROR] = TK_TEXT, [F_DELIVERY_SHADOW] = TK_TEXT,
  [F_REFUSAL_TEXT] = TK_TEXT, [F_REFUSAL_REASON_DETAIL] = TK_TEXT, [F_WARNINGS] = TK_TEXT, [F_DKIM_REASON] = TK_TEXT,
};

/* local parts that the texts of the same record may name without an @ */
typedef struct _Known
{
  Slice words[KNOWN_MAX];
  guint n;
} Known;

typedef struct _Cover
{
  const Privacy *privacy;
  Facts *to;
  const Known *known;
  GString *text;
} Cover;

gboolean
private_thing_by_name(Slice name, PrivateThing *thing)
{
  static const gchar *names[] = { [PT_SUBJECT] = "subject", [PT_LOCAL_PART] = "local-part", [PT_TEXT] = "text" };

  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (slice_equals(name, slice_from_string(names[i])))
      {
        *thing = (PrivateThing) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
privacy_set_key(Privacy *self, Slice secret)
{
  gsize len = sizeof(self->key);

  if (secret.len < PRIVACY_KEY_MIN)
    return FALSE;
  GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(checksum, (const guchar *) secret.str, (gssize) secret.len);
  g_checksum_get_digest(checksum, self->key, &len);
  g_checksum_free(checksum);
  self->has_key = TRUE;
  return TRUE;
}

static gboolean
_is_private(const Privacy *self, PrivateThing thing)
{
  return ((self->hashed | self->omitted) & (1u << thing)) != 0;
}

const gchar *
privacy_problem(const Privacy *self)
{
  if (self->hashed & (1u << PT_TEXT))
    return "text can only be omitted, not anonymized";
  if (self->hashed & self->omitted)
    return "the same thing is to be anonymized and omitted";
  if (!self->has_key && (self->hashed || _is_private(self, PT_LOCAL_PART)))
    return "needs a key: at least 16 bytes that nobody can guess";
  return NULL;
}

static void
_put_hash(const Privacy *self, Slice text, GString *out)
{
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, self->key, sizeof(self->key));

  g_hmac_update(hmac, (const guchar *) (text.len ? text.str : ""), (gssize) text.len);
  g_string_append_len(out, g_hmac_get_string(hmac), HEX_DIGITS);
  g_hmac_unref(hmac);
}

static void
_put_local_part(const Cover *self, Slice local)
{
  if (local.len && self->privacy->hashed & (1u << PT_LOCAL_PART))
    _put_hash(self->privacy, local, self->text);
}

static void
_put(const Cover *self, Slice text)
{
  if (text.len)
    g_string_append_len(self->text, text.str, (gssize) text.len);
}

static void
_put_address(const Cover *self, Slice address)
{
  gssize at = slice_find_last_char(address, '@');

  _put_local_part(self, at < 0 ? address : slice_head(address, (gsize) at));
  if (at >= 0)
    _put(self, slice_skip(address, (gsize) at));
}

static gboolean
_ends_word(gchar c)
{
  return (guchar) c <= ' ' || c == 0x7f || strchr("<>()[],;:\"'`", c) != NULL;
}

static gboolean
_is_known(const Known *self, Slice word)
{
  for (guint i = 0; self && i < self->n; i++)
    if (word.len == self->words[i].len && g_ascii_strncasecmp(word.str, self->words[i].str, word.len) == 0)
      return TRUE;
  return FALSE;
}

static void
_put_word(const Cover *self, Slice word)
{
  Slice bare = word;

  while (bare.len && bare.str[bare.len - 1] == '.')
    bare.len--;
  if (!bare.len || !_is_known(self->known, bare))
    bare.len = 0;
  _put_local_part(self, bare);
  _put(self, slice_skip(word, bare.len));
}

/* text without an address */
static void
_put_words(const Cover *self, Slice text)
{
  while (text.len)
    {
      gsize n = 0;

      while (n < text.len && !_ends_word(text.str[n]))
        n++;
      _put_word(self, slice_head(text, n));
      text = slice_skip(text, n);
      _put(self, slice_head(text, MIN(text.len, 1)));
      text = slice_skip(text, MIN(text.len, 1));
    }
}

/* where the local part in front of an @ begins: a quoted string, or as far back as no delimiter stands */
static gsize
_local_part_begin(Slice before)
{
  gsize begin = before.len;
  gboolean quoted = begin && before.str[begin - 1] == '"';

  if (quoted)
    begin--;
  while (begin && (quoted ? before.str[begin - 1] != '"' : !_ends_word(before.str[begin - 1])))
    begin--;
  return quoted && begin ? begin - 1 : begin;
}

static void
_put_text(const Cover *self, Slice text)
{
  gssize at;

  while ((at = slice_find_char(text, '@')) >= 0)
    {
      Slice before = slice_head(text, (gsize) at);
      gsize begin = _local_part_begin(before);

      _put_words(self, slice_head(before, begin));
      _put_local_part(self, slice_skip(before, begin));
      _put(self, SLICE("@"));
      text = slice_skip(text, (gsize) at + 1);
    }
  _put_words(self, text);
}

/* of a delivery or of a session without a process: the hash in its id is not for trying names either */
static void
_put_id(const Cover *self, Slice id)
{
  gssize colon = slice_find_last_char(id, ':');
  Slice last = slice_skip(id, (gsize) (colon + 1));
  gboolean is_hash = colon >= 0 && last.len == HEX_DIGITS;

  for (gsize i = 0; is_hash && i < last.len; i++)
    is_hash = g_ascii_isxdigit(last.str[i]);
  _put(self, is_hash ? slice_head(id, (gsize) (colon + 1)) : id);
  if (is_hash)
    _put_hash(self->privacy, last, self->text);
}

/* what is left of an address without a domain would be the null sender */
static gboolean
_is_left_out(const Privacy *self, TextKind kind, Slice text)
{
  return (kind == TK_SUBJECT && self->omitted & (1u << PT_SUBJECT))
         || (kind == TK_TEXT && self->omitted & (1u << PT_TEXT))
         || (kind == TK_ADDRESS && self->omitted & (1u << PT_LOCAL_PART) && text.len && slice_find_char(text, '@') < 0);
}

/* FALSE: the document goes without it */
static gboolean
_cover_text(const Cover *self, FieldId id, Slice text)
{
  const Privacy *privacy = self->privacy;
  TextKind kind = (TextKind) text_kinds[id];

  g_string_truncate(self->text, 0);
  if (_is_left_out(privacy, kind, text))
    return FALSE;
  if (kind == TK_SUBJECT && privacy->hashed & (1u << PT_SUBJECT))
    _put_hash(privacy, text, self->text);
  else if (!_is_private(privacy, PT_LOCAL_PART))
    _put(self, text);
  else if (kind == TK_ADDRESS)
    _put_address(self, text);
  else if (kind == TK_ID)
    _put_id(self, text);
  else
    _put_text(self, text);
  return TRUE;
}

static Slice
_kept(const Cover *self, Slice original)
{
  Slice text = slice_new(self->text->str, self->text->len);

  return slice_equals(text, original) ? original : facts_copy_text(self->to->memory, text);
}

static void
_cover_list(const Cover *self, FieldId id, const FactItem *item)
{
  for (; item; item = item->next)
    if (_cover_text(self, id, item->text))
      facts_append(self->to, id, _kept(self, item->text));
}

static void
_cover_values(const Cover *self, const Facts *from)
{
  for (FieldId id = facts_next(from, 0); id < FIELD_COUNT; id = facts_next(from, id + 1u))
    {
      FieldType type = field_get(id)->type;

      if (type == FT_LIST)
        _cover_list(self, id, facts_get_list(from, id));
      else if (type != FT_TEXT && type != FT_RECORDS)
        *facts_put(self->to, id) = *facts_at(from, id);
      else if (type == FT_TEXT && _cover_text(self, id, facts_get_text(from, id)))
        facts_set_text(self->to, id, _kept(self, facts_get_text(from, id)));
    }
}

/* nested facts have values of their own fields only */
static void
_find_known(const Facts *facts, Known *out)
{
  static const FieldId ids[KNOWN_MAX] =
  {
    F_DELIVERY_RECIPIENT, F_DELIVERY_ORIGINAL_RECIPIENT, F_REFUSAL_RECIPIENT, F_REFUSAL_SENDER, F_REFUSAL_AUTH_ID
  };

  out->n = 0;
  for (guint i = 0; i < KNOWN_MAX; i++)
    {
      Slice address = facts_get_text(facts, ids[i]);
      gssize at = slice_find_last_char(address, '@');
      Slice local = at < 0 ? address : slice_head(address, (gsize) at);

      if (local.len > 1 && local.str[0] == '"' && local.str[local.len - 1] == '"')
        local = slice_new(local.str + 1, local.len - 2);
      if (local.len)
        out->words[out->n++] = local;
    }
}

static void
_cover(const Privacy *privacy, const Facts *from, Facts *to, GString *text)
{
  Known known;
  Cover cover = { privacy, to, &known, text };
  const Facts *nested;

  _find_known(from, &known);
  _cover_values(&cover, from);
  for (guint kind = FIRST_NESTED_KIND; kind < RECORD_KIND_COUNT; kind++)
    for (guint i = 0; (nested = facts_nested(from, (RecordKind) kind, i)); i++)
      _cover(privacy, nested, facts_add(to, (RecordKind) kind), text);
}

Facts *
privacy_apply(const Privacy *self, const Facts *facts)
{
  Facts *covered = facts_new((RecordKind) facts->kind, 0);
  GString *text = g_string_new(NULL);

  _cover(self, facts, covered, text);
  g_string_free(text, TRUE);
  return covered;
}
