//! One scenario after the other, each on three sides at once.

use super::accepted::Accepted;
use super::base::Base;
use super::diff::{Change, diff};
use super::normal;
use super::scenario::{Scenario, Step};
use super::side::{Client, Side};
use crate::harness::docker::Which;

/// The reference and the two sandboxes of one lane. Lanes share nothing, so they can run beside each other.
pub struct Lane {
    reference: Side,
    real: Side,
    own: Side,
}

/// How one scenario went.
#[derive(Debug)]
pub struct Played {
    pub name: String,
    /// Steps whose outcome was held against the reference.
    pub compared: usize,
    /// Steps that are newer than the reference, held against the other client.
    pub newer: usize,
    /// Lines that differ, and have a reason.
    pub accepted: usize,
    pub differences: Vec<Difference>,
    /// Why nothing was played.
    pub skipped: Option<String>,
}

/// A step that did not go as with Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub client: Client,
    /// Counted from 1.
    pub number: usize,
    pub command: String,
    pub changes: Vec<Change>,
}

impl Lane {
    pub fn start(which: Which, base: &Base) -> Self {
        std::thread::scope(|scope| {
            let reference = scope.spawn(|| Side::reference(which, base));
            let real = Side::sandbox_with_real_client(which, base);
            let own = Side::sandbox_with_own_client(base);
            Self {
                reference: reference.join().unwrap(),
                real,
                own,
            }
        })
    }

    /// Plays one scenario on all sides, and compares.
    pub fn play(&mut self, scenario: &Scenario, list: &Accepted) -> Played {
        let mut played = Played {
            name: scenario.name.clone(),
            compared: 0,
            newer: 0,
            accepted: 0,
            differences: Vec::new(),
            skipped: self.lacking(scenario),
        };
        if played.skipped.is_some() {
            return played;
        }
        let (reference, real, own) = std::thread::scope(|scope| {
            let reference = scope.spawn(|| outcomes(&mut self.reference, scenario));
            let real = scope.spawn(|| outcomes(&mut self.real, scenario));
            let own = outcomes(&mut self.own, scenario);
            (reference.join().unwrap(), real.join().unwrap(), own)
        });
        for (index, step) in scenario.steps.iter().enumerate() {
            if step.compare.newer {
                played.newer += 1;
                played.compare(Client::Own, index, step, [&real[index], &own[index]], list);
            } else {
                played.compared += 2;
                played.compare(
                    Client::Real,
                    index,
                    step,
                    [&reference[index], &real[index]],
                    list,
                );
                played.compare(
                    Client::Own,
                    index,
                    step,
                    [&reference[index], &own[index]],
                    list,
                );
            }
        }
        let last = scenario.steps.len();
        let after = Step {
            command: "(what the scenario left is removed)".into(),
            ..Step::default()
        };
        played.compare(
            Client::Real,
            last,
            &after,
            [&reference[last], &real[last]],
            list,
        );
        played.compare(
            Client::Own,
            last,
            &after,
            [&reference[last], &own[last]],
            list,
        );
        played
    }

    fn lacking(&self, scenario: &Scenario) -> Option<String> {
        let lacks = |need: &&String| !self.reference.can(need) || !self.own.can(need);
        let need = scenario.needs.iter().find(lacks)?;
        Some(format!("not both daemons have {need} here"))
    }
}

/// The comparable lines of each step, and last, what cleaning up met.
fn outcomes(side: &mut Side, scenario: &Scenario) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    side.play(scenario, |step, outcome, known| {
        all.push(normal::lines(&outcome, &step.compare, known));
    });
    all.push(side.clean().err().into_iter().collect());
    all
}

impl Played {
    fn compare(
        &mut self,
        client: Client,
        index: usize,
        step: &Step,
        [expected, found]: [&Vec<String>; 2],
        list: &Accepted,
    ) {
        let changes = diff(expected, found);
        let all = changes.len();
        let changes = list.unexplained(&self.name, client.name(), &step.command, changes);
        self.accepted += all - changes.len();
        if !changes.is_empty() {
            self.differences.push(Difference {
                client,
                number: index + 1,
                command: step.command.clone(),
                changes,
            });
        }
    }
}
