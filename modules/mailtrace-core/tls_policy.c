/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/tls_policy.h"
#include "tls-suite.h"

typedef struct _Shipped
{
  const gchar *name, *text;
} Shipped;

static const Shipped shipped[] =
{
#include "tls-policies.inc"
};

/* major * 10 + minor; 0: not told; versions of SSL are below all of TLS */
typedef guint TlsVersion;

typedef struct _Accepted
{
  TlsVersion version;
  const gchar *iana;   /* NULL: every suite */
} Accepted;

struct _TlsPolicy
{
  gchar *name, *version;
  GArray *accepted;
};

static gboolean
_take(Slice *at, const gchar *prefix)
{
  Slice wanted = slice_from_string(prefix);

  if (!slice_starts_with(*at, wanted))
    return FALSE;
  *at = slice_skip(*at, wanted.len);
  return TRUE;
}

/* version = ("TLS" / "SSL") ["v" / "-"] DIGIT ["." DIGIT], as OpenSSL and GnuTLS print it: TLSv1, TLS1.2, TLS-1.0 */
static TlsVersion
_version(Slice text)
{
  gboolean ssl = slice_starts_with(text, SLICE("SSL"));

  if (!_take(&text, "TLS") && !_take(&text, "SSL"))
    return 0;
  if (!_take(&text, "v"))
    _take(&text, "-");
  if (!text.len || !g_ascii_isdigit(text.str[0]) || (text.len > 1 && (text.len != 3 || text.str[1] != '.'
      || !g_ascii_isdigit(text.str[2]))))
    return 0;
  return ssl ? 1 : (TlsVersion) (text.str[0] - '0') * 10 + (text.len > 1 ? (TlsVersion) (text.str[2] - '0') : 0);
}

static Slice
_word(Slice *rest)
{
  gsize begin = 0, end;

  while (begin < rest->len && rest->str[begin] == ' ')
    begin++;
  for (end = begin; end < rest->len && rest->str[end] != ' '; end++)
    ;
  Slice word = slice_skip(slice_head(*rest, end), begin);
  *rest = slice_skip(*rest, end);
  return word;
}

static gchar *
_set_word(gchar **where, Slice rest, const gchar *key)
{
  Slice word = _word(&rest);

  if (*where)
    return g_strdup_printf("\"%s\" is said twice", key);
  if (!word.len || _word(&rest).len)
    return g_strdup_printf("\"%s\" needs one word", key);
  *where = slice_dup(word);
  return NULL;
}

static gchar *
_accept(TlsPolicy *self, Slice rest)
{
  Slice version = _word(&rest), suite = _word(&rest);
  Accepted accepted = { _version(version), NULL };
  const TlsSuite *known = tls_suite_find(version, suite);

  if (!accepted.version)
    return g_strdup_printf("\"%.*s\" is no version of TLS; allowed: TLS1.2, TLS1.3, ...", (gint) version.len,
                           version.len ? version.str : "");
  if (!slice_equals(suite, SLICE("*")) && (!known || !slice_equals(suite, slice_from_string(known->iana))))
    return g_strdup_printf("\"%.*s\" is not the IANA name of a cipher suite, nor *", (gint) suite.len,
                           suite.len ? suite.str : "");
  if (_word(&rest).len)
    return g_strdup("text behind the cipher suite");
  accepted.iana = known ? known->iana : NULL;
  g_array_append_val(self->accepted, accepted);
  return NULL;
}

static gchar *
_line(TlsPolicy *self, Slice line)
{
  Slice key = _word(&line);

  if (!key.len || key.str[0] == '#' || slice_equals(key, SLICE("title")) || slice_equals(key, SLICE("source"))
      || slice_equals(key, SLICE("date")))
    return NULL;
  if (slice_equals(key, SLICE("policy")))
    return _set_word(&self->name, line, "policy");
  if (slice_equals(key, SLICE("version")))
    return _set_word(&self->version, line, "version");
  if (slice_equals(key, SLICE("accept")))
    return _accept(self, line);
  return g_strdup_printf("unknown word \"%.*s\"; allowed: policy, version, title, source, date, accept",
                         (gint) key.len, key.str);
}

