-- The first published ledger. Never edited: what changes is a step of its own.

CREATE TABLE memory (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    at_s FLOAT NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE migrations (
    number INTEGER NOT NULL,
    at_s FLOAT NOT NULL,
    PRIMARY KEY (number)
);

CREATE TABLE operations (
    day TEXT NOT NULL,
    purpose TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (day, purpose)
);

CREATE TABLE photos (
    id INTEGER NOT NULL,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    ctime_ns BIGINT NOT NULL,
    inode BIGINT NOT NULL,
    input TEXT NOT NULL,
    state TEXT NOT NULL,
    state_at_s FLOAT NOT NULL,
    wait_until_s FLOAT NOT NULL,
    wait_set_at_s FLOAT NOT NULL,
    wait_attempts INTEGER NOT NULL,
    wait_reason TEXT NOT NULL,
    wait_for INTEGER,
    is_held BOOLEAN NOT NULL,
    is_away BOOLEAN NOT NULL,
    is_unapproved BOOLEAN NOT NULL,
    approved_at_s FLOAT,
    sha256 TEXT,
    width INTEGER,
    height INTEGER,
    orientation INTEGER,
    parameters TEXT,
    output TEXT,
    target TEXT,
    source_uuid TEXT,
    sent_width INTEGER,
    sent_height INTEGER,
    sent_as TEXT,
    unclear_since_s FLOAT,
    lost_because TEXT,
    locked_since_s FLOAT,
    has_lost_outcome BOOLEAN NOT NULL,
    request_id TEXT,
    result_uuid TEXT,
    kept_uuid TEXT,
    cutout_sha256 TEXT,
    cutout_bytes BIGINT,
    earlier_parameters TEXT,
    anew_since_s FLOAT,
    reused_from INTEGER,
    is_source_due BOOLEAN NOT NULL,
    source_fate TEXT,
    missed_at_s FLOAT,
    note TEXT,
    code TEXT,
    sentence TEXT,
    advice TEXT,
    failed_at TEXT,
    remote_cleaned_at_s FLOAT,
    PRIMARY KEY (id)
);

CREATE INDEX away ON photos (folder) WHERE is_away IS 1;

CREATE INDEX batch ON photos (approved_at_s, folder) WHERE approved_at_s IS NULL AND state IN ('accepted', 'discovered', 'uploaded');

CREATE INDEX by_path ON photos (path, folder);

CREATE INDEX by_target ON photos (output, target);

CREATE INDEX due ON photos (state, wait_until_s, id);

CREATE INDEX held ON photos (is_unapproved, folder) WHERE is_held IS 1;

CREATE UNIQUE INDEX one_payer ON photos (sha256, parameters) WHERE state IN ('removal_intended', 'removal_started', 'removal_finished');

CREATE UNIQUE INDEX one_row_per_version ON photos (folder, path, size_bytes, mtime_ns, inode) WHERE state != 'superseded' AND source_fate IS NULL;

CREATE INDEX paid_again ON photos (id) WHERE has_lost_outcome IS 1;

CREATE INDEX source_due ON photos (state, id) WHERE is_source_due IS 1;

CREATE INDEX to_clean ON photos (remote_cleaned_at_s, id) WHERE source_uuid IS NOT NULL AND remote_cleaned_at_s IS NULL AND (result_uuid IS NULL OR state = 'published') AND NOT (state = 'failed' AND code = 'internal_fault' AND failed_at IN ('removal_intended', 'removal_started')) AND state IN ('failed', 'published', 'rejected', 'superseded');

CREATE INDEX totals ON photos (state, folder);

CREATE INDEX twins ON photos (sha256, parameters);

CREATE INDEX waiters ON photos (wait_for) WHERE wait_for IS NOT NULL;

CREATE INDEX with_reason ON photos (wait_until_s) WHERE wait_reason != '';

CREATE TABLE targets (
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    output TEXT NOT NULL,
    target TEXT NOT NULL,
    target_key TEXT NOT NULL,
    PRIMARY KEY (folder, path, output)
);

CREATE UNIQUE INDEX one_claimant_per_target ON targets (output, target_key);

CREATE TABLE events (
    id INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    at_s FLOAT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(photo_id) REFERENCES photos (id)
);

CREATE INDEX ix_events_photo_id ON events (photo_id);

CREATE TABLE launches (
    id INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    at_s FLOAT NOT NULL,
    day TEXT NOT NULL,
    is_returned BOOLEAN NOT NULL,
    source_uuid TEXT,
    request_id TEXT,
    lost_because TEXT,
    found_uuid TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(photo_id) REFERENCES photos (id)
);

CREATE INDEX ix_launches_photo_id ON launches (photo_id);

CREATE INDEX lost ON launches (id) WHERE lost_because IS NOT NULL;

CREATE INDEX spent ON launches (day, is_returned);
