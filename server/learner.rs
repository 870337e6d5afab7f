//! The signed cookie that names a learner: anonymous, made on the first visit.
//!
//! The key lives in the data directory, so that a restarted server knows its learners again.

use std::{
    fmt, fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use actix_web::{
    HttpMessage as _,
    body::MessageBody,
    cookie::{Cookie, CookieJar, Key, SameSite, time},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};
use uuid::Uuid;

use crate::app::App;

const COOKIE: &str = "drydock_learner";
const KEY_LEN: usize = 64;
/// Browsers cap a cookie's life at 400 days; each page view starts it anew.
const COOKIE_LIFE: time::Duration = time::Duration::days(400);

/// A learner's name in the store and as the owner of sandboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LearnerId(Uuid);

impl LearnerId {
    /// A learner never seen before.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads an id; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text)
            .ok()
            .filter(|_| text.len() == 36)
            .map(Self)
    }

    /// The id's bytes, for deriving things from it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for LearnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// Why the signing key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can be neither read nor made.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The key's file.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The file is not ours, or was damaged.
    #[error(
        "{} holds {len} bytes instead of {KEY_LEN}; put back a copy, or delete it (every learner then starts anew)",
        path.display()
    )]
    Damaged {
        /// The key's file.
        path: PathBuf,
        /// Its length.
        len: usize,
    },
}

/// Reads the signing key from `path`, or makes one that only the server's user can read.
///
/// # Errors
/// When the file is damaged, or can be neither read nor made.
pub fn load_or_create_key(path: &Path) -> Result<Key, KeyError> {
    let failed = |action| {
        move |source| KeyError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_key(path).map_err(failed("create"))?;
            fs::read(path).map_err(failed("read"))?
        }
        Err(error) => return Err(failed("read")(error)),
    };
    if bytes.len() != KEY_LEN {
        return Err(KeyError::Damaged {
            path: path.to_owned(),
            len: bytes.len(),
        });
    }
    let mode = fs::metadata(path)
        .map_err(failed("inspect"))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the cookie key was readable by others; closing it");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed("protect"))?;
    }
    Ok(Key::from(&bytes))
}

/// The key appears under its name only when it is whole and on disk.
fn create_key(path: &Path) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(Key::generate().master())?;
    file.sync_all()?;
    // A hard link, unlike a rename, never replaces a key that another server has just made.
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    fs::remove_file(&draft)?;
    linked?;
    match path.parent() {
        Some(directory) => fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

/// What a request's cookie says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Known(LearnerId),
    Nobody,
    Tampered,
}

fn read(cookie: Option<Cookie<'static>>, key: &Key) -> Claim {
    let Some(cookie) = cookie else {
        return Claim::Nobody;
    };
    let mut jar = CookieJar::new();
    jar.add_original(cookie);
    let verified = jar.signed(key).get(COOKIE);
    match verified.and_then(|cookie| LearnerId::parse(cookie.value())) {
        Some(learner) => Claim::Known(learner),
        None => Claim::Tampered,
    }
}

fn issue(learner: LearnerId, key: &Key, secure: bool) -> Option<Cookie<'static>> {
    let cookie = Cookie::build(COOKIE, learner.to_string())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(COOKIE_LIFE)
        .finish();
    let mut jar = CookieJar::new();
    jar.signed_mut(key).add(cookie);
    jar.get(COOKIE).cloned()
}

/// Middleware: finds out who asks, and gives newcomers a name.
///
/// # Errors
/// None of its own.
pub async fn identify<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
        return next.call(request).await;
    };
    let claim = read(request.cookie(COOKIE), &app.key);
    let learner = match claim {
        Claim::Known(learner) => learner,
        Claim::Nobody | Claim::Tampered => LearnerId::random(),
    };
    if claim == Claim::Tampered {
        tracing::warn!(peer = ?request.peer_addr(), "a learner's cookie was not signed by this server; treated as a new learner");
    }
    request.extensions_mut().insert(learner);
    let is_page = !crate::security::is_machine_path(request.path());
    let mut response = next.call(request).await?;
    if (is_page || !matches!(claim, Claim::Known(_)))
        && let Some(cookie) = issue(learner, &app.key, app.site.is_https())
    {
        response.response_mut().add_cookie(&cookie)?;
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_known_again_and_a_changed_one_is_not() {
        let key = Key::generate();
        let learner = LearnerId::random();
        let cookie = issue(learner, &key, false).unwrap();
        assert_eq!(read(Some(cookie.clone()), &key), Claim::Known(learner));

        let forged = cookie
            .value()
            .replace(&learner.to_string(), &LearnerId::random().to_string());
        assert_eq!(
            read(Some(Cookie::new(COOKIE, forged)), &key),
            Claim::Tampered
        );
        assert_eq!(
            read(Some(Cookie::new(COOKIE, "\u{0}%%%")), &key),
            Claim::Tampered
        );
        assert_eq!(read(Some(cookie), &Key::generate()), Claim::Tampered);
        assert_eq!(read(None, &key), Claim::Nobody);
    }

    #[test]
    fn scripts_cannot_read_the_cookie_and_other_sites_cannot_send_it() {
        let cookie = issue(LearnerId::random(), &Key::generate(), true)
            .unwrap()
            .to_string();
        for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(
                cookie.contains(attribute),
                "{attribute} missing in {cookie}"
            );
        }
        let plain = issue(LearnerId::random(), &Key::generate(), false)
            .unwrap()
            .to_string();
        assert!(!plain.contains("Secure"));
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cookie.key");
        let first = load_or_create_key(&path).unwrap();
        let second = load_or_create_key(&path).unwrap();
        assert_eq!(first.master(), second.master());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_key_is_named_instead_of_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cookie.key");
        fs::write(&path, b"short").unwrap();
        assert!(matches!(
            load_or_create_key(&path),
            Err(KeyError::Damaged { len: 5, .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }
}
