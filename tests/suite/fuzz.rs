//! The short form of `cargo xtask fuzz`: what is kept in `fuzz/corpus/`, then mutations of it from a fixed seed.

#[allow(dead_code, reason = "the fuzz targets call the functions one by one")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::time::{Duration, Instant};

use crate::harness::repository;

/// How long the mutations of one target may go on.
const EACH: Duration = Duration::from_millis(400);

#[test]
fn hostile_bytes_break_nothing() {
    for (name, target) in targets::TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "fuzz/corpus/{name} is empty");
        for input in &corpus {
            target(input);
        }
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        let end = Instant::now() + EACH;
        for _ in 0..2_000 {
            if Instant::now() >= end {
                break;
            }
            let mut input = chance.of(&corpus).clone();
            let other = chance.of(&corpus);
            for _ in 0..=chance.below(4) {
                mutate(&mut input, other, &mut chance);
            }
            target(&input);
        }
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = repository().join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Changes one thing.
fn mutate(input: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let at = chance.below(input.len().max(1)).min(input.len());
    match chance.below(6) {
        0 if at < input.len() => input[at] ^= 1 << chance.below(8),
        1 if at < input.len() => {
            input[at] = *chance.of(&[0, 1, 0x7f, 0x80, 0xff, b'/', b'.', b'{'])
        }
        2 => input.truncate(at),
        3 => input.insert(at, chance.below(256).try_into().unwrap_or(0)),
        4 => {
            let from = chance.below(other.len().max(1)).min(other.len());
            let piece = &other[from..(from + 64).min(other.len())];
            input.splice(at..at, piece.iter().copied());
        }
        _ => {
            let end = (at + chance.below(32)).min(input.len());
            input.drain(at..end);
        }
    }
}

/// A repeatable sequence: xorshift64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
