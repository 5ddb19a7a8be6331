-- SPDX-License-Identifier: LGPL-2.1-or-later
.mode list
SELECT printf('  in   %-9s %-54s %-10s %5d', coalesce(tls_in_version, 'no TLS'), coalesce(tls_in_cipher, ''),
              coalesce(tls_in_verdict, ''), count(*))
  FROM messages WHERE tls_encrypted_in IS NOT NULL
 GROUP BY tls_in_version, tls_in_cipher, tls_in_verdict ORDER BY count(*) DESC LIMIT 8;
SELECT printf('  out  %-9s %-54s %-10s %5d', coalesce(tls_version, 'no TLS'), coalesce(tls_cipher, ''),
              coalesce(tls_verdict, ''), count(*))
  FROM deliveries WHERE status = 'delivered' AND ip IS NOT NULL
 GROUP BY tls_version, tls_cipher, tls_verdict ORDER BY count(*) DESC LIMIT 5;
SELECT printf('  by %s %s: %d of %d messages acceptable in and out', tls_policy, tls_policy_version,
              sum(tls_verdict = 'acceptable'), count(*))
  FROM messages WHERE tls_policy IS NOT NULL GROUP BY tls_policy, tls_policy_version;
