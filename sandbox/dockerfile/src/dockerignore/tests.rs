//! The table was checked against a real client: each row's file was, or was not, in the context it sent.

use super::*;

/// Rules, path, whether the path is excluded.
const TABLE: &[(&[&str], &str, bool)] = &[
    (&["foo"], "foo", true),
    (&["foo"], "foo/bar/baz", true),
    (&["foo"], "bar/foo", false),
    (&["/foo"], "foo", true),
    (&["foo/"], "foo/x", true),
    (&["./foo/../bar"], "bar", true),
    (&["*"], "a/b", true),
    (&["*.txt"], "a.txt", true),
    (&["*.txt"], "sub/a.txt", false),
    (&["*/*.txt"], "sub/a.txt", true),
    (&["**/*.txt"], "a.txt", true),
    (&["**/*.txt"], "x/y/z/a.txt", true),
    (&["**"], "x/y", true),
    (&["**/foo"], "foo", true),
    (&["**/foo"], "x/foo/y", true),
    (&["**/foo"], "xfoo", false),
    (&["**foo"], "xfoo", true),
    (&["**foo"], "d/xfoo", true),
    (&["**.o"], "d/x.o", true),
    (&["foo/**"], "foo/x", true),
    (&["foo/**"], "foox", false),
    (&["foo**"], "foox/y", true),
    (&["a/**/b"], "a/b", true),
    (&["a/**/b"], "a/x/y/b", true),
    (&["a/**/b"], "a/xb", false),
    (&["a**b"], "ab", true),
    (&["a**b"], "ax/b", true),
    (&["a**b"], "axb", false),
    (&["**/**"], "d/e", true),
    (&["?"], "a", true),
    (&["?"], "ab", false),
    (&["a?c"], "abc", true),
    (&["[ab]x"], "bx", true),
    (&["[^ab]x"], "cx", true),
    (&["[^ab]x"], "ax", false),
    (&["[a-c]x"], "bx", true),
    (&["a\\*b"], "a*b", true),
    (&["a\\*b"], "axb", false),
    (&["a.b"], "axb", false),
    (&["a+b$"], "a+b$", true),
    (&["(x)"], "(x)", true),
    (&["a{1}"], "a{1}", true),
    (&["*", "!a"], "a", false),
    (&["*", "!a"], "b", true),
    (&["*", "!a/b"], "a/b", false),
    (&["*", "!a/b"], "a/c", true),
    (&["!a", "*"], "a", true),
    (&["*", "!a", "a/x"], "a/x", true),
    (&["*", "!a", "a/x"], "a/y", false),
    (
        &["*.md", "!README*.md", "README-secret.md"],
        "README-secret.md",
        true,
    ),
    (
        &["*.md", "!README*.md", "README-secret.md"],
        "README.md",
        false,
    ),
    (&["# foo"], "# foo", false),
    (&[" # foo"], "# foo", true),
    (&["! a", "a", "!a"], "a", false),
    (&["..", "../x"], "x", false),
];

#[test]
fn patterns_match_as_in_the_client() {
    for (rules, path, excluded) in TABLE {
        let ignore = DockerIgnore::parse(&rules.join("\n")).unwrap();
        assert_eq!(ignore.matches(path), *excluded, "{rules:?} on {path:?}");
    }
}

#[test]
fn malformed_patterns_are_refused_with_their_line() {
    for bad in ["[", "a[", "[]", "[^]", "[a", "[-x]", "[a-", "a\\"] {
        let error = DockerIgnore::parse(&format!("ok\n{bad}")).unwrap_err();
        assert!(
            matches!(error, IgnoreError::Syntax { line: 2, .. }),
            "{bad}: {error}"
        );
    }
    assert_eq!(
        DockerIgnore::parse("!").unwrap_err(),
        IgnoreError::LoneException
    );
}

#[test]
fn byte_order_mark_comments_and_carriage_returns_are_no_part_of_a_pattern() {
    let ignore = DockerIgnore::parse("\u{feff}foo\r\n#bar\r\n\r\n  baz  \r\n").unwrap();
    assert!(ignore.matches("foo") && ignore.matches("baz"));
    assert!(!ignore.matches("bar") && !ignore.matches("#bar"));
}

#[test]
fn an_excluded_directory_is_walked_only_for_the_exceptions_below_it() {
    let ignore = DockerIgnore::parse("*\n!src/keep/me\n!doc").unwrap();
    assert!(ignore.may_hold_exceptions("src"));
    assert!(ignore.may_hold_exceptions("src/keep"));
    assert!(ignore.may_hold_exceptions("doc"));
    assert!(!ignore.may_hold_exceptions("sr"));
    assert!(!ignore.may_hold_exceptions("other"));
}

#[test]
fn a_kept_path_survives_any_rule() {
    let mut ignore = DockerIgnore::parse("*").unwrap();
    ignore.keep("Dockerfile");
    ignore.keep(".dockerignore");
    assert!(!ignore.matches("Dockerfile") && !ignore.matches(".dockerignore"));
    assert!(ignore.matches("other"));
}

#[test]
fn many_stars_cost_no_more_than_few() {
    let ignore = DockerIgnore::parse(&"*a".repeat(200)).unwrap();
    let ignore_stars = DockerIgnore::parse(&"*/".repeat(100_000)).unwrap();
    assert!(!ignore_stars.matches("a/b"));
    assert!(!ignore.matches(&"a".repeat(4000).replace("aaaa", "aaab")));
}
