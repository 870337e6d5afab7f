//! A stage takes only from those before it, and never from itself.

use super::{Planner, lines};
use crate::builder::error::{Failed, Failure};

impl Planner<'_> {
    /// A stage takes only from those before it.
    pub(super) fn check_order(&self) -> Result<(), Failed> {
        if let Some(stage) = self.circular() {
            let name = &self.stages[stage].name;
            let words = format!("circular dependency detected on stage: {name}");
            return Err(Failure::Wrong(words).at(self.stages[stage].lines));
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
