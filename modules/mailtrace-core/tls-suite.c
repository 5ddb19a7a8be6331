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

/* by tls_suite_slot(): one more than the number of a suite, or 0; a slot that is taken sends to the next one */
static const guint16 slots[1 << TLS_SUITE_SLOT_BITS] =
{
#include "suite-table.inc"
};

static const TlsSuite *
_by_name(Slice name)
{
  guint i = tls_suite_slot(name);

  while (slots[i])
    {
      const TlsSuite *suite = &suites[slots[i] - 1];

      if (slice_equals(name, slice_new(suite->name, suite->name_len)))
        return suite;
      i = (i + 1) % G_N_ELEMENTS(slots);
    }
  return NULL;
}

#define CIPHER_LEN_MAX 80
#define NAME_MAX_LEN 96

#define PARTS_MAX 4

/* exchange, signature, encryption and mac, or fewer and empty ones */
typedef struct _Parts
{
  Slice at[PARTS_MAX];
} Parts;

/* the texts between "__"; FALSE: there is only one */
static inline gboolean
_split(Parts *self, Slice text)
{
  gssize end = slice_find_pair(text, '_', '_', '_');

  if (end < 0)
    return FALSE;
  for (guint i = 0; i < PARTS_MAX; i++, end = text.len ? slice_find_pair(text, '_', '_', '_') : -1)
    {
      self->at[i] = end < 0 ? text : slice_new(text.str, (gsize) end);
      text = end < 0 ? SLICE("") : slice_new(text.str + end + 2, text.len - (gsize) end - 2);
    }
  return TRUE;
}

/* ECDHE_SECP256R1 and RSA_PSS_RSAE_SHA256 are ECDHE and RSA; EdDSA comes with the suites of ECDSA */
static Slice
_exchange(Slice exchange, Slice signature)
{
  if (slice_starts_with(exchange, SLICE("ECDHE")))
    {
      if (slice_starts_with(exchange, SLICE("ECDHE_PSK")))
        return SLICE("ECDHE_PSK");
      if (slice_starts_with(signature, SLICE("RSA")))
        return SLICE("ECDHE_RSA");
      return slice_starts_with(signature, SLICE("ECDSA")) || slice_starts_with(signature, SLICE("EDDSA"))
             ? SLICE("ECDHE_ECDSA") : SLICE_NONE;
    }
  if (!slice_starts_with(exchange, SLICE("DHE")))
    return SLICE_NONE;
  if (slice_starts_with(exchange, SLICE("DHE_PSK")))
    return SLICE("DHE_PSK");
  return slice_starts_with(signature, SLICE("RSA")) ? SLICE("DHE_RSA")
         : slice_starts_with(signature, SLICE("DSA")) ? SLICE("DHE_DSS") : SLICE_NONE;
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
  gchar *to = self->text + self->len;

  if (len >= 8 && len <= 16)
    {
      memcpy(to, part.str, 8);
      memcpy(to + len - 8, part.str + len - 8, 8);
    }
  else if (len)
    memcpy(to, part.str, len);
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
_by_description(Slice version, const Parts *parts)
{
  Slice exchange = parts->at[0], signature = parts->at[1], encryption = parts->at[2], mac = parts->at[3];

  if (slice_ends_with(version, SLICE("1.3")))
    return _of_tls13(encryption.len ? encryption : signature);
  Slice prefix = _exchange(exchange, signature);
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
  Parts parts;

  if (cipher.len > CIPHER_LEN_MAX)
    return NULL;
  if (_split(&parts, cipher))
    return _by_description(version, &parts);
  return _by_name(slice_starts_with(cipher, SLICE("TLS_")) ? slice_skip(cipher, 4) : cipher);
}
