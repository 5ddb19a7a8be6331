/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tls-suite.h"

static const TlsSuite suites[] =
{
#define SUITE(name, iana, forward_secrecy, aead) { name, iana, forward_secrecy, aead },
#include "tls-suites.def"
#undef SUITE
};

const TlsSuite *
tls_suite_at(guint i)
{
  return i < G_N_ELEMENTS(suites) ? &suites[i] : NULL;
}

static gint
_compare(Slice name, const gchar *other)
{
  gsize len = strlen(other);
  gint order = memcmp(name.str, other, MIN(name.len, len));

  return order ? order : (name.len > len) - (name.len < len);
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
      gint order = _compare(name, suites[middle].name);

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
static const gchar *
_exchange(Slice exchange, Slice signature)
{
  gboolean ecdsa = slice_starts_with(signature, SLICE("ECDSA")) || slice_starts_with(signature, SLICE("EDDSA"));

  if (slice_starts_with(exchange, SLICE("ECDHE_PSK")))
    return "ECDHE_PSK";
  if (slice_starts_with(exchange, SLICE("DHE_PSK")))
    return "DHE_PSK";
  if (slice_starts_with(exchange, SLICE("ECDHE")))
    return ecdsa ? "ECDHE_ECDSA" : slice_starts_with(signature, SLICE("RSA")) ? "ECDHE_RSA" : NULL;
  if (slice_starts_with(exchange, SLICE("DHE")))
    return slice_starts_with(signature, SLICE("DSA")) ? "DHE_DSS"
           : slice_starts_with(signature, SLICE("RSA")) ? "DHE_RSA" : NULL;
  return NULL;
}

static const gchar *
_hash(Slice encryption)
{
  if (slice_ends_with(encryption, SLICE("_256_GCM")))
    return "_SHA384";
  return slice_ends_with(encryption, SLICE("_GCM")) || slice_ends_with(encryption, SLICE("POLY1305")) ? "_SHA256" : "";
}

/* TLS 1.3 has one suite each encryption, whatever the key exchange */
static const TlsSuite *
_of_tls13(Slice encryption)
{
  gchar name[NAME_MAX_LEN];
  const gchar *hash = *_hash(encryption) ? _hash(encryption) : "_SHA256";
  gint len = g_snprintf(name, sizeof(name), "%.*s%s", (gint) encryption.len, encryption.str, hash);

  return _by_name(slice_new(name, (gsize) MIN(len, NAME_MAX_LEN - 1)));
}

/* description = exchange "__" [signature "__"] encryption ["__" mac], as GnuTLS 3.6 and later give it */
static const TlsSuite *
_by_description(Slice version, Slice text)
{
  gchar name[NAME_MAX_LEN];
  Slice exchange = _part(&text), signature = _part(&text), encryption = _part(&text), mac = _part(&text);
  const gchar *prefix = _exchange(exchange, signature);

  if (slice_ends_with(version, SLICE("1.3")))
    return _of_tls13(encryption.len ? encryption : signature);
  if (!prefix && (slice_equals(exchange, SLICE("RSA")) || slice_starts_with(exchange, SLICE("PSK"))
                  || slice_starts_with(exchange, SLICE("RSA_PSK"))))
    {
      mac = encryption;
      encryption = signature;
      prefix = slice_equals(exchange, SLICE("RSA")) ? "RSA" : exchange.str[0] == 'P' ? "PSK" : "RSA_PSK";
    }
  if (!prefix || encryption.len > 32 || mac.len > 16)
    return NULL;
  gint len = g_snprintf(name, sizeof(name), "%s_%.*s%s%.*s", prefix, (gint) encryption.len, encryption.str,
                        mac.len ? "_" : slice_ends_with(encryption, SLICE("POLY1305")) ? "" : _hash(encryption),
                        (gint) mac.len, mac.len ? mac.str : "");
  return _by_name(slice_new(name, (gsize) len));
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
