//! What was found.

use super::rules::Rule;
use crate::{directive::CheckDirective, hint, lines::Lines};

/// More than anybody reads.
const MAX_FINDINGS: usize = 500;

/// Names for which the nearest one is looked for.
const MAX_HINTS: usize = 20;

/// Something that is most likely not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// What was found, in BuildKit's words.
    pub message: String,
    /// Where.
    pub lines: Lines,
}

/// Collects findings of the rules that are looked at.
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    directive: CheckDirective,
    hints: usize,
}

impl Report {
    pub(super) fn new(directive: CheckDirective) -> Self {
        Self {
            findings: Vec::new(),
            directive,
            hints: 0,
        }
    }

    /// The name that was probably meant, of `options` in their order.
    pub(super) fn nearest<'a>(
        &mut self,
        name: &str,
        options: impl FnOnce() -> Vec<&'a str>,
    ) -> Option<&'a str> {
        self.hints += 1;
        if self.hints > MAX_HINTS {
            return None;
        }
        hint::nearest(name, options())
    }

    /// Adds a finding, unless the rule is skipped, or experimental and not asked for.
    pub(super) fn find(
        &mut self,
        rule: &'static Rule,
        lines: Lines,
        message: impl FnOnce() -> String,
    ) {
        let wanted = if rule.experimental {
            self.directive.experimental.contains(rule.name)
        } else {
            !self.directive.skip.contains(rule.name)
        };
        if wanted && !self.is_full() {
            self.findings.push(Finding {
                rule,
                message: message(),
                lines,
            });
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.findings.len() >= MAX_FINDINGS
    }
}
