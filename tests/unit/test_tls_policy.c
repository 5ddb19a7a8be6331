/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/tls_policy.h"
#include "tls-suite.h"
#include <criterion/criterion.h>

static const gchar *
_iana(const gchar *version, const gchar *cipher)
{
  const TlsSuite *suite = tls_suite_find(slice_from_string(version), slice_from_string(cipher));

  return suite ? suite->iana : "none";
}

Test(tls_suite, rows_are_sorted_and_each_is_found_by_its_name)
{
  const TlsSuite *suite, *before = NULL;

  for (guint i = 0; (suite = tls_suite_at(i)); before = suite, i++)
    {
      cr_expect(!before || strcmp(before->name, suite->name) < 0, "%s", suite->name);
      cr_expect_str_eq(_iana("TLS1.2", suite->name), suite->iana, "%s", suite->name);
      cr_expect_str_eq(_iana("TLS1.2", suite->iana), suite->iana, "%s", suite->iana);
    }
}

/* what Exim 4.96 with GnuTLS 3.7 and Exim 4.82 with OpenSSL wrote */
Test(tls_suite, names_of_openssl_and_gnutls)
{
  cr_expect_str_eq(_iana("TLSv1.2", "DHE-RSA-AES256-GCM-SHA384"), "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384");
  cr_expect_str_eq(_iana("TLS1.3", "TLS_AES_256_GCM_SHA384"), "TLS_AES_256_GCM_SHA384");
  cr_expect_str_eq(_iana("TLS1.2", "RSA_AES_128_CBC_SHA1"), "TLS_RSA_WITH_AES_128_CBC_SHA");
  cr_expect_str_eq(_iana("TLS1.0", "RSA_ARCFOUR_MD5"), "TLS_RSA_WITH_RC4_128_MD5");
  cr_expect_str_eq(_iana("TLS1.2", "ECDHE_RSA_CHACHA20_POLY1305"), "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");
}

Test(tls_suite, descriptions_of_gnutls)
{
  cr_expect_str_eq(_iana("TLS1.3", "ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM"), "TLS_AES_256_GCM_SHA384");
  cr_expect_str_eq(_iana("TLS1.3", "ECDHE_SECP256R1__ECDSA_SECP256R1_SHA256__CHACHA20_POLY1305"),
                   "TLS_CHACHA20_POLY1305_SHA256");
  cr_expect_str_eq(_iana("TLS1.3", "ECDHE_X25519__EDDSA_ED25519__AES_128_CCM"), "TLS_AES_128_CCM_SHA256");
  cr_expect_str_eq(_iana("TLS1.3", "PSK__AES_128_GCM"), "TLS_AES_128_GCM_SHA256");
  cr_expect_str_eq(_iana("TLS1.2", "ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM"),
                   "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
  cr_expect_str_eq(_iana("TLS1.2", "ECDHE_SECP384R1__ECDSA_SHA256__CHACHA20_POLY1305"),
                   "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
  cr_expect_str_eq(_iana("TLS1.2", "DHE_FFDHE3072__RSA_SHA256__AES_128_CBC__SHA1"), "TLS_DHE_RSA_WITH_AES_128_CBC_SHA");
  cr_expect_str_eq(_iana("TLS1.2", "RSA__AES_256_CBC__SHA1"), "TLS_RSA_WITH_AES_256_CBC_SHA");
  cr_expect_str_eq(_iana("TLS1.2", "RSA__AES_128_GCM"), "TLS_RSA_WITH_AES_128_GCM_SHA256");
  cr_expect_str_eq(_iana("TLS1.2", "ECDHE_X25519__NEW_SHA256__AES_256_GCM"), "none");
}

Test(tls_suite, a_name_with_a_nul_is_none)
{
  cr_expect_null(tls_suite_find(SLICE("TLSv1.2"), (Slice) { "AES128-SHA\0A", 12 }));
  cr_expect_null(tls_suite_find(SLICE("TLSv1.2"), SLICE("AES128-SHAX")));
  cr_expect_null(tls_suite_find(SLICE("TLSv1.2"), SLICE("AES128-SH")));
}

Test(tls_suite, forward_secrecy_and_aead_follow_from_the_suite)
{
  const TlsSuite *weak = tls_suite_find(SLICE("TLSv1.2"), SLICE("AES128-SHA256"));
  const TlsSuite *good = tls_suite_find(SLICE("TLSv1.2"), SLICE("DHE-RSA-AES256-GCM-SHA384"));

  cr_expect(!weak->forward_secrecy && !weak->aead);
  cr_expect(good->forward_secrecy && good->aead);
}

Test(tls_policy, protocols_of_a_network_tell_about_tls)
{
  static const struct { const gchar *protocol; gboolean network, tls; } cases[] =
  {
    { "smtp", TRUE, FALSE }, { "esmtp", TRUE, FALSE }, { "esmtpa", TRUE, FALSE }, { "esmtps", TRUE, TRUE },
    { "esmtpsa", TRUE, TRUE }, { "smtps", TRUE, TRUE }, { "asmtp", TRUE, FALSE }, { "essmtpa", TRUE, TRUE },
    { "ssmtp", TRUE, TRUE }, { "local", FALSE, FALSE }, { "local-esmtp", FALSE, FALSE }, { "INPUT", FALSE, FALSE },
    { "", FALSE, FALSE }, { "esmtp-relay", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      gboolean tls = FALSE;
      cr_expect_eq(tls_is_network_protocol(slice_from_string(cases[i].protocol), &tls), cases[i].network, "%s",
                   cases[i].protocol);
      cr_expect_eq(tls, cases[i].tls, "%s", cases[i].protocol);
    }
}

static const gchar *
_judge(const gchar *policy_name, const gchar *version, const gchar *iana)
{
  TlsPolicy *policy = tls_policy_shipped(slice_from_string(policy_name));
  TlsVerdict verdict = tls_policy_judge(policy, slice_from_string(version), slice_from_string(iana));

  tls_policy_unref(policy);
  return tls_verdict_name(verdict);
}

Test(tls_policy, every_shipped_policy_is_valid_and_bears_the_name_of_its_file)
{
  const gchar *name;
  guint n = 0;

  for (; (name = tls_policy_shipped_name(n)); n++)
    {
      TlsPolicy *policy = tls_policy_shipped(slice_from_string(name));
      cr_assert_not_null(policy, "%s", name);
      cr_expect(slice_equals(tls_policy_name(policy), slice_from_string(name)));
      cr_expect_gt(tls_policy_version(policy).len, 0u);
      tls_policy_unref(policy);
    }
  cr_expect_eq(n, 3u);
}

Test(tls_policy, verdicts)
{
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "TLSv1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"), "acceptable");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA256"), "weak");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "TLSv1", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"), "weak");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "TLS-1.0", ""), "weak");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "SSLv3", ""), "weak");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "SSL 3.0", ""), "weak");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "TLS1.3", ""), "unknown");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "", ""), "none");
  cr_expect_str_eq(_judge("mozilla-modern", "TLS1.3", "TLS_CHACHA20_POLY1305_SHA256"), "acceptable");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "TLS1.3", "TLS_CHACHA20_POLY1305_SHA256"), "weak");
  cr_expect_str_eq(_judge("mozilla-modern", "TLS1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"), "weak");
  cr_expect_str_eq(_judge("mozilla-intermediate", "TLS1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"), "acceptable");
}

