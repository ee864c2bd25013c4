-- The last line of each entry, newest first. Lines that are merged are narrowed by kind and
-- worker here; the others by the caller, who reads their entries.
SELECT l.lsn, p.name AS part, d.device, e.seq, e.id, l.verdict, l.reason, l.detail,
       l.received_ms, l.offset_ms, l.made_ms,
       coalesce(e.body, same.body, x.remains) AS body,
       iif(e.body IS NOT NULL, e.dictionary, iif(same.body IS NOT NULL, same.dictionary, 0)) AS dictionary
  FROM log_line l
  JOIN entry e ON e.number = l.entry
  JOIN device_log d ON d.number = e.device
  JOIN part p ON p.number = l.part
  LEFT JOIN entry same ON same.number = e.same_as
  LEFT JOIN erased_entry x ON x.entry = coalesce(e.same_as, e.number)
  LEFT JOIN merged_entry m ON m.entry = coalesce(e.same_as, e.number)
 WHERE (:before IS NULL OR l.lsn < :before)
   AND (:verdict IS NULL OR l.verdict = :verdict)
   AND (:first_ms IS NULL OR (l.made_ms >= :first_ms AND l.made_ms < :end_ms))
   AND (:grid IS NULL OR substr(p.name, 1, 37) = :grid)
   AND (l.verdict <> 'merged'
        OR (m.kind IN (SELECT number FROM kind WHERE name IN (SELECT value FROM json_each(:kinds)))
            AND (:worker IS NULL OR m.worker = (SELECT number FROM worker WHERE id = :worker))))
   AND NOT EXISTS (SELECT 1 FROM log_line later WHERE later.entry = l.entry AND later.lsn > l.lsn)
 ORDER BY l.lsn DESC
