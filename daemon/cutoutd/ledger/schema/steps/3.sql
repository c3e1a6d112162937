-- Columns named by the words of docs/glossary.md. The indexes that mention them are made anew, because SQLite would
-- keep their text in quotes.

DROP INDEX away;

DROP INDEX one_row_per_version;

DROP INDEX to_clean;

ALTER TABLE photos RENAME COLUMN failed_at TO failed_state;

ALTER TABLE photos RENAME COLUMN source_fate TO source_result;

ALTER TABLE photos RENAME COLUMN anew_since_s TO reprocess_started_s;

ALTER TABLE photos RENAME COLUMN earlier_parameters TO previous_parameters;

ALTER TABLE photos RENAME COLUMN missed_at_s TO source_missing_since_s;

ALTER TABLE photos RENAME COLUMN is_away TO is_unavailable;

CREATE INDEX unavailable ON photos (folder) WHERE is_unavailable IS 1;

CREATE UNIQUE INDEX one_row_per_version ON photos (folder, path, size_bytes, mtime_ns, inode) WHERE state != 'superseded' AND source_result IS NULL;

CREATE INDEX to_clean ON photos (remote_cleaned_at_s, id) WHERE source_uuid IS NOT NULL AND remote_cleaned_at_s IS NULL AND (result_uuid IS NULL OR state = 'published') AND NOT (state = 'failed' AND code = 'internal_fault' AND failed_state IN ('removal_intended', 'removal_started')) AND state IN ('failed', 'published', 'rejected', 'superseded');
