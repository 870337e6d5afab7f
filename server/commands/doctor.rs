//! `drydock doctor`.

use std::{process::ExitCode, time::Instant};

use drydock_session::{
    RegistryPolicy,
    doctor::{Finding, State, examine, is_filled},
};
use serde_json::json;

use super::{DataDirOption, once};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// For programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDirOption,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    super::log("error");
    let mut findings = examine();
    if findings
        .iter()
        .all(|finding| finding.state != State::Missing)
        && is_filled(&options.data.path())
    {
        findings.push(trial(options));
    }
    let well = findings
        .iter()
        .all(|finding| finding.state != State::Missing);
    if options.json {
        println!("{}", json!({ "well": well, "findings": findings }));
    } else {
        print(&findings, well);
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(findings: &[Finding], well: bool) {
    for finding in findings {
        let mark = match finding.state {
            State::Good => "ok     ",
            State::Weak => "weak   ",
            State::Missing => "MISSING",
        };
        println!("{mark} {}: {}", finding.what, finding.found);
        if let Some(mend) = &finding.mend {
            println!("        mend it: {mend}");
        }
    }
    println!(
        "{}",
        if well {
            "This host can run sandboxes."
        } else {
            "This host cannot run sandboxes yet."
        }
    );
}

/// The proof: a sandbox, started and ended.
fn trial(options: &Options) -> Finding {
    let begun = Instant::now();
    let outcome = start_one(options);
    let what = "a trial sandbox";
    match outcome {
        Ok(()) => Finding {
            what,
            state: State::Good,
            found: format!("started and ended in {} ms", begun.elapsed().as_millis()),
            mend: None,
        },
        Err(error) => Finding {
            what,
            state: State::Missing,
            found: format!("{error:#}"),
            mend: Some(
                "see the step it names; inside another container, give that one the right to mount"
                    .into(),
            ),
        },
    }
}

#[tokio::main(flavor = "current_thread")]
async fn start_one(options: &Options) -> anyhow::Result<()> {
    let sessions = once::sessions(options.data.path(), RegistryPolicy::default(), false).await?;
    let started = once::start(&sessions, once::Start::default()).await;
    sessions.end_all().await;
    started.map(|_| ())
}
