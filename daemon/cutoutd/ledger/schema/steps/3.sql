-- Columns named by the words of docs/glossary.md. The indexes that mention them are made anew, because SQLite would
-- keep their text in quotes. What was told by a sentence or by several flags has a word of its own now.

DROP INDEX away;

DROP INDEX held;

DROP INDEX with_reason;

DROP INDEX one_row_per_version;

DROP INDEX to_clean;

ALTER TABLE photos RENAME COLUMN failed_at TO failed_state;

ALTER TABLE photos RENAME COLUMN source_fate TO source_sentence;

ALTER TABLE photos ADD COLUMN source_result TEXT;

ALTER TABLE photos ADD COLUMN archived_path TEXT;

UPDATE photos SET source_result = CASE
    WHEN source_sentence LIKE 'the source was moved to the trash, %' THEN 'trashed'
    WHEN source_sentence LIKE 'the source was moved to /%' THEN 'moved'
    WHEN source_sentence = 'the source was deleted' THEN 'deleted'
    WHEN source_sentence = 'the source was gone already' THEN 'gone'
    WHEN source_sentence = 'it was not there when the ledger was rebuilt' THEN 'absent'
    ELSE 'taken'
END WHERE source_sentence IS NOT NULL;

UPDATE photos SET archived_path = substr(source_sentence, length('the source was moved to ') + 1)
WHERE source_result = 'moved';

ALTER TABLE photos RENAME COLUMN anew_since_s TO reprocess_started_s;

ALTER TABLE photos RENAME COLUMN earlier_parameters TO previous_parameters;

ALTER TABLE photos RENAME COLUMN missed_at_s TO source_missing_since_s;

ALTER TABLE photos ADD COLUMN wait_kind TEXT NOT NULL DEFAULT 'none';

-- The sentences are those of version 0.1. Any other one belongs to trouble that passes.
UPDATE photos SET wait_kind = CASE
    WHEN is_unapproved THEN 'unapproved'
    WHEN is_held THEN 'held'
    WHEN is_away THEN 'unavailable'
    WHEN wait_for IS NOT NULL THEN 'duplicate'
    WHEN wait_reason = '' THEN 'poll'
    WHEN wait_reason LIKE '%; cutoutd goes on asking, rarely' THEN 'overdue'
    WHEN wait_reason LIKE '% asks for % s of patience' THEN 'throttled'
    WHEN wait_reason LIKE 'Uploadcare asked for patience with %' THEN 'throttled'
    ELSE 'retry'
END WHERE wait_reason != '' OR wait_for IS NOT NULL OR (state = 'removal_started' AND wait_until_s > 0);

ALTER TABLE photos DROP COLUMN is_unapproved;

ALTER TABLE photos DROP COLUMN is_held;

ALTER TABLE photos DROP COLUMN is_away;

CREATE INDEX delayed ON photos (wait_until_s) WHERE wait_kind NOT IN ('none', 'poll');

CREATE INDEX delayed_by_kind ON photos (wait_kind, folder) WHERE wait_kind NOT IN ('none', 'poll');

CREATE UNIQUE INDEX one_row_per_version ON photos (folder, path, size_bytes, mtime_ns, inode) WHERE state != 'superseded' AND source_result IS NULL;

CREATE INDEX to_clean ON photos (remote_cleaned_at_s, id) WHERE source_uuid IS NOT NULL AND remote_cleaned_at_s IS NULL AND (result_uuid IS NULL OR state = 'published') AND NOT (state = 'failed' AND code = 'internal_fault' AND failed_state IN ('removal_intended', 'removal_started')) AND state IN ('failed', 'published', 'rejected', 'superseded');
