-- SPDX-License-Identifier: LGPL-2.1-or-later
.mode list
.separator "  "
SELECT printf('  %-12s %5d', status, count(*)) FROM messages GROUP BY status ORDER BY count(*) DESC;
SELECT printf('  %-12s %5d  in %d sessions', 'refused',
              (SELECT count(*) FROM sessions, json_each(sessions.refusals)), count(*))
  FROM sessions WHERE refusals IS NOT NULL;
