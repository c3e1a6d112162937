CREATE INDEX gallery ON photos (code, state_at_s, id, folder, path) WHERE state = 'published';

CREATE INDEX troubled ON photos (code, state_at_s) WHERE state IN ('failed', 'rejected');

-- Results that Uploadcare announced by itself (webhooks).

CREATE TABLE announcements (
    result_uuid TEXT NOT NULL,
    source_uuid TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at_s FLOAT NOT NULL,
    PRIMARY KEY (result_uuid)
);

CREATE INDEX ix_announcements_at_s ON announcements (at_s);

CREATE INDEX ix_announcements_source_uuid ON announcements (source_uuid);

CREATE INDEX launches_by_source ON launches (source_uuid);
