CREATE INDEX gallery ON photos (code, state_at_s, id, folder, path) WHERE state = 'published';

CREATE INDEX troubled ON photos (code, state_at_s) WHERE state IN ('failed', 'rejected');
