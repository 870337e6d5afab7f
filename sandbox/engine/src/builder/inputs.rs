//! All that a step depends on: its key in the cache, and what is compared to say why it ran again.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::cache::Key;

/// The digest of some content.
pub(super) type Content = [u8; 32];

/// All that a step depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Inputs {
    /// What it says, its variables replaced.
    pub(super) text: String,
    /// The layers it stands on.
    pub(super) parent: Vec<u8>,
    /// The variables it sees: by name, their values' digests.
    pub(super) variables: BTreeMap<String, Content>,
    /// The user, the working directory and the like.
    pub(super) settings: BTreeMap<&'static str, String>,
    /// The files it copies: by what the cache calls them.
    pub(super) files: BTreeMap<String, Content>,
    /// What it copies or mounts from elsewhere: by name.
    pub(super) sources: BTreeMap<String, Content>,
}

impl Inputs {
    /// `env` as it is seen, without those that do not count.
    pub(super) fn set_variables(&mut self, env: &[String], counts: impl Fn(&str) -> bool) {
        let pairs = env.iter().filter_map(|entry| entry.split_once('='));
        self.variables = pairs
            .filter(|(name, _)| counts(name))
            .map(|(name, value)| (name.to_owned(), Sha256::digest(value).into()))
            .collect();
    }

    /// The step's key.
    pub(super) fn key(&self) -> Key {
        let mut parts: Vec<Vec<u8>> = vec![self.text.clone().into_bytes(), self.parent.clone()];
        let mut map = |name: &str, entries: Vec<(&str, &[u8])>| {
            parts.push(format!("{name} {}", entries.len()).into_bytes());
            for (key, value) in entries {
                parts.push(key.as_bytes().to_vec());
                parts.push(value.to_vec());
            }
        };
        map("variables", bytes(&self.variables));
        let settings = self.settings.iter();
        map(
            "settings",
            settings
                .map(|(name, value)| (*name, value.as_bytes()))
                .collect(),
        );
        map("files", bytes(&self.files));
        map("sources", bytes(&self.sources));
        Key::of(parts.iter().map(Vec::as_slice))
    }
}

fn bytes(map: &BTreeMap<String, Content>) -> Vec<(&str, &[u8])> {
    map.iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_step_depends_on_is_in_its_key() {
        let plain = Inputs {
            text: "RUN x".into(),
            ..Inputs::default()
        };
        let mut others = vec![plain.clone(); 6];
        others[0].text = "RUN y".into();
        others[1].parent = vec![1];
        others[2].set_variables(&["A=1".into()], |_| true);
        others[3].settings.insert("user", "me".into());
        others[4].files.insert("a".into(), [0; 32]);
        others[5].sources.insert("a".into(), [0; 32]);
        let mut keys: Vec<Key> = others.iter().map(Inputs::key).collect();
        keys.push(plain.key());
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
        assert_eq!(plain.key(), plain.clone().key());
    }

    #[test]
    fn variables_that_do_not_count_are_left_out() {
        let mut inputs = Inputs::default();
        inputs.set_variables(&["A=1".into(), "http_proxy=x".into()], |name| {
            name != "http_proxy"
        });
        assert_eq!(inputs.variables.keys().collect::<Vec<_>>(), ["A"]);
    }
}
