//! The files that remain when all layers lie one on the other: what a container of the image sees of the build.

use std::collections::BTreeMap;

/// The files that an image's facts have in all, as lines. Those that its base has and the build left are not among them.
pub fn flat(facts: &[String]) -> Vec<String> {
    let mut files: BTreeMap<&str, &str> = BTreeMap::new();
    // Links are told where the file is, so that they are one with it again.
    for line in facts.iter().filter_map(|line| line.strip_prefix("  ")) {
        let (path, what) = line.split_once(' ').unwrap_or((line, ""));
        if !what.starts_with("dir ") {
            let folder = format!("{}/", path.trim_end_matches('/'));
            files.retain(|known, _| !known.starts_with(&folder) || *known == folder);
            if what == "opaque" {
                continue;
            }
        }
        files.remove(path.trim_end_matches('/'));
        files.remove(format!("{path}/").as_str());
        files.insert(path, what);
    }
    files
        .into_iter()
        .map(|(path, what)| format!("{path} {what}"))
        .collect()
}

#[test]
fn later_layers_cover_and_delete() {
    let lines = [
        "base busybox",
        "layer",
        "  a/ dir 755",
        "  a/x file 1",
        "  a/y file 2",
        "  b file 3",
        "  c/ dir 755",
        "  c/z file 4",
        "layer",
        "  a/x deleted",
        "  b/ dir 700",
        "  c file 5",
        "layer",
        "  a/ opaque",
    ];
    let lines = lines.map(str::to_owned);
    assert_eq!(
        flat(&lines[..12]),
        [
            "a/ dir 755",
            "a/x deleted",
            "a/y file 2",
            "b/ dir 700",
            "c file 5"
        ]
    );
    assert_eq!(flat(&lines), ["a/ dir 755", "b/ dir 700", "c file 5"]);
}
