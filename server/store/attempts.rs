//! What was checked and what is passed.

use std::{collections::HashMap, time::SystemTime};

use sqlx::Row as _;

use super::{Store, StoreError, failed, remember_learner, unix_seconds};
use crate::{grading::Status, learner::LearnerId};

/// Earlier failures that hints are chosen by; older ones say nothing new.
const REMEMBERED_FAILURES: i64 = 32;

/// Which exercise of whom.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The learner.
    pub learner: LearnerId,
    /// The lesson's id.
    pub lesson: &'a str,
    /// The exercise's id.
    pub exercise: &'a str,
}

/// A check that was made.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// Which exercise of whom.
    pub subject: Subject<'a>,
    /// The sandbox that was looked at.
    pub sandbox: &'a str,
    /// How it stood.
    pub status: Status,
    /// The message key of the first unmet check.
    pub key: Option<&'a str>,
    /// Points earned.
    pub points: u32,
    /// The whole result as JSON, kept as evidence.
    pub result: &'a str,
}

/// How far a learner got with one exercise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Checks made, those that the grader spoiled not counted.
    pub attempts: u32,
    /// The most points ever earned.
    pub points: u32,
    /// Whether it was ever passed.
    pub passed: bool,
}

/// How far a learner got, by lesson and exercise.
#[derive(Debug, Clone, Default)]
pub struct Progress(HashMap<(String, String), Standing>);

impl Progress {
    /// How far with this exercise.
    #[must_use]
    pub fn of(&self, lesson: &str, exercise: &str) -> Standing {
        self.0
            .get(&(lesson.to_owned(), exercise.to_owned()))
            .copied()
            .unwrap_or_default()
    }
}

impl Store {
    /// Records an attempt and what it changes, durably.
    ///
    /// # Errors
    /// When the database refuses; nothing is recorded then.
    pub async fn record_attempt(&self, attempt: &Attempt<'_>) -> Result<Standing, StoreError> {
        let action = "record an attempt";
        let now = unix_seconds(SystemTime::now());
        let Subject {
            learner,
            lesson,
            exercise,
        } = attempt.subject;
        let passed = attempt.status == Status::Pass;
        let counted = attempt.status != Status::GraderError;

        let mut transaction = self.begin(action).await?;
        remember_learner(&mut transaction, learner, now).await?;
        sqlx::query(
            "INSERT INTO attempts (learner, lesson, exercise, sandbox, at, status, key, points, result)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(learner.to_string())
        .bind(lesson.to_owned())
        .bind(exercise.to_owned())
        .bind(attempt.sandbox.to_owned())
        .bind(now)
        .bind(word(attempt.status))
        .bind(attempt.key.map(str::to_owned))
        .bind(i64::from(attempt.points))
        .bind(attempt.result.to_owned())
        .execute(&mut *transaction)
        .await
        .map_err(failed(action))?;
        // Passed stays passed: trying on, or breaking it again, takes nothing away.
        let row = sqlx::query(
            "INSERT INTO progress (learner, lesson, exercise, attempts, points, passed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (learner, lesson, exercise) DO UPDATE SET
                 attempts = attempts + excluded.attempts,
                 points = max(points, excluded.points),
                 passed_at = coalesce(passed_at, excluded.passed_at)
             RETURNING attempts, points, passed_at IS NOT NULL AS passed",
        )
        .bind(learner.to_string())
        .bind(lesson.to_owned())
        .bind(exercise.to_owned())
        .bind(i64::from(counted))
        .bind(i64::from(attempt.points))
        .bind(passed.then_some(now))
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))?;
        standing(&row).map_err(failed(action))
    }

    /// The message keys of the learner's failed attempts since the exercise was last passed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn earlier_failures(&self, subject: Subject<'_>) -> Result<Vec<String>, StoreError> {
        let action = "read earlier attempts";
        sqlx::query_scalar(
            "SELECT key FROM attempts
             WHERE learner = ?1 AND lesson = ?2 AND exercise = ?3
               AND status IN ('fail', 'not-yet') AND key IS NOT NULL
               AND id > coalesce((SELECT max(id) FROM attempts
                   WHERE learner = ?1 AND lesson = ?2 AND exercise = ?3 AND status = 'pass'), 0)
             ORDER BY id DESC LIMIT ?4",
        )
        .bind(subject.learner.to_string())
        .bind(subject.lesson.to_owned())
        .bind(subject.exercise.to_owned())
        .bind(REMEMBERED_FAILURES)
        .fetch_all(&self.pool)
        .await
        .map_err(failed(action))
    }

    /// How far a learner got with everything.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn progress(&self, learner: LearnerId) -> Result<Progress, StoreError> {
        let action = "read a learner's progress";
        let rows = sqlx::query(
            "SELECT lesson, exercise, attempts, points, passed_at IS NOT NULL AS passed
             FROM progress WHERE learner = ?",
        )
        .bind(learner.to_string())
        .fetch_all(&self.pool)
        .await
        .map_err(failed(action))?;
        let mut progress = HashMap::with_capacity(rows.len());
        for row in rows {
            let read = || -> Result<_, sqlx::Error> {
                Ok((
                    (row.try_get("lesson")?, row.try_get("exercise")?),
                    standing(&row)?,
                ))
            };
            let (key, value) = read().map_err(failed(action))?;
            progress.insert(key, value);
        }
        Ok(Progress(progress))
    }
}

