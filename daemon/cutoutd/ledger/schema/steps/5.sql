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
-- Every file that may be at Uploadcare, so that the cleanup knows those of earlier rounds too: uploads that were given up,
-- results that came late or twice. A file that was deleted there leaves the table. Uploads that are not current are gone
-- after a day by themselves.

CREATE TABLE remote_files (
    uuid TEXT NOT NULL,
    photo_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    since_s FLOAT NOT NULL,
    is_spent BOOLEAN NOT NULL,
    PRIMARY KEY (uuid, photo_id),
    FOREIGN KEY(photo_id) REFERENCES photos (id)
);

CREATE INDEX ix_remote_files_photo_id ON remote_files (photo_id);

ALTER TABLE launches ADD COLUMN is_past BOOLEAN DEFAULT 0 NOT NULL;

INSERT OR IGNORE INTO remote_files SELECT source_uuid, id, 'source', state_at_s, 0 FROM photos WHERE source_uuid IS NOT NULL AND remote_cleaned_at_s IS NULL;

INSERT OR IGNORE INTO remote_files SELECT result_uuid, id, 'result', state_at_s, 0 FROM photos WHERE result_uuid IS NOT NULL AND remote_cleaned_at_s IS NULL;

INSERT OR IGNORE INTO remote_files SELECT announcements.result_uuid, launches.photo_id, 'result', announcements.at_s, 0 FROM announcements JOIN launches ON launches.source_uuid = announcements.source_uuid JOIN photos ON photos.id = launches.photo_id WHERE photos.remote_cleaned_at_s IS NULL OR photos.result_uuid IS NOT announcements.result_uuid;

INSERT OR IGNORE INTO remote_files SELECT launches.found_uuid, launches.photo_id, 'result', launches.at_s, 0 FROM launches JOIN photos ON photos.id = launches.photo_id WHERE launches.found_uuid IS NOT NULL AND (photos.remote_cleaned_at_s IS NULL OR photos.result_uuid IS NOT launches.found_uuid);

INSERT OR IGNORE INTO remote_files SELECT json_extract(events.detail, '$.result_uuid'), events.photo_id, 'result', events.at_s, 0 FROM events JOIN photos ON photos.id = events.photo_id WHERE events.to_state = 'removal_finished' AND json_extract(events.detail, '$.result_uuid') IS NOT NULL AND photos.result_uuid IS NOT json_extract(events.detail, '$.result_uuid');

DROP INDEX to_clean;

ALTER TABLE photos DROP COLUMN remote_cleaned_at_s;
-- A photo that is sent as a smaller copy is not the same as the whole one. Earlier versions did not store the limit.

ALTER TABLE photos ADD COLUMN sent_within BIGINT DEFAULT 0 NOT NULL;

UPDATE photos SET sent_within = -1 WHERE sent_width IS NOT NULL OR (sha256 IS NOT NULL AND size_bytes > 12582912);

DROP INDEX one_payer;

CREATE UNIQUE INDEX one_payer ON photos (sha256, parameters, sent_within) WHERE state IN ('removal_intended', 'removal_started', 'removal_finished');

DROP INDEX one_payer_per_picture;

CREATE UNIQUE INDEX one_payer_per_picture ON photos (picture_sha256, parameters, sent_within) WHERE state IN ('removal_intended', 'removal_started', 'removal_finished');

-- An upload that tells of an unknown removal is searched for its result once, and not paid for again before.

ALTER TABLE photos ADD COLUMN noticed_at_s FLOAT;
