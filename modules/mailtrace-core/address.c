/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#define LAYERS_MAX 4

/* without regard to case, as relays may change it */
static gboolean
_take(Slice *at, const gchar *tag)
{
  gsize len = strlen(tag);

  if (at->len < len || g_ascii_strncasecmp(at->str, tag, len) != 0)
    return FALSE;
  *at = slice_skip(*at, len);
  return TRUE;
}

/* a part in front of "=", not empty; "=" is taken too */
static gboolean
_part(Slice *at, Slice *part)
{
  gssize end = slice_find_char(*at, '=');

  if (end < 1)
    return FALSE;
  *part = slice_head(*at, (gsize) end);
  *at = slice_skip(*at, (gsize) end + 1);
  return TRUE;
}

static gboolean
_separator(Slice *at)
{
  if (!at->len || !strchr("=-+", at->str[0] ? at->str[0] : '?'))
    return FALSE;
  *at = slice_skip(*at, 1);
  return TRUE;
}

static void
_join(Slice local, Slice domain, GString *out)
{
  GString *address = g_string_new_len(local.str, (gssize) local.len);

  g_string_append_c(address, '@');
  g_string_append_len(address, domain.str, (gssize) domain.len);
  g_string_truncate(out, 0);
  g_string_append_len(out, address->str, (gssize) address->len);
  g_string_free(address, TRUE);
}

/* srs0 = "SRS0" sep hash "=" time "=" domain "=" local; srs1 = "SRS1" sep hash "=" forwarder "=" sep (srs0 behind sep) */
static gboolean
_srs(Slice local, GString *out)
{
  Slice hash, forwarder, time, domain;
  gboolean again = _take(&local, "SRS1");

  if ((!again && !_take(&local, "SRS0")) || !_separator(&local) || !_part(&local, &hash))
    return FALSE;
  if (again && (!_part(&local, &forwarder) || !_separator(&local) || !_part(&local, &hash)))
    return FALSE;
  if (!_part(&local, &time) || !_part(&local, &domain) || !local.len)
    return FALSE;
  _join(local, domain, out);
  return TRUE;
}

/* what Exchange Online writes: any "+SRS=" hash "=" time "=" domain "=" local */
static gboolean
_plus_srs(Slice local, GString *out)
{
  gssize at = slice_find(local, SLICE("+SRS="));
  Slice hash, time, domain, rest = slice_skip(local, (gsize) MAX(at, 0) + 5);

  if (at < 1 || !_part(&rest, &hash) || !_part(&rest, &time) || !_part(&rest, &domain) || !rest.len)
    return FALSE;
  _join(rest, domain, out);
  return TRUE;
}

static gboolean
_is_tag(Slice text)
{
  if (text.len < 4 || text.len > 16)
    return FALSE;
  for (gsize i = 0; i < text.len; i++)
    if (!g_ascii_isalnum(text.str[i]))
      return FALSE;
  return TRUE;
}

/* batv = "prvs=" tag "=" local / "prvs=" local "/" tag / "btv1==" tag "==" local */
static gboolean
_batv(Slice local, Slice domain, GString *out)
{
  Slice tag;

  if (_take(&local, "prvs="))
    {
      Slice rest = local;
      gssize slash = slice_find_last_char(local, '/');

      if (_part(&rest, &tag) && _is_tag(tag))
        local = rest;
      else if (slash > 0 && _is_tag(slice_skip(local, (gsize) slash + 1)))
        local = slice_head(local, (gsize) slash);
      else
        return FALSE;
    }
  else if (!_take(&local, "btv1==") || !_part(&local, &tag) || !_take(&local, "="))
    return FALSE;
  if (!local.len)
    return FALSE;
  _join(local, domain, out);
  return TRUE;
}

static gboolean
_layer(Slice address, GString *out)
{
  gssize at = slice_find_last_char(address, '@');

  if (at < 1)
    return FALSE;
  Slice local = slice_head(address, (gsize) at);
  if (local.len > 2 && local.str[0] == '"' && local.str[local.len - 1] == '"')
    local = slice_new(local.str + 1, local.len - 2);
  return _srs(local, out) || _plus_srs(local, out) || _batv(local, slice_skip(address, (gsize) at + 1), out);
}

gboolean
address_decode(Slice address, GString *out)
{
  if (!_layer(address, out))
    return FALSE;
  for (guint i = 1; i < LAYERS_MAX && _layer(slice_new(out->str, out->len), out); i++)
    ;
  return TRUE;
}
