-- A photo is paid for by its picture, not by its file. Rows of earlier versions have no hash of the picture: the hash of
-- the file counts for them, until their file is read again.

ALTER TABLE photos ADD COLUMN picture_sha256 TEXT;

ALTER TABLE photos ADD COLUMN touched_at_s FLOAT;

CREATE INDEX same_picture ON photos (picture_sha256, parameters);

CREATE UNIQUE INDEX one_payer_per_picture ON photos (picture_sha256, parameters) WHERE state IN ('removal_intended', 'removal_started', 'removal_finished');

CREATE INDEX touched ON photos (touched_at_s, id) WHERE touched_at_s IS NOT NULL;

CREATE INDEX cutouts ON photos (cutout_sha256) WHERE cutout_sha256 IS NOT NULL;

-- What other programs may make of a picture. Photos that were accepted earlier are sent as they would have been.

ALTER TABLE photos ADD COLUMN is_disputed BOOLEAN;

ALTER TABLE photos ADD COLUMN colours TEXT;

-- A file may be rewritten with its size and its mtime. Earlier versions did not keep the ctime of ended photos current,
-- so it is learned anew, without a look into any file.

DROP INDEX one_row_per_version;

UPDATE photos SET ctime_ns = 0 WHERE state IN ('published', 'rejected', 'failed');

CREATE UNIQUE INDEX one_row_per_version ON photos (folder, path, size_bytes, mtime_ns, inode, ctime_ns) WHERE state != 'superseded' AND source_result IS NULL;
