//! The operations of the published API: `tests/fixtures/engine-api.tsv`.

use std::sync::OnceLock;

use crate::harness::repository;

/// A method, a path with names in braces, and what Docker calls the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
}

/// All of them, in the order in which they were published.
pub fn all() -> &'static [Operation] {
    static ALL: OnceLock<Vec<Operation>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = std::fs::read_to_string(repository().join("tests/fixtures/engine-api.tsv"));
        let text: &'static str = text.unwrap().leak();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let operation = |line: &'static str| {
            let mut words = line.split('\t');
            Some(Operation {
                method: words.next()?,
                path: words.next()?,
                id: words.next()?,
            })
        };
        lines.map(|line| operation(line).unwrap()).collect()
    })
}

/// Which operation a request is: its path may have a version before it and a query behind.
pub fn find(method: &str, path: &str) -> Option<Operation> {
    let path = path.split('?').next()?;
    let versioned = path
        .strip_prefix("/v1.")
        .and_then(|rest| rest.split_once('/'));
    let path = versioned.map_or(path, |(_, rest)| &path[path.len() - rest.len() - 1..]);
    // `/images/json` is nobody's name.
    let literal = |operation: &&Operation| !operation.path.contains('{');
    let (exact, named): (Vec<&Operation>, Vec<&Operation>) = all()
        .iter()
        .filter(|operation| operation.method == method)
        .partition(literal);
    let exact = exact.into_iter().find(|operation| operation.path == path);
    exact
        .or_else(|| {
            named
                .into_iter()
                .find(|operation| matches(operation.path, path))
        })
        .copied()
}

/// Whether `path` has the shape of `template`; an image's name may have slashes.
fn matches(template: &str, path: &str) -> bool {
    let Some((before, rest)) = template.split_once('{') else {
        return template == path;
    };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    let name = path
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    let slashes = before == "/images/" || before == "/distribution/";
    name.is_some_and(|name| {
        !name.is_empty() && (slashes && !after.is_empty() || !name.contains('/'))
    })
}

#[test]
fn requests_are_told_apart() {
    let found = |method, path| find(method, path).map(|operation| operation.id);
    assert_eq!(
        found("GET", "/v1.41/containers/json?all=1"),
        Some("ContainerList")
    );
    assert_eq!(
        found("GET", "/containers/abc/json"),
        Some("ContainerInspect")
    );
    assert_eq!(
        found("GET", "/containers/abc/attach/ws"),
        Some("ContainerAttachWebsocket")
    );
    assert_eq!(
        found("POST", "/images/localhost:1/a/b/push"),
        Some("ImagePush")
    );
    assert_eq!(found("DELETE", "/images/abc"), Some("ImageDelete"));
    assert_eq!(found("GET", "/nothing"), None);
}
