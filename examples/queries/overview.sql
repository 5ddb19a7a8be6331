-- SPDX-License-Identifier: LGPL-2.1-or-later
.mode list
WITH known(status, place) AS (VALUES ('delivered', 1), ('partial', 2), ('deferred', 3), ('failed', 4), ('quarantined', 5),
                                     ('rejected', 6), ('discarded', 7), ('unknown', 8))
SELECT printf('  %-12s %5d', known.status, count(messages.id))
  FROM known LEFT JOIN messages ON messages.status = known.status GROUP BY known.status ORDER BY place;
SELECT printf('  %-12s %5d  commands or messages, in %d sessions', 'refused',
              (SELECT count(*) FROM sessions, json_each(sessions.refusals)), count(*))
  FROM sessions WHERE refusals IS NOT NULL;
