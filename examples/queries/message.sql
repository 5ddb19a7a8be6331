-- SPDX-License-Identifier: LGPL-2.1-or-later
-- one message in plain words; the parameter :id names it
.mode list
SELECT printf('  "%s" came from %s (%s, %s)', coalesce(subject, '(no subject)'), coalesce(sender_original, sender, '<>'),
              coalesce(client_host, client_helo, 'this host'), coalesce(client_ip, 'local')) || char(10) ||
       printf('  at %s over %s, %d bytes, queue ids %s.', received, coalesce(tls_in_version || ' with ' || tls_in_cipher,
              'no TLS'), size, (SELECT group_concat(value, ' and ') FROM json_each(queue_ids))) || char(10) ||
       printf('  DKIM: %s. Spam engine %s says %s (%s). Disposition: %s.', coalesce(dkim_result, 'not logged'),
              coalesce(spam_engine, '-'), coalesce(spam_verdict, '-'), coalesce(spam_result, '-'),
              coalesce(disposition, '-'))
  FROM messages WHERE id = :id;
SELECT printf('  %s for %s at %s by %s over %s:', status, recipient, time, host,
              coalesce(tls_version || ' with ' || tls_cipher, 'no TLS')) || char(10) || printf('  "%s"', response)
  FROM deliveries WHERE message = :id;
SELECT printf('  From %d log lines; it took %d seconds, %d of them in the queue.', lines, seconds_total, seconds_queue)
  FROM messages WHERE id = :id;
