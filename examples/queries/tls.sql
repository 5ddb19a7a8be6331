-- SPDX-License-Identifier: LGPL-2.1-or-later
.mode list
SELECT printf('  in   %-9s %-48s %5d', coalesce(tls_in_version, 'no TLS'), coalesce(tls_in_cipher, ''), count(*))
  FROM messages WHERE tls_encrypted_in IS NOT NULL GROUP BY tls_in_version, tls_in_cipher ORDER BY count(*) DESC LIMIT 8;
SELECT printf('  out  %-9s %-48s %5d', coalesce(tls_version, 'no TLS'), coalesce(tls_cipher, ''), count(*))
  FROM deliveries WHERE status = 'delivered' AND ip IS NOT NULL
 GROUP BY tls_version, tls_cipher ORDER BY count(*) DESC LIMIT 5;
