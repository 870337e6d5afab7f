//! Learners, sandboxes, attempts and progress in SQLite.
//!
//! - [`attempts`]: what was checked and what is passed.
//! - [`sandboxes`]: which sandbox was whose, and why it ended.
//!
//! What is acknowledged here is on disk: the log is written and synced before a commit returns, so
//! that neither `kill -9` nor a power cut takes it back.

pub mod attempts;
pub mod sandboxes;

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{error::Refusal, learner::LearnerId};

/// How long a writer waits for another one, and a request for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Each connection is a thread; SQLite writes one at a time anyhow.
const CONNECTIONS: u32 = 2;

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened as a database.
    #[error("could not open the database {}", path.display())]
    Open {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: sqlx::Error,
    },
    /// The tables cannot be brought up to date.
    #[error("could not bring the database {} up to date; was it used by a newer version?", path.display())]
    Migrate {
        /// The database.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// A statement failed.
    #[error("could not {action}")]
    Query {
        /// What was to be done.
        action: &'static str,
        /// What SQLite said.
        #[source]
        source: sqlx::Error,
    },
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

fn failed(action: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Query { action, source }
}

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database at `path`, makes it when it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// When it cannot be opened, or was written by a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source: source.into(),
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            // 512 KiB per connection; the tables are small.
            .pragma("cache_size", "-512");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(|source| StoreError::Open {
                path: path.to_owned(),
                source,
            })?;
        sqlx::migrate!("server/store/migrations/sqlite")
            .run(&pool)
            .await
            .map_err(|source| StoreError::Migrate {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self { pool })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1")
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("ask the database whether it is there"))
    }

    /// Writes back the log and lets the file go.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that takes the write lock at its start: one that reads first and then wants
    /// to write would be refused instead of waiting.
    async fn begin(
        &self,
        action: &'static str,
    ) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(failed(action))
    }
}

/// What learners did is nobody else's business; SQLite gives its other files the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

/// Seconds since 1970.
#[must_use]
pub fn unix_seconds(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}

/// Learners are stored when they first do something, so that visitors leave no trace.
async fn remember_learner(
    transaction: &mut Transaction<'static, Sqlite>,
    learner: LearnerId,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO learners (id, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(learner.to_string())
        .bind(now)
        .execute(&mut **transaction)
        .await
        .map(drop)
        .map_err(failed("record a learner"))
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn commits_are_synced_and_references_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("drydock.db")).await.unwrap();
        for (pragma, wanted) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1)] {
            let row = sqlx::query(sqlx::AssertSqlSafe(pragma))
                .fetch_one(&store.pool)
                .await
                .unwrap();
            assert_eq!(row.get::<i64, _>(0), wanted, "{pragma}");
        }
        let mode = sqlx::query("PRAGMA journal_mode")
            .fetch_one(&store.pool)
            .await
            .unwrap();
        assert_eq!(mode.get::<String, _>(0), "wal");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drydock.db");
        std::fs::write(
            &path,
            "not a database, but long enough to be taken for one".repeat(40),
        )
        .unwrap();
        let error = Store::open(&path).await.unwrap_err();
        assert!(error.to_string().contains("drydock.db"), "{error}");
    }
}
