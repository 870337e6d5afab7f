//! What builders say, step by step.

use drydock_api::build::StepReport;

/// One step of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The instruction with its arguments.
    pub text: String,
    /// Whether the result came from the cache.
    pub cached: bool,
}

impl Step {
    /// The first word: `RUN`, `COPY`, …
    pub fn instruction(&self) -> &str {
        self.text.split_whitespace().next().unwrap_or_default()
    }
}

/// Reads `Step 2/4 : RUN make` and the lines below it.
pub fn parse(printed: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in printed.lines() {
        if let Some(text) = step_text(line) {
            steps.push(Step {
                text: text.to_owned(),
                cached: false,
            });
        } else if line.trim() == "---> Using cache"
            && let Some(step) = steps.last_mut()
        {
            step.cached = true;
        }
    }
    steps
}

/// The steps that our own builder tells of, without their numbers.
pub fn of_reports(reports: &[StepReport]) -> Vec<Step> {
    let text = |name: &str| match name.split_once("] ") {
        Some((number, text)) if number.starts_with('[') => text.to_owned(),
        _ => name.to_owned(),
    };
    let step = |report: &StepReport| Step {
        text: text(&report.name),
        cached: report.cached,
    };
    reports.iter().map(step).collect()
}

fn step_text(line: &str) -> Option<&str> {
    let (count, text) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (step, steps) = count.split_once('/')?;
    let number = |text: &str| text.parse::<u32>().is_ok();
    (number(step) && number(steps)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_know_whether_they_were_cached() {
        let printed = "Step 1/3 : FROM busybox\n ---> 9a1b2c3d4e5f\nStep 2/3 : RUN make\n ---> Using cache\n ---> 0123456789ab\nStep 3/3 : COPY app.sh /\n ---> 111111111111\nSuccessfully built 111111111111\n";
        let steps = parse(printed);
        let short: Vec<_> = steps
            .iter()
            .map(|step| (step.instruction(), step.cached))
            .collect();
        assert_eq!(short, [("FROM", false), ("RUN", true), ("COPY", false)]);
    }

    #[test]
    fn reports_lose_their_numbers() {
        let report = |name: &str| StepReport {
            name: name.into(),
            cached: true,
            ..StepReport::default()
        };
        let steps = of_reports(&[report("[builder 2/5] RUN make"), report("RUN x")]);
        let texts: Vec<_> = steps.iter().map(|step| step.text.as_str()).collect();
        assert_eq!(texts, ["RUN make", "RUN x"]);
    }

    #[test]
    fn a_programs_own_output_is_not_a_step() {
        assert_eq!(parse("Step one : begin\nStep 1/x : y\n"), []);
    }
}