static gchar *
_incomplete(const TlsPolicy *self)
{
  const gchar *absent = !self->name ? "policy" : !self->version ? "version" : !self->accepted->len ? "accept" : NULL;

  return absent ? g_strdup_printf("no line \"%s\"", absent) : NULL;
}

static void
_clear(gpointer policy)
{
  TlsPolicy *self = policy;

  g_free(self->name);
  g_free(self->version);
  g_array_free(self->accepted, TRUE);
}

TlsPolicy *
tls_policy_parse(Slice text, gchar **error)
{
  TlsPolicy *self = g_atomic_rc_box_new0(TlsPolicy);
  gchar *problem = NULL;

  self->accepted = g_array_new(FALSE, FALSE, sizeof(Accepted));
  *error = NULL;
  for (guint number = 1; text.len && !*error; number++)
    {
      Slice line = slice_take_part(&text, '\n');

      if (slice_ends_with(line, SLICE("\r")))
        line.len--;
      if ((problem = _line(self, line)))
        *error = g_strdup_printf("line %u: %s", number, problem);
      g_free(problem);
    }
  if (!*error)
    *error = _incomplete(self);
  if (!*error)
    return self;
  tls_policy_unref(self);
  return NULL;
}

TlsPolicy *
tls_policy_shipped(Slice name)
{
  gchar *error;

  for (guint i = 0; i < G_N_ELEMENTS(shipped); i++)
    if (slice_equals(name, slice_from_string(shipped[i].name)))
      return tls_policy_parse(slice_from_string(shipped[i].text), &error);
  return NULL;
}

const gchar *
tls_policy_shipped_name(guint i)
{
  return i < G_N_ELEMENTS(shipped) ? shipped[i].name : NULL;
}

TlsPolicy *
tls_policy_ref(TlsPolicy *self)
{
  return g_atomic_rc_box_acquire(self);
}

void
tls_policy_unref(TlsPolicy *self)
{
  if (self)
    g_atomic_rc_box_release_full(self, _clear);
}

const gchar *
tls_policy_name(const TlsPolicy *self)
{
  return self->name;
}

const gchar *
tls_policy_version(const TlsPolicy *self)
{
  return self->version;
}

static gboolean
_accepts(const Accepted *accepted, TlsVersion version, Slice iana)
{
  if (version && accepted->version != version)
    return FALSE;
  return !accepted->iana || slice_equals(iana, slice_from_string(accepted->iana));
}

/* a version below all accepted ones is weak whatever the suite */
static gboolean
_has_version(const TlsPolicy *self, TlsVersion version)
{
  for (guint i = 0; i < self->accepted->len; i++)
    if (g_array_index(self->accepted, Accepted, i).version == version)
      return TRUE;
  return FALSE;
}

TlsVerdict
tls_policy_judge(const TlsPolicy *self, Slice version, Slice iana)
{
  TlsVersion number = _version(version);

  if (!version.len)
    return TV_NONE;
  if (number && !_has_version(self, number))
    return TV_WEAK;
  if (!iana.len)
    return TV_UNKNOWN;
  for (guint i = 0; i < self->accepted->len; i++)
    if (_accepts(&g_array_index(self->accepted, Accepted, i), number, iana))
      return number ? TV_ACCEPTABLE : TV_UNKNOWN;
  return TV_WEAK;
}

gboolean
tls_is_network_protocol(Slice protocol, gboolean *with_tls)
{
  gssize smtp = slice_find(protocol, SLICE("smtp"));
  Slice behind = slice_skip(protocol, (gsize) MAX(smtp, 0) + 4);

  if (smtp < 0 || smtp > 2 || behind.len > 2)
    return FALSE;
  *with_tls = slice_find_char(behind, 's') >= 0 || slice_find_char(slice_head(protocol, (gsize) smtp), 's') >= 0;
  return TRUE;
}

const gchar *
tls_verdict_name(TlsVerdict verdict)
{
  static const gchar *const names[] = { "acceptable", "unknown", "weak", "none" };

  return names[verdict];
}
