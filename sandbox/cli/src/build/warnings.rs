//! What the build checks found: the summary under a build, and all of it for `--check`.

use drydock_api::build::{BuildWarning, SourceFile};

use super::{
    display::colors::{Colors, Paint},
    excerpt::excerpt,
};

/// The lines under the display of a build; nothing when there are no warnings.
#[must_use]
pub fn summary(
    warnings: &[BuildWarning],
    source: Option<&SourceFile>,
    debug: bool,
    colors: &Colors,
) -> String {
    if warnings.is_empty() {
        return String::new();
    }
    let count = match warnings.len() {
        1 => "1 warning found".to_owned(),
        count => format!("{count} warnings found"),
    };
    let hint = if debug {
        ""
    } else {
        " (use docker --debug to expand)"
    };
    let head = colors.paint(Paint::Warning, &format!("{count}{hint}:"));
    let mut out = format!("\n {head}\n");
    for warning in warnings {
        out.push_str(&format!(
            " - {}: {} (line {})\n",
            warning.rule, warning.message, warning.lines.first
        ));
        if debug {
            out.push_str(&format!("{}\n", warning.description));
            if !warning.url.is_empty() {
                out.push_str(&format!("More info: {}\n", warning.url));
            }
            out.push_str(&lesson(warning));
            if let Some(source) = source {
                out.push_str(&excerpt(source, warning.lines));
            }
            out.push('\n');
        }
    }
    out
}

/// What `docker build --check` prints.
#[must_use]
pub fn check(warnings: &[BuildWarning], source: Option<&SourceFile>) -> String {
    let mut out = match warnings.len() {
        0 => return "Check complete, no warnings found.\n".into(),
        1 => "Check complete, 1 warning has been found!\n".to_owned(),
        count => format!("Check complete, {count} warnings have been found!\n"),
    };
    let mut sorted: Vec<&BuildWarning> = warnings.iter().collect();
    sorted.sort_by_key(|warning| warning.lines.first);
    for warning in sorted {
        out.push_str(&format!("\nWARNING: {}", warning.rule));
        if !warning.url.is_empty() {
            out.push_str(&format!(" - {}", warning.url));
        }
        out.push_str(&format!("\n{}\n", warning.message));
        out.push_str(&lesson(warning));
        if let Some(source) = source {
            out.push_str(&excerpt(source, warning.lines));
        }
    }
    out
}

fn lesson(warning: &BuildWarning) -> String {
    match &warning.lesson {
        Some(lesson) => format!("The lesson that explains it: {lesson}\n"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use drydock_api::build::Lines;

    use super::*;

    fn shell_form() -> (BuildWarning, SourceFile) {
        let warning = BuildWarning {
            rule: "JSONArgsRecommended".into(),
            description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals".into(),
            message: "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals".into(),
            url: "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/".into(),
            lesson: Some("03-cmd-and-entrypoint".into()),
            lines: Lines { first: 2, last: 2 },
        };
        let source = SourceFile {
            name: "Dockerfile".into(),
            text: "FROM busybox\nCMD sleep 1\n".into(),
        };
        (warning, source)
    }

    #[test]
    fn a_build_ends_with_a_line_for_each_warning() {
        let (warning, source) = shell_form();
        assert_eq!(
            summary(&[warning], Some(&source), false, &Colors::none()),
            "\n 1 warning found (use docker --debug to expand):\n - JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 2)\n"
        );
    }

    #[test]
    fn a_check_shows_the_lines_the_address_and_the_lesson() {
        let (warning, source) = shell_form();
        assert_eq!(
            check(&[warning], Some(&source)),
            "Check complete, 1 warning has been found!\n\nWARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/\nJSON arguments recommended for CMD to prevent unintended behavior related to OS signals\nThe lesson that explains it: 03-cmd-and-entrypoint\nDockerfile:2\n--------------------\n   1 |     FROM busybox\n   2 | >>> CMD sleep 1\n   3 |     \n--------------------\n"
        );
        assert_eq!(check(&[], None), "Check complete, no warnings found.\n");
    }
}
