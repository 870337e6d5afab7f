use super::*;

fn env() -> Vec<String> {
    ["a=1", "e=", "sp=x y", "n=a"].map(Into::into).into()
}

/// Text, what it becomes.
const WORDS: &[(&str, &str)] = &[
    ("$a", "1"),
    ("${a}b", "1b"),
    ("$ab", ""),
    ("$", "$"),
    ("a$", "a$"),
    ("$.", "$."),
    (r"\$a", "$a"),
    ("'$a'", "$a"),
    ("\"$a\"", "1"),
    (r#""\$a \x \" \\""#, r#"$a \x " \"#),
    (r"'\'", r"\"),
    (r"a\ b", "a b"),
    ("\"a'b'\"", "a'b'"),
    ("${a:-x}", "1"),
    ("${e:-x}", "x"),
    ("${e-x}", ""),
    ("${u:-x}", "x"),
    ("${u-x}", "x"),
    ("${u:-}", ""),
    ("${a:+x}", "x"),
    ("${e:+x}", ""),
    ("${e+x}", "x"),
    ("${u:+x}", ""),
    ("${u:-$a}", "1"),
    ("${u:-${v:-z}}", "z"),
    ("${u:-'a}b'}", "a}b"),
    ("${a:?no}", "1"),
    ("$1x", "x"),
    ("$sp", "x y"),
    (r"a\", "a"),
    ("é$a", "é1"),
];

#[test]
fn words_expand_as_in_the_builder() {
    for (text, expected) in WORDS {
        assert_eq!(word(text, &env(), '\\').as_deref(), Ok(*expected), "{text}");
    }
    assert_eq!(word(r"`$a \$a", &env(), '`').as_deref(), Ok(r"$a \1"));
}

#[test]
fn only_unquoted_white_space_separates_words() {
    assert_eq!(
        words("$sp '$sp' \"$sp\"", &env(), '\\').unwrap(),
        ["x", "y", "$sp", "x y"]
    );
    assert_eq!(words("'' a", &env(), '\\').unwrap(), ["a"]);
    assert_eq!(words("$u", &env(), '\\').unwrap(), Vec::<String>::new());
}

#[test]
fn broken_words_are_refused_in_dockers_words() {
    for (text, message) in [
        (
            "'x",
            "failed to process \"'x\": unexpected end of statement while looking for matching single-quote",
        ),
        (
            "\"x",
            "failed to process \"\\\"x\": unexpected end of statement while looking for matching double-quote",
        ),
        (
            "${x",
            "failed to process \"${x\": syntax error: missing '}'",
        ),
        (
            "${}",
            "failed to process \"${}\": syntax error: bad substitution",
        ),
        (
            "${x:z}",
            "failed to process \"${x:z}\": unsupported modifier (:z) in substitution",
        ),
        (
            "${x?}",
            "failed to process \"${x?}\": x: is not allowed to be unset",
        ),
        (
            "${x:?set it}",
            "failed to process \"${x:?set it}\": x: set it",
        ),
    ] {
        assert_eq!(word(text, &[], '\\').unwrap_err().to_string(), message);
    }
}

#[test]
fn words_that_grow_without_end_are_refused() {
    let doubled = (0..40).try_fold("x".to_owned(), |value, _| {
        word("$A\"$A\"", &[format!("A={value}")], '\\')
    });
    assert!(
        doubled
            .unwrap_err()
            .to_string()
            .ends_with("longer than 1048576 bytes")
    );
}

#[test]
fn the_last_of_two_values_counts() {
    assert_eq!(
        word("$a", &["a=1".into(), "a=2".into()], '\\').as_deref(),
        Ok("2")
    );
}

/// Text, what it becomes with `f=/a/b.tar.gz` and `t=foo.foo`.
const PATTERNS: &[(&str, &str)] = &[
    ("${f#*/}", "a/b.tar.gz"),
    ("${f##*/}", "b.tar.gz"),
    ("${f%.*}", "/a/b.tar"),
    ("${f%%.*}", "/a/b"),
    ("${f%gz}", "/a/b.tar."),
    ("${f#x}", "/a/b.tar.gz"),
    ("${f#?a}", "/b.tar.gz"),
    ("${f#}", "/a/b.tar.gz"),
    ("${f#*}", "/a/b.tar.gz"),
    ("${f##*}", ""),
    ("${f%%*}", ""),
    ("${u#x}", ""),
    ("${t/foo/bar}", "bar.foo"),
    ("${t//foo/bar}", "bar.bar"),
    ("${t/o/}", "fo.foo"),
    ("${t//o/}", "f.f"),
    ("${t//o*o/-}", "f-"),
    ("${t/x/y}", "foo.foo"),
    ("${t//./\\/}", "foo\\/foo"),
    ("${f//\\//_}", "_a_b.tar.gz"),
    ("${t/?/x}", "xoo.foo"),
    ("${t#${t%.*}.}", "foo"),
    ("${t//}", ""),
    ("${t:#foo}", ".foo"),
];

#[test]
fn patterns_take_away_and_replace_as_in_buildkit() {
    let env = ["f=/a/b.tar.gz", "t=foo.foo"].map(Into::into);
    for (text, expected) in PATTERNS {
        match word(text, &env, '\\') {
            Ok(found) => assert_eq!(found, *expected, "{text}"),
            // One of them lacks its second slash.
            Err(error) => assert!(
                *text == "${t//}" && error.to_string().contains("missing '/'"),
                "{error}"
            ),
        }
    }
}

#[test]
fn the_names_of_variables_are_told() {
    let found = Lexer::default().expand("$a ${u:-$n} ${v+x} '$w' \\$y", &env());
    let names = found.unwrap().names;
    let list = |names: std::collections::BTreeSet<String>| names.into_iter().collect::<Vec<_>>();
    assert_eq!(list(names.used), ["a", "n"]);
    assert_eq!(list(names.unset), ["u", "v"]);
}

#[test]
fn raw_text_keeps_what_it_is_asked_to_keep() {
    let lexer = Lexer {
        raw_quotes: true,
        skip_unset: true,
        ..Lexer::default()
    };
    let shown = lexer
        .expand("echo \"$a  b\" '$a' $u ${u} ${u:-x}", &env())
        .unwrap();
    assert_eq!(shown.text, "echo \"1  b\" '$a' $u ${u} ${u:-x}");
}
