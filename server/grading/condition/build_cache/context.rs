//! A copy of a build context, as `docker build` would send it.

use std::io::{self, Read};

use drydock_dockerfile::DockerIgnore;

/// The entries of a build context.
pub struct Context {
    entries: Vec<Entry>,
}

struct Entry {
    /// Relative to the context's root.
    path: String,
    header: tar::Header,
    /// Where a link points.
    link: Option<String>,
    content: Vec<u8>,
}

impl Context {
    /// Reads a tar of the directory at `root`, leaving out what its `.dockerignore` names.
    pub fn read(tar: &[u8], root: &str) -> io::Result<Self> {
        let folder = root
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let mut entries = Vec::new();
        for entry in tar::Archive::new(tar).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let Some(path) = relative(&path, folder) else {
                continue;
            };
            let link = entry
                .link_name()?
                .map(|link| link.to_string_lossy().into_owned());
            let header = entry.header().clone();
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            entries.push(Entry {
                path,
                header,
                link,
                content,
            });
        }
        let mut context = Self { entries };
        context.ignore();
        Ok(context)
    }

    /// Adds a line to a file, another one each time, so that no cache has seen it; false when there is no such file.
    pub fn edit(&mut self, path: &str) -> bool {
        let path = path.trim_start_matches("./");
        let found = self
            .entries
            .iter_mut()
            .find(|entry| entry.path == path && entry.header.entry_type().is_file());
        match found {
            Some(entry) => {
                let line = format!("\n# edited {}\n", uuid::Uuid::new_v4());
                entry.content.extend_from_slice(line.as_bytes());
                true
            }
            None => false,
        }
    }

    /// The context as a tar, all of it owned by root as Docker's client sends it.
    pub fn tar(&self) -> io::Result<Vec<u8>> {
        let mut builder = tar::Builder::new(Vec::new());
        for entry in &self.entries {
            let mut header = entry.header.clone();
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(entry.content.len() as u64);
            match &entry.link {
                Some(link) => builder.append_link(&mut header, &entry.path, link)?,
                None => builder.append_data(&mut header, &entry.path, entry.content.as_slice())?,
            }
        }
        builder.into_inner()
    }

    fn ignore(&mut self) {
        let rules = self
            .entries
            .iter()
            .find(|entry| entry.path == ".dockerignore")
            .map(|entry| String::from_utf8_lossy(&entry.content).into_owned());
        // A broken .dockerignore is the build's to complain about.
        let Some(Ok(rules)) = rules.map(|text| DockerIgnore::parse(&text)) else {
            return;
        };
        self.entries.retain(|entry| {
            matches!(entry.path.as_str(), "Dockerfile" | ".dockerignore")
                || !rules.matches(&entry.path)
        });
    }
}

/// The path inside the context; `None` for the context's own directory.
fn relative(path: &str, folder: &str) -> Option<String> {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let inside = match path.strip_prefix(folder) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    };
    let inside = inside.trim_matches('/');
    (!inside.is_empty() && inside != ".").then(|| inside.to_owned())
}
