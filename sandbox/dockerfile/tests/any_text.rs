//! No text, however odd, makes the parser panic or take long.

use drydock_dockerfile::{DockerIgnore, Dockerfile, expand};
use proptest::prelude::*;

const PIECES: [&str; 30] = [
    "FROM a\n",
    "RUN ",
    "ENV ",
    "LABEL ",
    "COPY --from=",
    "ADD ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "\n",
    "\\\n",
    "\\",
    "#",
    "# escape=`\n",
    "\"",
    "'",
    "$",
    "${",
    "}",
    ":-",
    ":",
    "[",
    "]",
    "[\"a\"]",
    "=",
    " ",
    "a",
    "<<E",
    "\r\n",
    "é",
    "\u{0}",
];

proptest! {
    #[test]
    fn parsing_never_panics(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        let text = pieces.concat();
        if let Ok(file) = Dockerfile::parse(&text, "Dockerfile") {
            for step in file.stages.iter().flat_map(|stage| &stage.steps) {
                let _ = step.instruction.resolve(&["a=1".into()], file.escape).map(|it| it.note(&["sh".into()]));
            }
        }
        let _ = expand::words(&text, &["a=1".into()], '\\');
        let _ = DockerIgnore::parse(&text).map(|ignore| ignore.matches(&text));
    }

    #[test]
    fn any_characters_never_panic(text in any::<String>()) {
        let _ = Dockerfile::parse(&text, "Dockerfile");
        let _ = expand::word(&text, &[], '`');
        let _ = DockerIgnore::parse(&text).map(|ignore| ignore.matches("a/b"));
    }
}