fn standing(row: &sqlx::sqlite::SqliteRow) -> Result<Standing, sqlx::Error> {
    let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Standing {
        attempts: small(row.try_get("attempts")?),
        points: small(row.try_get("points")?),
        passed: row.try_get::<i64, _>("passed")? != 0,
    })
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        // An exercise as a whole is never skipped; should it be, nothing was there to judge.
        Status::NotYet | Status::Skipped => "not-yet",
        Status::GraderError => "grader-error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("drydock.db")).await.unwrap();
        (dir, store)
    }

    fn attempt(learner: LearnerId, status: Status, key: Option<&'static str>) -> Attempt<'static> {
        Attempt {
            subject: Subject {
                learner,
                lesson: "first",
                exercise: "run",
            },
            sandbox: "s",
            status,
            key,
            points: if status == Status::Pass { 10 } else { 0 },
            result: "{}",
        }
    }

    #[tokio::test]
    async fn passed_stays_passed() {
        let (_dir, store) = store().await;
        let me = LearnerId::random();
        store
            .record_attempt(&attempt(me, Status::Pass, None))
            .await
            .unwrap();
        let after = store
            .record_attempt(&attempt(me, Status::Fail, Some("a.b")))
            .await
            .unwrap();
        assert_eq!(
            after,
            Standing {
                attempts: 2,
                points: 10,
                passed: true
            }
        );
        assert_eq!(store.progress(me).await.unwrap().of("first", "run"), after);
        let other = store.progress(LearnerId::random()).await.unwrap();
        assert_eq!(other.of("first", "run"), Standing::default());
    }

    #[tokio::test]
    async fn a_grader_error_is_kept_but_not_counted() {
        let (_dir, store) = store().await;
        let me = LearnerId::random();
        let standing = store
            .record_attempt(&attempt(me, Status::GraderError, Some("a.grader-error")))
            .await
            .unwrap();
        assert_eq!(standing.attempts, 0);
        let subject = Subject {
            learner: me,
            lesson: "first",
            exercise: "run",
        };
        assert!(store.earlier_failures(subject).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn failures_before_a_pass_are_forgotten_for_hints() {
        let (_dir, store) = store().await;
        let me = LearnerId::random();
        let subject = Subject {
            learner: me,
            lesson: "first",
            exercise: "run",
        };
        for (status, key) in [
            (Status::Fail, Some("old")),
            (Status::Pass, None),
            (Status::NotYet, Some("image.missing")),
            (Status::Fail, Some("image.wrong")),
        ] {
            store
                .record_attempt(&attempt(me, status, key))
                .await
                .unwrap();
        }
        let keys = store.earlier_failures(subject).await.unwrap();
        assert_eq!(keys, ["image.wrong", "image.missing"]);
    }

    #[tokio::test]
    async fn attempts_survive_reopening_without_a_clean_close() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drydock.db");
        let me = LearnerId::random();
        let first = Store::open(&path).await.unwrap();
        first
            .record_attempt(&attempt(me, Status::Pass, None))
            .await
            .unwrap();
        // The first store is still open: its log has not been written back.
        let second = Store::open(&path).await.unwrap();
        assert!(second.progress(me).await.unwrap().of("first", "run").passed);
        drop(first);
    }
}