/* Exim up to 4.77 wrote UNKNOWN for every TLS above 1.0 */
Test(tls_policy, a_version_the_log_does_not_tell_is_never_acceptable)
{
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "UNKNOWN", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"), "unknown");
  cr_expect_str_eq(_judge("bsi-tr-02102-2", "UNKNOWN", "TLS_RSA_WITH_AES_128_CBC_SHA"), "weak");
}

Test(tls_policy, a_star_accepts_every_known_suite_of_a_version)
{
  gchar *error;
  TlsPolicy *policy = tls_policy_parse(SLICE("policy mine\nversion 1\naccept TLS1.3 *\n"), &error);

  cr_assert_not_null(policy, "%s", error);
  cr_expect_eq(tls_policy_judge(policy, SLICE("TLS1.3"), SLICE("TLS_AES_128_CCM_8_SHA256")), TV_ACCEPTABLE);
  cr_expect_eq(tls_policy_judge(policy, SLICE("TLS1.2"), SLICE("TLS_AES_128_CCM_8_SHA256")), TV_WEAK);
  cr_expect_eq(tls_policy_judge(policy, SLICE("TLS1.3"), SLICE("")), TV_UNKNOWN);
  tls_policy_unref(policy);
}

static void
_expect_error(const gchar *text, const gchar *expected)
{
  gchar *error;

  cr_expect_null(tls_policy_parse(slice_from_string(text), &error), "%s", text);
  cr_expect_str_eq(error, expected);
  g_free(error);
}

Test(tls_policy, errors_name_the_line_and_what_is_wrong)
{
  _expect_error("policy a\nversion 1\n", "no line \"accept\"");
  _expect_error("", "no line \"policy\"");
  _expect_error("policy a b\n", "line 1: \"policy\" needs one word");
  _expect_error("policy a\npolicy b\n", "line 2: \"policy\" is said twice");
  _expect_error("# x\nallow TLS1.3 *\n",
                "line 2: unknown word \"allow\"; allowed: policy, version, title, source, date, accept");
  _expect_error("accept 1.3 *", "line 1: \"1.3\" is no version of TLS; allowed: TLS1.2, TLS1.3, ...");
  _expect_error("accept TLS1.2 AES128-SHA256", "line 1: \"AES128-SHA256\" is not the IANA name of a cipher suite, nor *");
  _expect_error("accept TLS1.2 * more", "line 1: text behind the cipher suite");
}
