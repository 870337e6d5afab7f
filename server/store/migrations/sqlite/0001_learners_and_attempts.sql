-- Who learns here, which sandboxes they had, what they tried and what they passed.
-- Times are seconds since 1970; ids are UUIDs as text.

CREATE TABLE learners (
    id         TEXT    PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sandboxes (
    id         TEXT    PRIMARY KEY,
    learner    TEXT    NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    lesson     TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    ended_at   INTEGER,
    end_reason TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX sandboxes_by_learner ON sandboxes (learner, lesson, started_at);
CREATE INDEX sandboxes_running ON sandboxes (id) WHERE ended_at IS NULL;

-- Every check ever made, kept as evidence.
CREATE TABLE attempts (
    id       INTEGER PRIMARY KEY,
    learner  TEXT    NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    lesson   TEXT    NOT NULL,
    exercise TEXT    NOT NULL,
    sandbox  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    status   TEXT    NOT NULL CHECK (status IN ('pass', 'fail', 'not-yet', 'grader-error')),
    -- The message key of the first unmet check.
    key      TEXT,
    points   INTEGER NOT NULL,
    result   TEXT    NOT NULL
) STRICT;

CREATE INDEX attempts_by_exercise ON attempts (learner, lesson, exercise, id);

-- The sum of the attempts, one row per exercise ever tried.
CREATE TABLE progress (
    learner   TEXT    NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    lesson    TEXT    NOT NULL,
    exercise  TEXT    NOT NULL,
    attempts  INTEGER NOT NULL,
    points    INTEGER NOT NULL,
    passed_at INTEGER,
    PRIMARY KEY (learner, lesson, exercise)
) STRICT, WITHOUT ROWID;
