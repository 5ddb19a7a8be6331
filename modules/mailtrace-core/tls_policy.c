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
  Slice iana;          /* str NULL: every suite */
  guint next;          /* of the same length, by number from 1 on */
} Accepted;

#define VERSION_COUNT 100
#define LENGTH_COUNT 64   /* of names, longer ones count as the longest */

struct _TlsPolicy
{
  Slice name, version;             /* owned */
  GArray *accepted;
  guint by_length[LENGTH_COUNT];   /* the last one, by number from 1 on; those of every suite have no length */
  gboolean has_version[VERSION_COUNT];
};

/* version = ("TLS" / "SSL") ["v" / "-" / SP] DIGIT ["." DIGIT], as OpenSSL and GnuTLS print it: TLSv1, TLS1.2, TLS-1.0 */
static TlsVersion
_version(Slice text)
{
  gboolean ssl = slice_starts_with(text, SLICE("SSL"));

  if (text.len < 4 || (!ssl && !slice_starts_with(text, SLICE("TLS"))))
    return 0;
  text = slice_skip(text, text.str[3] == 'v' || text.str[3] == '-' || text.str[3] == ' ' ? 4 : 3);
  if ((text.len != 1 && text.len != 3) || !g_ascii_isdigit(text.str[0]))
    return 0;
  if (text.len == 3 && (text.str[1] != '.' || !g_ascii_isdigit(text.str[2])))
    return 0;
  return ssl ? 1 : (TlsVersion) (text.str[0] - '0') * 10 + (text.len == 3 ? (TlsVersion) (text.str[2] - '0') : 0);
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
_set_word(Slice *where, Slice rest, const gchar *key)
{
  Slice word = _word(&rest);

  if (where->str)
    return g_strdup_printf("\"%s\" is said twice", key);
  if (!word.len || _word(&rest).len)
    return g_strdup_printf("\"%s\" needs one word", key);
  *where = slice_new(slice_dup(word), word.len);
  return NULL;
}

static guint
_length(Slice iana)
{
  return (guint) MIN(iana.len, LENGTH_COUNT - 1);
}

static gchar *
_accept(TlsPolicy *self, Slice rest)
{
  Slice version = _word(&rest), suite = _word(&rest);
  Accepted accepted = { _version(version), SLICE_NONE };
  const TlsSuite *known = tls_suite_find(version, suite);

  if (!accepted.version)
    return g_strdup_printf("\"%.*s\" is no version of TLS; allowed: TLS1.2, TLS1.3, ...", (gint) version.len,
                           version.len ? version.str : "");
  if (!slice_equals(suite, SLICE("*")) && (!known || !slice_equals(suite, slice_from_string(known->iana))))
    return g_strdup_printf("\"%.*s\" is not the IANA name of a cipher suite, nor *", (gint) suite.len,
                           suite.len ? suite.str : "");
  if (_word(&rest).len)
    return g_strdup("text behind the cipher suite");
  accepted.iana = known ? slice_from_string(known->iana) : SLICE_NONE;
  accepted.next = self->by_length[_length(accepted.iana)];
  self->has_version[accepted.version] = TRUE;
  g_array_append_val(self->accepted, accepted);
  self->by_length[_length(accepted.iana)] = self->accepted->len;
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
  const gchar *absent = !self->name.str ? "policy" : !self->version.str ? "version" : !self->accepted->len ? "accept" : NULL;

  return absent ? g_strdup_printf("no line \"%s\"", absent) : NULL;
}

static void
_clear(gpointer policy)
{
  TlsPolicy *self = policy;

  g_free((gchar *) self->name.str);
  g_free((gchar *) self->version.str);
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

Slice
tls_policy_name(const TlsPolicy *self)
{
  return self->name;
}

Slice
tls_policy_version(const TlsPolicy *self)
{
  return self->version;
}

static gboolean
_has(const TlsPolicy *self, TlsVersion version, Slice iana)
{
  const Accepted *accepted;

  for (guint number = self->by_length[_length(iana)]; number; number = accepted->next)
    {
      accepted = &g_array_index(self->accepted, Accepted, number - 1);
      if ((!version || accepted->version == version) && slice_equals(iana, accepted->iana))
        return TRUE;
    }
  return FALSE;
}

static gboolean
_accepts(const TlsPolicy *self, TlsVersion version, Slice iana)
{
  return _has(self, version, iana) || _has(self, version, SLICE_NONE);
}

/* a version below all accepted ones is weak whatever the suite */
TlsVerdict
tls_policy_judge(const TlsPolicy *self, Slice version, Slice iana)
{
  TlsVersion number = _version(version);

  if (!version.len)
    return TV_NONE;
  if (number && !self->has_version[number])
    return TV_WEAK;
  if (!iana.len)
    return TV_UNKNOWN;
  if (!_accepts(self, number, iana))
    return TV_WEAK;
  return number ? TV_ACCEPTABLE : TV_UNKNOWN;
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
