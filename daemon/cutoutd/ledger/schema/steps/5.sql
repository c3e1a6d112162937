-- A stage takes its photos in turn between the folders. Only photos under way are in the index, because ended ones are
-- never due.

DROP INDEX due;

CREATE INDEX due ON photos (state, folder, wait_until_s, id) WHERE state NOT IN ('dismissed', 'failed', 'published', 'rejected', 'superseded');
-- A doubt about a cutout keeps its source in place.

ALTER TABLE photos ADD COLUMN doubt TEXT;
-- Indexes, so that no statement of the writer reads a whole table.

CREATE INDEX by_source ON photos (source_uuid) WHERE source_uuid IS NOT NULL;

CREATE INDEX by_result ON photos (result_uuid) WHERE result_uuid IS NOT NULL;

CREATE INDEX unclear ON photos (unclear_since_s) WHERE unclear_since_s IS NOT NULL;

CREATE INDEX locked ON photos (locked_since_s) WHERE locked_since_s IS NOT NULL;

CREATE INDEX delayed_in_order ON photos (wait_kind, id) WHERE wait_kind NOT IN ('none', 'poll');

CREATE INDEX troubled_by_time ON photos (state, state_at_s, id) WHERE state IN ('failed', 'rejected');
