//! Which sandbox was whose, and why it ended.

use std::time::{Duration, SystemTime};

use drydock_spec::SandboxId;
use sqlx::Row as _;

use super::{Store, StoreError, failed, remember_learner, unix_seconds};
use crate::learner::LearnerId;

/// Why a sandbox ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Its time was over.
    Expired,
    /// The learner ended it.
    Ended,
    /// The learner asked for a fresh one.
    Reset,
    /// The learner went on to another lesson.
    Replaced,
    /// It ended by itself: its engine was killed or gave up.
    Died,
    /// The server was told to end everything.
    ServerStopped,
    /// It was gone when the server came back.
    Lost,
}

impl EndReason {
    const ALL: [Self; 7] = [
        Self::Expired,
        Self::Ended,
        Self::Reset,
        Self::Replaced,
        Self::Died,
        Self::ServerStopped,
        Self::Lost,
    ];

    /// As in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::Reset => "reset",
            Self::Replaced => "replaced",
            Self::Died => "died",
            Self::ServerStopped => "server-stopped",
            Self::Lost => "lost",
        }
    }

    /// What the learner is told; the page adds that progress is kept.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Expired => "This sandbox's time was over.",
            Self::Ended => "You ended this sandbox.",
            Self::Reset => "This sandbox was reset in another tab.",
            Self::Replaced => "This sandbox was ended to start another lesson.",
            Self::Died => {
                "This sandbox ended by itself: it was out of memory, or not used for a long time."
            }
            Self::ServerStopped => "The server was stopped, and this sandbox with it.",
            Self::Lost => "This sandbox ended while the server was away.",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// A sandbox that was started.
#[derive(Debug, Clone, Copy)]
pub struct Started<'a> {
    /// Its id.
    pub id: SandboxId,
    /// Whose.
    pub learner: LearnerId,
    /// For which lesson.
    pub lesson: &'a str,
    /// When it will be over.
    pub ends_at: SystemTime,
}

impl Store {
    /// Records a start.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sandbox_started(&self, started: &Started<'_>) -> Result<(), StoreError> {
        let action = "record the start of a sandbox";
        let now = unix_seconds(SystemTime::now());
        let mut transaction = self.begin(action).await?;
        remember_learner(&mut transaction, started.learner, now).await?;
        sqlx::query(
            "INSERT INTO sandboxes (id, learner, lesson, started_at, ends_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(started.id.to_string())
        .bind(started.learner.to_string())
        .bind(started.lesson.to_owned())
        .bind(now)
        .bind(unix_seconds(started.ends_at))
        .execute(&mut *transaction)
        .await
        .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))
    }

    /// Records why a sandbox ended; the first reason stands.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sandbox_ended(&self, id: SandboxId, reason: EndReason) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE sandboxes SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL",
        )
        .bind(unix_seconds(SystemTime::now()))
        .bind(reason.word())
        .bind(id.to_string())
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("record the end of a sandbox"))
    }

    /// The sandboxes that have not ended as far as the database knows, and when they have to.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn open_sandboxes(&self) -> Result<Vec<(SandboxId, SystemTime)>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT id, ends_at FROM sandboxes WHERE ended_at IS NULL")
                .fetch_all(&self.pool)
                .await
                .map_err(failed("read the running sandboxes"))?;
        let parse = |(id, ends_at): (String, i64)| {
            let since = Duration::from_secs(u64::try_from(ends_at).unwrap_or_default());
            Some((id.parse().ok()?, SystemTime::UNIX_EPOCH + since))
        };
        Ok(rows.into_iter().filter_map(parse).collect())
    }

    /// Whether this sandbox is, or was, this learner's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn owns_sandbox(
        &self,
        learner: LearnerId,
        id: SandboxId,
    ) -> Result<bool, StoreError> {
        sqlx::query("SELECT 1 FROM sandboxes WHERE id = ? AND learner = ?")
            .bind(id.to_string())
            .bind(learner.to_string())
            .fetch_optional(&self.pool)
            .await
            .map(|row| row.is_some())
            .map_err(failed("find a sandbox"))
    }

    /// The learner's last ended sandbox for a lesson, and why it ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn last_ended(
        &self,
        learner: LearnerId,
        lesson: &str,
    ) -> Result<Option<(SandboxId, EndReason)>, StoreError> {
        let action = "find the last sandbox";
        let row = sqlx::query(
            "SELECT id, end_reason FROM sandboxes
             WHERE learner = ? AND lesson = ? AND ended_at IS NOT NULL
             ORDER BY started_at DESC, ended_at DESC LIMIT 1",
        )
        .bind(learner.to_string())
        .bind(lesson.to_owned())
        .fetch_optional(&self.pool)
        .await
        .map_err(failed(action))?;
        let Some(row) = row else { return Ok(None) };
        let id: String = row.try_get("id").map_err(failed(action))?;
        let reason: String = row.try_get("end_reason").map_err(failed(action))?;
        Ok(id.parse().ok().zip(EndReason::parse(&reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_for_an_end_stands() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("drydock.db")).await.unwrap();
        let (id, me) = (SandboxId::random(), LearnerId::random());
        let started = Started {
            id,
            learner: me,
            lesson: "first",
            ends_at: SystemTime::now(),
        };
        store.sandbox_started(&started).await.unwrap();
        let open = store.open_sandboxes().await.unwrap();
        assert!(
            matches!(open.as_slice(), [(open, _)] if *open == id),
            "{open:?}"
        );
        assert_eq!(store.last_ended(me, "first").await.unwrap(), None);

        store.sandbox_ended(id, EndReason::Reset).await.unwrap();
        store.sandbox_ended(id, EndReason::Died).await.unwrap();
        assert!(store.open_sandboxes().await.unwrap().is_empty());
        assert_eq!(
            store.last_ended(me, "first").await.unwrap(),
            Some((id, EndReason::Reset))
        );
        assert_eq!(store.last_ended(me, "other").await.unwrap(), None);
        assert!(store.owns_sandbox(me, id).await.unwrap());
        assert!(!store.owns_sandbox(LearnerId::random(), id).await.unwrap());
    }

    #[test]
    fn every_reason_is_read_back_from_its_word() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::parse(reason.word()), Some(reason));
        }
    }
}
