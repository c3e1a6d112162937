-- A stage takes its photos in turn between the folders. Only photos under way are in the index, because ended ones are
-- never due.

DROP INDEX due;

CREATE INDEX due ON photos (state, folder, wait_until_s, id) WHERE state NOT IN ('dismissed', 'failed', 'published', 'rejected', 'superseded');
-- A doubt about a cutout keeps its source in place.

ALTER TABLE photos ADD COLUMN doubt TEXT;
