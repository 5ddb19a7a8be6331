/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tls-suite.h"

static const TlsSuite suites[] =
{
#define SUITE(name, iana, forward_secrecy, aead) \
  { name, iana, sizeof(name) - 1, sizeof(iana) - 1, forward_secrecy, aead },
#include "tls-suites.def"
#undef SUITE
};

const TlsSuite *
tls_suite_at(guint i)
{
  return i < G_N_ELEMENTS(suites) ? &suites[i] : NULL;
}

static gint
_compare_words(const gchar *a, const gchar *b)
{
  guint64 word = GUINT64_FROM_BE(slice_word8(a)), other = GUINT64_FROM_BE(slice_word8(b));

  return (word > other) - (word < other);
}

/* by bytes; the last eight of both may have been compared already */
static gint
_compare(Slice name, Slice other)
{
  gsize len = MIN(name.len, other.len), i = 0;
  gint order = 0;

  for (; i + 8 <= len && !order; i += 8)
    order = _compare_words(name.str + i, other.str + i);
  if (!order && i < len && len >= 8)
    order = _compare_words(name.str + len - 8, other.str + len - 8);
  else if (!order && i < len)
    order = memcmp(name.str, other.str, len);
  return order ? order : (name.len > other.len) - (name.len < other.len);
}

static const TlsSuite *
_by_name(Slice name)
{
  guint low = 0, high = G_N_ELEMENTS(suites);

  if (!name.len)
    return NULL;
  while (low < high)
    {
      guint middle = (low + high) / 2;
      gint order = _compare(name, slice_new(suites[middle].name, suites[middle].name_len));

      if (order == 0)
        return &suites[middle];
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
  return NULL;
}

#define CIPHER_LEN_MAX 80
#define NAME_MAX_LEN 96

/* the part in front of the next "__", which is taken too */
static Slice
_part(Slice *rest)
{
  gssize end = slice_find(*rest, SLICE("__"));
  Slice part = end < 0 ? *rest : slice_head(*rest, (gsize) end);

  *rest = slice_skip(*rest, part.len + 2);
  return part;
}

/* ECDHE_SECP256R1 and RSA_PSS_RSAE_SHA256 are ECDHE and RSA; EdDSA comes with the suites of ECDSA */
static Slice
_exchange(Slice exchange, Slice signature)
{
  gboolean rsa = slice_starts_with(signature, SLICE("RSA"));
  gboolean ecdsa = slice_starts_with(signature, SLICE("ECDSA")) || slice_starts_with(signature, SLICE("EDDSA"));

  if (slice_starts_with(exchange, SLICE("ECDHE_PSK")))
    return SLICE("ECDHE_PSK");
  if (slice_starts_with(exchange, SLICE("DHE_PSK")))
    return SLICE("DHE_PSK");
  if (slice_starts_with(exchange, SLICE("ECDHE")))
    return ecdsa ? SLICE("ECDHE_ECDSA") : rsa ? SLICE("ECDHE_RSA") : SLICE_NONE;
  if (slice_starts_with(exchange, SLICE("DHE")))
    return slice_starts_with(signature, SLICE("DSA")) ? SLICE("DHE_DSS") : rsa ? SLICE("DHE_RSA") : SLICE_NONE;
  return SLICE_NONE;
}

static Slice
_hash(Slice encryption)
{
  if (slice_ends_with(encryption, SLICE("_256_GCM")))
    return SLICE("_SHA384");
  return slice_ends_with(encryption, SLICE("_GCM")) || slice_ends_with(encryption, SLICE("POLY1305"))
         ? SLICE("_SHA256") : SLICE("");
}

typedef struct _Name
{
  gchar text[NAME_MAX_LEN];
  gsize len;
} Name;

/* what does not fit makes no name that is in the table */
static void
_append(Name *self, Slice part)
{
  gsize len = MIN(part.len, NAME_MAX_LEN - self->len);

  if (len)
    memcpy(self->text + self->len, part.str, len);
  self->len += len;
}

/* TLS 1.3 has one suite each encryption, whatever the key exchange */
static const TlsSuite *
_of_tls13(Slice encryption)
{
  Slice hash = _hash(encryption);
  Name name;

  name.len = 0;
  _append(&name, encryption);
  _append(&name, hash.len ? hash : SLICE("_SHA256"));
  return _by_name(slice_new(name.text, name.len));
}

/* description = exchange "__" [signature "__"] encryption ["__" mac], as GnuTLS 3.6 and later give it */
static const TlsSuite *
_by_description(Slice version, Slice text)
{
  Slice exchange = _part(&text), signature = _part(&text), encryption = _part(&text), mac = _part(&text);
  Slice prefix = _exchange(exchange, signature);

  if (slice_ends_with(version, SLICE("1.3")))
    return _of_tls13(encryption.len ? encryption : signature);
  if (!prefix.len && (slice_equals(exchange, SLICE("RSA")) || slice_starts_with(exchange, SLICE("PSK"))
                      || slice_starts_with(exchange, SLICE("RSA_PSK"))))
    {
      mac = encryption;
      encryption = signature;
      prefix = slice_equals(exchange, SLICE("RSA")) ? exchange : exchange.str[0] == 'P' ? SLICE("PSK") : SLICE("RSA_PSK");
    }
  if (!prefix.len || encryption.len > 32 || mac.len > 16)
    return NULL;
  Slice hash = slice_ends_with(encryption, SLICE("POLY1305")) ? SLICE("") : _hash(encryption);
  Name name;
  name.len = 0;
  _append(&name, prefix);
  _append(&name, SLICE("_"));
  _append(&name, encryption);
  _append(&name, mac.len ? SLICE("_") : hash);
  _append(&name, mac);
  return _by_name(slice_new(name.text, name.len));
}

const TlsSuite *
tls_suite_find(Slice version, Slice cipher)
{
  if (cipher.len > CIPHER_LEN_MAX)
    return NULL;
  if (slice_find(cipher, SLICE("__")) >= 0)
    return _by_description(version, cipher);
  return _by_name(slice_starts_with(cipher, SLICE("TLS_")) ? slice_skip(cipher, 4) : cipher);
}
