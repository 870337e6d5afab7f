//! A stage takes only from those before it, and never from itself.

use drydock_api::build::Lines;

use super::{PlannedStep, Planner, lines};
use crate::builder::error::{Failed, Failure};

impl Planner<'_> {
    /// A stage takes only from those before it.
    pub(super) fn check_order(&self) -> Result<(), Failed> {
        if let Some(stage) = self.circular() {
            let name = &self.stages[stage].name;
            let words = format!("circular dependency detected on stage: {name}");
            return Err(Failure::Wrong(words).at(self.cause(stage)));
        }
        for (index, stage) in self.stages.iter().enumerate() {
            for step in &stage.steps {
                let used = step.mounts.iter().flatten().chain(&step.from);
                for source in used {
                    if *source >= index && !self.stages[*source].is_source {
                        let (from, name) = (&self.stages[*source].name, &stage.name);
                        let words = format!(
                            "cannot copy from stage {from:?}, it needs to be defined before current stage {name:?}"
                        );
                        return Err(Failure::Wrong(words).at(lines(step.step.lines)));
                    }
                }
            }
        }
        Ok(())
    }

    /// The first instruction of a stage that takes from another one.
    fn cause(&self, stage: usize) -> Lines {
        let stage = &self.stages[stage];
        let takes =
            |step: &&PlannedStep| step.from.is_some() || step.mounts.iter().any(Option::is_some);
        let step = stage.steps.iter().find(takes);
        step.map_or(stage.lines, |step| lines(step.step.lines))
    }

    /// A stage that needs itself. Walked without recursion: a Dockerfile can have many stages.
    fn circular(&self) -> Option<usize> {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            No,
            Open,
            Done,
        }
        let mut seen = vec![Seen::No; self.stages.len()];
        for start in 0..self.stages.len() {
            let mut path = vec![(start, false)];
            while let Some((stage, left)) = path.pop() {
                if left {
                    seen[stage] = Seen::Done;
                    continue;
                }
                match seen[stage] {
                    Seen::Done => continue,
                    Seen::Open => return Some(stage),
                    Seen::No => {}
                }
                seen[stage] = Seen::Open;
                path.push((stage, true));
                for next in self.stages[stage].dependencies() {
                    match seen[next] {
                        Seen::Open => return Some(next),
                        Seen::No => path.push((next, false)),
                        Seen::Done => {}
                    }
                }
            }
        }
        None
    }
}
