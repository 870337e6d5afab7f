#![allow(clippy::unwrap_used)]

use super::*;

/// Images of which only the ONBUILD matters.
struct Fake(Vec<(&'static str, Vec<&'static str>)>, Vec<String>);

impl Images for Fake {
    fn load(&mut self, name: &str, lines: Lines) -> Result<(ImageId, Vec<String>), Failed> {
        self.1.push(name.into());
        let known = self.0.iter().find(|(known, _)| *known == name);
        let (_, triggers) =
            known.ok_or_else(|| Failure::Wrong("no such image".into()).at(lines))?;
        let id = format!("sha256:{:064x}", 1).parse().unwrap();
        Ok((id, triggers.iter().map(|it| (*it).to_owned()).collect()))
    }
}

fn planned(text: &str, target: Option<&str>) -> Result<(Plan, Vec<String>), String> {
    let file = Dockerfile::parse(text, "Dockerfile").unwrap();
    let request = BuildRequest {
        target: target.map(Into::into),
        ..BuildRequest::default()
    };
    let mut images = Fake(
        vec![("a", vec![]), ("b", vec!["COPY --from=one x y", "RUN z"])],
        Vec::new(),
    );
    let globals = file.globals(&request.args, "linux/amd64", target).unwrap();
    plan(&file, &request, globals, &mut images)
        .map(|plan| (plan, images.1))
        .map_err(|failed| format!("{:?} {}", failed.lines.map(|lines| lines.first), failed.why))
}

fn needed(text: &str, target: Option<&str>) -> Vec<usize> {
    planned(text, target)
        .unwrap()
        .0
        .needed
        .into_iter()
        .collect()
}

#[test]
fn only_the_stages_that_the_target_needs_are_built_and_their_images_loaded() {
    let text =
        "FROM a AS one\nFROM nowhere AS two\nFROM a AS three\nCOPY --from=one x y\nFROM three";
    assert_eq!(needed(text, None), [0, 2, 3]);
    assert_eq!(needed(text, Some("ONE")), [0]);
    assert_eq!(needed(text, Some("0")), [0]);
    let (_, loaded) = planned(text, None).unwrap();
    assert!(!loaded.contains(&"nowhere".to_owned()), "{loaded:?}");
    assert_eq!(
        planned(text, Some("four")).unwrap_err(),
        "None target stage \"four\" could not be found"
    );
    assert_eq!(
        planned(text, Some("thee")).unwrap_err(),
        "None target stage \"thee\" could not be found (did you mean three?)"
    );
}

#[test]
fn an_image_that_is_copied_from_or_mounted_is_a_source_and_each_only_once() {
    let text =
        "FROM scratch\nCOPY --from=a x y\nCOPY --from=a z z\nRUN --mount=from=b,target=/b true";
    let (plan, _) = planned(text, None).unwrap();
    assert_eq!(plan.stages.len(), 3);
    assert!(plan.stages[1].is_source && plan.stages[2].is_source);
    // ONBUILD is for those who build on it.
    assert!(plan.stages[2].steps.is_empty());
    assert_eq!(plan.stages[0].total(), 3);
}

#[test]
fn triggers_of_the_base_come_first_and_bring_in_the_stages_that_they_need() {
    let text = "FROM a AS one\nFROM b\nRUN last";
    let (plan, _) = planned(text, None).unwrap();
    assert_eq!(plan.needed.iter().copied().collect::<Vec<_>>(), [0, 1]);
    let steps: Vec<_> = plan.stages[1]
        .steps
        .iter()
        .map(|step| (step.on_build, step.step.instruction.name()))
        .collect();
    assert_eq!(steps, [(true, "COPY"), (true, "RUN"), (false, "RUN")]);
    assert_eq!(
        planned("FROM b AS two\nFROM a AS one\nFROM two", None).unwrap_err(),
        "Some(1) cannot copy from stage \"one\", it needs to be defined before current stage \"two\""
    );
}

#[test]
fn a_stage_takes_only_from_those_before_it() {
    assert_eq!(
        planned(
            "FROM a AS one\nCOPY --from=two x y\nFROM a AS two",
            Some("one")
        )
        .unwrap_err(),
        "Some(2) cannot copy from stage \"two\", it needs to be defined before current stage \"one\""
    );
    assert_eq!(
        planned(
            "FROM a AS one\nCOPY --from=two x y\nFROM a AS two\nCOPY --from=one x y",
            None
        )
        .unwrap_err(),
        "Some(2) circular dependency detected on stage: one"
    );
    assert_eq!(
        planned("FROM a AS one\nCOPY --from=one x y", None).unwrap_err(),
        "Some(2) circular dependency detected on stage: one"
    );
    assert_eq!(
        planned("FROM a\nCOPY --from=7 x y", None).unwrap_err(),
        "Some(2) invalid stage index 7"
    );
}

#[test]
fn bases_see_the_arguments_before_the_first_from() {
    let text = "ARG BASE=a\nFROM $BASE\nFROM --platform=$BUILDPLATFORM ${BASE:-x} AS x";
    assert_eq!(planned(text, None).unwrap().1, ["a"]);
    assert_eq!(
        planned("FROM $NOTHING", None).unwrap_err(),
        "Some(1) base name ($NOTHING) should not be blank"
    );
    let refused = planned("FROM --platform=linux/arm64 a", None).unwrap_err();
    assert!(refused.contains("builds for linux/amd64 only"), "{refused}");
}

#[test]
fn many_stages_that_need_each_other_are_walked_without_recursion() {
    use std::fmt::Write as _;
    let mut text = String::from("FROM a AS s0\n");
    for n in 1..MAX_STAGES {
        let _ = writeln!(text, "FROM s{} AS s{n}", n - 1);
    }
    assert_eq!(needed(&text, None).len(), MAX_STAGES);
    let _ = writeln!(text, "FROM a");
    assert!(planned(&text, None).is_err());
}
