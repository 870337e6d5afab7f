//! Values that differ per learner, so that an answer cannot be copied or written down beforehand.

use sha2::{Digest, Sha256};

/// Short everyday words: easy to read in a message, harmless in any shell.
const WORDS: [&str; 32] = [
    "amber", "anchor", "basil", "beacon", "breeze", "cedar", "cobalt", "copper", "coral", "ember",
    "falcon", "fern", "fjord", "ginger", "harbour", "hazel", "indigo", "island", "juniper",
    "lagoon", "lantern", "maple", "marble", "meadow", "nutmeg", "olive", "pebble", "pepper",
    "river", "saffron", "thyme", "walnut",
];

/// The values for one learner at one exercise; the same at every attempt.
#[derive(Debug, Clone)]
pub struct Values {
    digest: [u8; 32],
}

impl Values {
    /// Derives the values.
    #[must_use]
    pub fn new(seed: u64, lesson: &str, exercise: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(lesson.as_bytes());
        hash.update([0]);
        hash.update(exercise.as_bytes());
        Self {
            digest: hash.finalize().into(),
        }
    }

    /// Replaces `{word}`, `{word2}` and `{number}` in a text of the lesson's author; `{WORD}` and
    /// `{WORD2}` are the same words in capital letters.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let first = usize::from(self.digest[0]) % WORDS.len();
        // Never the same word twice.
        let second = (first + 1 + usize::from(self.digest[1]) % (WORDS.len() - 1)) % WORDS.len();
        let number = 100 + (u32::from(self.digest[2]) << 8 | u32::from(self.digest[3])) % 900;
        text.replace("{word}", WORDS[first])
            .replace("{word2}", WORDS[second])
            .replace("{WORD}", &WORDS[first].to_uppercase())
            .replace("{WORD2}", &WORDS[second].to_uppercase())
            .replace("{number}", &number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_learner_gets_the_same_values() {
        let text = "{word} {word2} {number}";
        let once = Values::new(1, "l", "e").fill(text);
        assert_eq!(once, Values::new(1, "l", "e").fill(text));
        assert!(!once.contains('{'), "{once}");
    }

    #[test]
    fn learners_and_exercises_differ() {
        let all: std::collections::BTreeSet<_> = (0..50)
            .map(|seed| Values::new(seed, "l", "e").fill("{word} {word2} {number}"))
            .collect();
        assert!(all.len() > 45, "{all:?}");
        let here = Values::new(1, "l", "e").fill("{word}{number}");
        assert_ne!(here, Values::new(1, "l", "f").fill("{word}{number}"));
    }

    #[test]
    fn two_words_are_never_the_same() {
        for seed in 0..500 {
            let both = Values::new(seed, "l", "e").fill("{word} {word2}");
            let (first, second) = both.split_once(' ').expect("two words");
            assert_ne!(first, second);
        }
    }
}
